#include "libs/store/placement_watchers.h"

#include <utility>

namespace meridian {

struct PlacementWatchers::Handle : ShardPlacement::Subscription {
  explicit Handle(std::shared_ptr<Watcher> held) : watcher(std::move(held)) {}
  ~Handle() override {
    std::lock_guard lock(watcher->mutex);
    watcher->ended = true;
  }
  const std::shared_ptr<Watcher> watcher;
};

std::unique_ptr<ShardPlacement::Subscription> PlacementWatchers::Watch(std::function<void()> on_change) {
  auto watcher = std::make_shared<Watcher>();
  watcher->on_change = std::move(on_change);
  {
    std::lock_guard lock(mutex_);
    std::erase_if(watchers_, [](const auto& weak) { return weak.expired(); });
    watchers_.push_back(watcher);
  }
  return std::make_unique<Handle>(std::move(watcher));
}

void PlacementWatchers::Notify() {
  std::vector<std::shared_ptr<Watcher>> live;
  {
    std::lock_guard lock(mutex_);
    for (const auto& weak : watchers_) {
      if (auto watcher = weak.lock()) live.push_back(std::move(watcher));
    }
  }
  for (const auto& watcher : live) {
    std::lock_guard lock(watcher->mutex);
    if (!watcher->ended) watcher->on_change();
  }
}

}  // namespace meridian
