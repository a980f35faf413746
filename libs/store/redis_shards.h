// What this process knows of shards, and the way to their server: shared by the parts of a Redis store.
// Lives on the store's I/O thread.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "libs/store/redis_durability_lane.h"
#include "libs/store/redis_link.h"

namespace meridian {

struct RedisShard {
  std::string base;
  bool owned = false;  // this process has taken its term
  RedisOwner owner;
  uint64_t own_term = 0;             // the newest that this process was granted
  std::optional<ChainHead> durable;  // the newest commit that is known to be durable
  LogPosition durable_to;            // of the chain: all up to here is known to be durable
  LogPosition acknowledged;          // the newest commit that was ever answered as durable here, on any server
  LogPosition told;                  // the newest entry that watchers and other processes were told of
  LogPosition to_publish;            // above what other processes were told of; {0, 0}: nothing
  bool watched = false;
  bool unreplicated = false;  // a commit was answered as not yet replicated, and none as durable since
  bool tell_lost = false;     // such a commit's server was lost: the next question for the head says so
};

class RedisShards {
 public:
  explicit RedisShards(const RedisOptions& options) : options_(options), keys_(options.key_prefix) {}

  RedisShard& operator[](ShardId shard) {
    const auto [at, added] = shards_.try_emplace(shard);
    if (added) {
      at->second.base = keys_.Base(shard);
      at->second.owner.durability = options_.durability;
    }
    return at->second;
  }
  std::map<ShardId, RedisShard>& all() { return shards_; }
  const RedisKeys& keys() const { return keys_; }

  // The server is lost: nothing is known to be durable on the next one.
  void Forget() {
    for (auto& [id, shard] : shards_) {
      shard.durable.reset();
      shard.durable_to = {};
      shard.to_publish = {};
      shard.tell_lost = shard.tell_lost || shard.unreplicated;
    }
  }

 private:
  const RedisOptions& options_;
  const RedisKeys keys_;
  std::map<ShardId, RedisShard> shards_;
};

inline LogPosition PositionOf(const ChainHead& head) { return {head.term, head.number}; }

inline void NoteDurable(RedisShard& shard, const ChainHead& head) {
  if (!shard.durable || PositionOf(*shard.durable) < PositionOf(head)) shard.durable = head;
  shard.durable_to = std::max(shard.durable_to, PositionOf(head));
}

// What the parts of a store share; all outlive them.
struct RedisParts {
  const RedisOptions& options;
  RedisLink& link;
  RedisDurabilityLane& lane;
  RedisShards& shards;

  // A command on the write lane; a reply that shows that the server is not to be used any more ends the link.
  void Send(const RedisArguments& arguments, RedisConnection::OnReply on_reply) const {
    if (link.waiting_bytes() > options.max_waiting_bytes) return on_reply(RedisReply());
    link.Send(arguments, [link = &link, on_reply = std::move(on_reply)](RedisReply reply) mutable {
      on_reply(reply);
      if (MeansLostServer(reply)) link->Fail(StatusOfReply(reply));
    });
  }
};

// For callers that are answered a status; all such calls are safe to repeat.
inline absl::Status StatusOf(RedisReplication how) {
  switch (how) {
    case RedisReplication::kDone:
      return absl::OkStatus();
    case RedisReplication::kShort:
      return absl::UnavailableError("too few replicas of Redis have it yet");
    case RedisReplication::kLost:
      break;
  }
  return absl::UnavailableError("the connection to Redis was lost");
}

}  // namespace meridian
