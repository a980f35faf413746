// The ShardMap over the stored directory and placement: a copy that is looked at again every `poll`, at once when a
// change is heard of, and when a caller has reason to doubt it. While the store cannot be read the copy stays.
// Any thread; never blocks, but for the destructors of watches.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "libs/link/shard_map.h"
#include "libs/rpc/deadline_timer.h"
#include "libs/runtime/shard_directory.h"
#include "libs/runtime/shard_placement.h"

namespace meridian {

// What was seen at one time. Never changed.
struct Placement {
  PlacementView view;
  std::map<TenantId, TenantShards> tenants;
  std::map<ShardId, std::string> owners;  // who serves it
  bool complete = false;  // both were read; false of what a map begins with, and when the store could not be read
  // Who lives is named. False for a while after the store could not be read: not all may have said so again.
  bool settled = true;
};

class PlacedShardMap final : public ShardMap {
 public:
  static constexpr Duration kPoll = Duration::Milliseconds(250);

  // `ttl`: for how long a process is taken to live that was heard of. All outlive the map.
  PlacedShardMap(ShardPlacement* placement, ShardDirectory* directory, rpc::DeadlineTimer* timer, Duration poll = kPoll,
                 Duration ttl = kProcessTtl);
  ~PlacedShardMap() override;

  ShardPlace Find(ShardKind kind, const TenantId& tenant) const override;
  void Learn(ShardKind kind, const TenantId& tenant, const std::string& address) override;
  std::vector<std::string> Addresses(ShardKind kind) const override;
  bool NamesAllWhoLive() const override { return Now()->settled; }
  bool Moves() const override { return true; }
  void Refresh() override;
  std::unique_ptr<Watch> OnChange(std::function<void()> changed) override;

  std::shared_ptr<const Placement> Now() const;
  // Where the tenant was assigned; nullopt where this is not known here (yet).
  std::optional<TenantShards> AssignmentOf(const TenantId& tenant) const;
  std::string OwnerOf(ShardId shard) const;
  // The routing shards on which tenants of a session shard live, by the directory and as new tenants are assigned.
  std::set<uint32_t> RoutingShardsOf(uint32_t session) const;
  // Blocks until the placement was read once; false when `patience` was not enough.
  bool AwaitRead(Duration patience) const;

 private:
  struct State;
  const std::shared_ptr<State> state_;
  std::unique_ptr<ShardPlacement::Subscription> watch_;
};

// The shard that a new tenant is assigned to.
uint32_t FirstShardOf(const TenantId& tenant, uint32_t count);

}  // namespace meridian
