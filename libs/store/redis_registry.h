// The Redis store's ShardLeases and ShardDirectory: who owns a shard, and where a tenant lives.
// Lives on the store's I/O thread.
#pragma once

#include "libs/runtime/shard_directory.h"
#include "libs/runtime/shard_leases.h"
#include "libs/store/redis_shards.h"

namespace meridian {

class RedisRegistry {
 public:
  explicit RedisRegistry(RedisParts parts) : parts_(parts), base_(parts.shards.keys().Directory()) {}

  void Acquire(ShardId shard, std::string owner, uint64_t nonce, Duration ttl,
               absl::AnyInvocable<void(absl::StatusOr<Lease>)> done);
  void Renew(Lease lease, Duration ttl, absl::AnyInvocable<void(absl::StatusOr<Lease>)> done);
  void Release(const Lease& lease, absl::AnyInvocable<void(absl::Status)> done);

  void Lookup(TenantId tenant, absl::AnyInvocable<void(absl::StatusOr<TenantShards>)> done);
  void Assign(TenantId tenant, TenantShards shards, absl::AnyInvocable<void(absl::StatusOr<TenantShards>)> done);
  void List(const TenantId& after, absl::AnyInvocable<void(absl::StatusOr<std::vector<TenantAssignment>>)> done);

 private:
  using OnTenant = absl::AnyInvocable<void(absl::StatusOr<TenantShards>)>;

  void Hold(std::string_view function, Lease lease, absl::AnyInvocable<void(absl::StatusOr<Lease>)> done);
  // Its assignment as it is stored, and as text; revision 0 and no text for none.
  void Find(const TenantId& tenant, absl::AnyInvocable<void(absl::StatusOr<TenantShards>, std::string)> done);
  void AnswerOnceDurable(TenantShards shards, OnTenant done);

  const RedisParts parts_;
  const std::string base_;  // of the directory
};

}  // namespace meridian
