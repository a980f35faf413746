// The port that says on which shards a tenant lives: a stored directory, not a hash, so that a tenant can be moved.
// Implementations: libs/store. Any thread; callbacks as in shard_store.h.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/base/entity_id.h"
#include "libs/runtime/shard_id.h"

namespace meridian {

struct TenantShards {
  ShardId routing{ShardKind::kRouting, 0};
  std::vector<ShardId> sessions;  // at least one; a conversation's shard among them is the session service's choice
  uint64_t revision = 0;          // counts the assignments of this tenant: 1, 2, 3 …; 0: not assigned yet

  friend bool operator==(const TenantShards&, const TenantShards&) = default;
};

struct TenantAssignment {
  TenantId tenant;
  TenantShards shards;
};

class ShardDirectory {
 public:
  static constexpr size_t kListPage = 256;

  virtual ~ShardDirectory() = default;

  // NOT_FOUND for a tenant that was never assigned.
  virtual void Lookup(TenantId tenant, absl::AnyInvocable<void(absl::StatusOr<TenantShards>)> done) = 0;

  // Makes `shards` the tenant's assignment, durably, if `shards.revision` is the revision that is replaced (0 for a new
  // tenant); answers it with its new revision. An equal assignment repeated is OK and changes nothing. ABORTED, naming
  // the revision in force, when another assignment came first; INVALID_ARGUMENT without a session shard or with a shard
  // of the wrong kind.
  virtual void Assign(TenantId tenant, TenantShards shards,
                      absl::AnyInvocable<void(absl::StatusOr<TenantShards>)> done) = 0;

  // At most kListPage assignments of tenants after `after` in the order of their names; fewer: these were the last.
  virtual void List(TenantId after, absl::AnyInvocable<void(absl::StatusOr<std::vector<TenantAssignment>>)> done) = 0;
};

}  // namespace meridian
