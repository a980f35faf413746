// Hears of new log entries of shards: a connection of its own, subscribed to a channel per shard. Messages may be lost
// with a connection, so whoever listens looks at the log itself when told `subscribed`, and now and then besides.
// Lives on the store's I/O thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "libs/store/redis_link.h"

namespace meridian {

class RedisSubscriber {
 public:
  struct Events {
    std::function<void(ShardId)> subscribed;  // from now on announcements are heard
    std::function<void(ShardId, LogPosition)> announced;
  };

  // All must outlive it.
  RedisSubscriber(const RedisOptions& options, const RedisKeys& keys, RedisLink* link, Events events);

  // Idempotent; for good.
  void Listen(ShardId shard);
  // The same for a channel that is no shard's: `on_news` also when it is subscribed.
  void ListenTo(std::string channel, std::function<void()> on_news);

  // Of the link.
  void OnDown();
  void Tick();
  MonotonicInstant NextWake() const;

 private:
  bool listens() const { return !channels_.empty() || !others_.empty(); }
  void Open();
  void Subscribe(const std::string& channel);
  void OnPush(RedisReply reply);
  void Drop();

  const RedisOptions& options_;
  const RedisKeys& keys_;
  RedisLink* const link_;
  const Events events_;
  std::map<std::string, ShardId> channels_;
  std::map<std::string, std::function<void()>> others_;
  std::unique_ptr<RedisConnection> connection_;
  MonotonicInstant open_at_;  // not before
  MonotonicInstant ping_at_ = MonotonicInstant::Never();
  MonotonicInstant heard_;
};

}  // namespace meridian
