#include "services/process/shard_states.h"

#include <string>

namespace meridian {

void TellShardState(Environment& environment, Readiness& readiness, ShardId shard, ShardState state,
                    const absl::Status& why) {
  readiness.OnShardState(shard, state, why);
  if (state != ShardState::kFailed) return;
  const std::string reason(why.message().data(), why.message().size());
  environment.stop.Stop(absl::DataLossError("shard " + shard.ToString() + " cannot be loaded: " + reason));
}

}  // namespace meridian
