#include "libs/store/tenant_assignment.h"

#include <algorithm>
#include <string>

namespace meridian {

absl::StatusOr<TenantShards> DecideAssignment(const TenantShards& current, const TenantShards& wanted) {
  const bool kinds_right = wanted.routing.kind == ShardKind::kRouting &&
                           std::all_of(wanted.sessions.begin(), wanted.sessions.end(),
                                       [](const ShardId& shard) { return shard.kind == ShardKind::kSession; });
  if (!kinds_right || wanted.sessions.empty()) {
    return absl::InvalidArgumentError("a tenant needs a routing shard and at least one session shard");
  }
  if (current.revision != 0 && current.routing == wanted.routing && current.sessions == wanted.sessions) return current;
  if (wanted.revision != current.revision) {
    return absl::AbortedError("the assignment in force has revision " + std::to_string(current.revision));
  }
  TenantShards next = wanted;
  next.revision = current.revision + 1;
  return next;
}

}  // namespace meridian
