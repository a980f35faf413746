// The Redis store's ShardPlacement: hashes beside the directory, and a channel on which every change is said.
// Processes' lives are judged by the server's clock, as leases are. Lives on the store's I/O thread, but for
// watchers().
#pragma once

#include <string>

#include "libs/runtime/shard_placement.h"
#include "libs/store/placement_watchers.h"
#include "libs/store/redis_shards.h"

namespace meridian {

class RedisPlacement {
 public:
  explicit RedisPlacement(RedisParts parts) : parts_(parts), base_(parts.shards.keys().Directory()) {}

  void FixCount(ShardKind kind, uint32_t count, absl::AnyInvocable<void(absl::StatusOr<uint32_t>)> done);
  void FixRegion(const std::string& region, absl::AnyInvocable<void(absl::StatusOr<std::string>)> done);
  void Announce(const ShardProcess& process, Duration ttl, absl::AnyInvocable<void(absl::Status)> done);
  void Leave(ShardKind kind, const std::string& address, absl::AnyInvocable<void(absl::Status)> done);
  void Wish(ShardId shard, const std::string& address, absl::AnyInvocable<void(absl::Status)> done);
  void View(absl::AnyInvocable<void(absl::StatusOr<PlacementView>)> done);

  // Any thread.
  PlacementWatchers& watchers() { return watchers_; }
  // Where changes are said.
  std::string Channel() const { return base_ + ":placement"; }

 private:
  std::string Now() const;

  const RedisParts parts_;
  const std::string base_;  // of the directory
  PlacementWatchers watchers_;
};

}  // namespace meridian
