// The Redis store's EventLog: reading, followers, trimming, watching, retention.
//
// Who watches hears of a new entry from this process, when it wrote it, or else by a message (PUBLISH) of the process
// that did, once it is durable. Messages may be lost: when a channel is subscribed, and every `watch_again`, the log's
// newest position is looked at. Lives on the store's I/O thread, but for watchers().
#pragma once

#include <memory>

#include "libs/store/log_watchers.h"
#include "libs/store/redis_shards.h"
#include "libs/store/redis_subscriber.h"

namespace meridian {

class RedisLogs {
 public:
  explicit RedisLogs(RedisParts parts);

  void ReadAfter(ShardId shard, LogPosition position, size_t max_bytes,
                 absl::AnyInvocable<void(absl::StatusOr<std::vector<LogEntry>>)> done);
  void SetFollower(ShardId shard, const std::string& follower, LogPosition position,
                   absl::AnyInvocable<void(absl::Status)> done);
  void RemoveFollower(ShardId shard, const std::string& follower, absl::AnyInvocable<void(absl::Status)> done);
  void Describe(ShardId shard, absl::AnyInvocable<void(absl::StatusOr<LogState>)> done);
  void TrimTo(ShardId shard, LogPosition position, absl::AnyInvocable<void(absl::StatusOr<LogPosition>)> done);
  // After a watcher was added to watchers().
  void Watch(ShardId shard);
  // Any thread.
  LogWatchers& watchers() { return watchers_; }
  RedisSubscriber& subscriber() { return subscriber_; }

  // The log has a durable entry there.
  void OnLogged(ShardId shard, LogPosition position);

  // Of the link.
  void OnDown();
  void Tick();
  MonotonicInstant NextWake() const;

 private:
  void Tell(ShardId id, RedisShard& shard, LogPosition position);
  void LookAt(ShardId shard);
  void Publish();
  void Retain(ShardId shard);

  const RedisParts parts_;
  LogWatchers watchers_;
  RedisSubscriber subscriber_;
  std::map<ShardId, LogPosition> to_tell_;
  MonotonicInstant look_at_ = MonotonicInstant::Never();
  MonotonicInstant retain_at_;
};

}  // namespace meridian
