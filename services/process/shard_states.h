// What a process that owns the same shards for good makes of their states.
#pragma once

#include "libs/app/environment.h"
#include "services/process/readiness.h"

namespace meridian {

// Readiness hears of each change. A shard whose records cannot be read stays so: the process says it and ends. Any
// other comes back by itself. On the shard's thread; does not block.
void TellShardState(Environment& environment, Readiness& readiness, ShardId shard, ShardState state,
                    const absl::Status& why);

}  // namespace meridian
