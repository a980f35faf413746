// What a process makes of its shards' states, whichever shards they are.
#pragma once

#include "libs/app/environment.h"
#include "services/process/readiness.h"

namespace meridian {

// Readiness hears of each change. A shard whose records cannot be read stays so: the process says it and ends. Any
// other comes back by itself. On the shard's thread; does not block.
void TellShardState(Environment& environment, Readiness& readiness, ShardId shard, ShardState state,
                    const absl::Status& why);

// The same of shards that are placed over live processes: which of them this one holds changes while it is ready, so
// only one that cannot be read counts.
void TellPlacedShardState(Environment& environment, Readiness& readiness, ShardId shard, ShardState state,
                          const absl::Status& why);

}  // namespace meridian
