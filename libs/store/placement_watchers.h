// Who wants to hear of changes of the placement: the Watch of ShardPlacement. Any thread.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "libs/runtime/shard_placement.h"

namespace meridian {

class PlacementWatchers {
 public:
  std::unique_ptr<ShardPlacement::Subscription> Watch(std::function<void()> on_change);
  // Calls all on this thread.
  void Notify();

 private:
  struct Watcher {
    // Recursive, because a callback may end its own subscription.
    std::recursive_mutex mutex;
    std::function<void()> on_change;
    bool ended = false;
  };
  struct Handle;

  std::mutex mutex_;
  std::vector<std::weak_ptr<Watcher>> watchers_;
};

}  // namespace meridian
