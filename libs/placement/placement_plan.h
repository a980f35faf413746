// Which shards a process is to take and which to give away, decided from what all processes see: each decides for
// itself, and deciding from the same view they agree. Where views differ for a moment, the shards' leases decide.
//
// Every process that is not leaving gets an equal share, one shard more for some where it does not come out even. A
// shard stays where it is while its process has not more than its share. A shard with a wish goes to the process wished
// for while that lives, and counts there. Pure, any thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "libs/runtime/shard_placement.h"

namespace meridian {

struct PlacementPlan {
  std::vector<uint32_t> take;  // shards that nobody holds, rising
  std::vector<uint32_t> give;  // of the process's own, rising

  friend bool operator==(const PlacementPlan&, const PlacementPlan&) = default;
};

// `self` says what the process holds now, in place of what the view has of it.
PlacementPlan PlanFor(const PlacementView& view, const ShardProcess& self);

// Who holds which shard: who serves it, or else who has begun to take it; the first address where two say so.
std::map<uint32_t, std::string> HoldersOf(const PlacementView& view, ShardKind kind);
// Who serves which shard.
std::map<uint32_t, std::string> OwnersOf(const PlacementView& view, ShardKind kind);

}  // namespace meridian
