#include "libs/store/log_watchers.h"

#include <algorithm>
#include <utility>

namespace meridian {

struct LogWatchers::Handle : EventLog::Subscription {
  explicit Handle(std::shared_ptr<Watcher> w) : watcher(std::move(w)) {}
  ~Handle() override {
    std::lock_guard lock(watcher->mutex);
    watcher->ended = true;
  }
  std::shared_ptr<Watcher> watcher;
};

std::unique_ptr<EventLog::Subscription> LogWatchers::Watch(ShardId shard, std::function<void(LogPosition)> on_entry) {
  auto watcher = std::make_shared<Watcher>();
  watcher->on_entry = std::move(on_entry);
  {
    std::lock_guard lock(mutex_);
    auto& list = watchers_[shard];
    std::erase_if(list, [](const auto& weak) { return weak.expired(); });
    list.push_back(watcher);
  }
  return std::make_unique<Handle>(std::move(watcher));
}

void LogWatchers::Notify(ShardId shard, LogPosition newest) {
  std::vector<std::shared_ptr<Watcher>> live;
  {
    std::lock_guard lock(mutex_);
    auto found = watchers_.find(shard);
    if (found == watchers_.end()) return;
    for (const auto& weak : found->second) {
      if (auto watcher = weak.lock()) live.push_back(std::move(watcher));
    }
  }
  for (const auto& watcher : live) {
    std::lock_guard lock(watcher->mutex);
    if (!watcher->ended) watcher->on_entry(newest);
  }
}

}  // namespace meridian
