// The rule of ShardDirectory::Assign that every store obeys, as a pure function. Any thread.
#pragma once

#include "absl/status/statusor.h"
#include "libs/runtime/shard_directory.h"

namespace meridian {

// What is to be stored when `wanted` is assigned over `current` (revision 0: none yet). Equal to `current` when nothing
// changes.
absl::StatusOr<TenantShards> DecideAssignment(const TenantShards& current, const TenantShards& wanted);

}  // namespace meridian
