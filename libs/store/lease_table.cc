#include "libs/store/lease_table.h"

#include <utility>

namespace meridian {

void LeaseTable::Acquire(ShardId shard, std::string owner, uint64_t nonce, Duration ttl,
                         absl::AnyInvocable<void(absl::StatusOr<Lease>)> done) {
  done(TryAcquire(shard, std::move(owner), nonce, ttl));
}

void LeaseTable::Renew(Lease lease, Duration ttl, absl::AnyInvocable<void(absl::StatusOr<Lease>)> done) {
  done(TryRenew(std::move(lease), ttl));
}

void LeaseTable::Release(Lease lease, absl::AnyInvocable<void(absl::Status)> done) {
  {
    std::lock_guard lock(mutex_);
    auto found = holders_.find(lease.shard);
    if (found != holders_.end() && found->second.owner == lease.owner && found->second.nonce == lease.nonce) {
      holders_.erase(found);
    }
  }
  done(absl::OkStatus());
}

absl::StatusOr<Lease> LeaseTable::TryAcquire(ShardId shard, std::string owner, uint64_t nonce, Duration ttl) {
  std::lock_guard lock(mutex_);
  const MonotonicInstant now = Now();
  auto found = holders_.find(shard);
  if (found != holders_.end() && found->second.owner != owner && found->second.expires > now) {
    return absl::AlreadyExistsError("shard " + shard.ToString() + " is held by " + found->second.owner);
  }
  holders_[shard] = Holder{owner, nonce, now + ttl};
  return Lease{shard, std::move(owner), nonce, ttl};
}

absl::StatusOr<Lease> LeaseTable::TryRenew(Lease lease, Duration ttl) {
  std::lock_guard lock(mutex_);
  const MonotonicInstant now = Now();
  auto found = holders_.find(lease.shard);
  if (found == holders_.end() || found->second.owner != lease.owner || found->second.nonce != lease.nonce) {
    return absl::FailedPreconditionError("the lease of shard " + lease.shard.ToString() + " was given to another");
  }
  found->second.expires = now + ttl;
  lease.valid_for = ttl;
  return lease;
}

}  // namespace meridian
