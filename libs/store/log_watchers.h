// Who wants to hear of new log entries, per shard: the Watch of EventLog for stores that live in the process.
// Any thread. Must outlive its subscriptions' callbacks, not the subscriptions themselves.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "libs/runtime/event_log.h"

namespace meridian {

class LogWatchers {
 public:
  // After the subscription's destructor returned no call comes; a callback may destroy its own subscription.
  std::unique_ptr<EventLog::Subscription> Watch(ShardId shard, std::function<void(LogPosition)> on_entry);

  // Calls the shard's watchers on this thread.
  void Notify(ShardId shard, LogPosition newest);

 private:
  struct Watcher {
    // Recursive, because a callback may end its own subscription.
    std::recursive_mutex mutex;
    std::function<void(LogPosition)> on_entry;  // empty once ended
    bool ended = false;
  };
  struct Handle;

  std::mutex mutex_;
  std::map<ShardId, std::vector<std::weak_ptr<Watcher>>> watchers_;
};

}  // namespace meridian
