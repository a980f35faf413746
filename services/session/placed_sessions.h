// The session shards that this process was given (libs/placement): each made when it is taken, with a thread of its
// own, and destroyed when it was given away. It follows the logs of the routing shards on which its tenants live; when
// a tenant comes to it whose routing shard it does not follow, it has to be opened anew.
//
// Find, LateBy: any thread. The rest: one thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/placement/placed_shard_map.h"
#include "libs/runtime/shard_thread.h"
#include "services/session/assemble.h"
#include "services/session/session_shard.h"

namespace meridian {

class PlacedSessions {
 public:
  // Of every shard: `shards` and `routing_shards` are not read. The map outlives it.
  PlacedSessions(AssembleSessionOptions options, SessionPorts ports, PlacedShardMap* map);
  // Drops what is open.
  ~PlacedSessions();

  void Open(uint32_t shard);
  // Blocks until what was in flight is finished, or for kDrain.
  void Close(const std::vector<uint32_t>& shards);
  // Those that do not follow all the logs that their tenants need.
  std::vector<uint32_t> Outdated() const;

  // ShardThread::LateBy of the shard's thread. Any thread.
  Duration LateBy(uint32_t shard) const;

  // The shard of a tenant; may be used after it was closed, and then refuses. NOT_OWNER while it is not served here;
  // NOT_FOUND (TENANT_NOT_FOUND) for a tenant that was never configured.
  absl::StatusOr<std::shared_ptr<SessionShard>> Find(const TenantId& tenant) const;

 private:
  static constexpr Duration kDrain = Duration::Seconds(5);
  struct Served;

  const AssembleSessionOptions options_;
  const SessionPorts ports_;
  PlacedShardMap* const map_;
  uint64_t nonce_;
  mutable std::mutex mutex_;
  std::map<uint32_t, std::shared_ptr<Served>> open_;  // under mutex_
};

}  // namespace meridian
