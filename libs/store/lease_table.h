// Leases for stores that only one process opens: they are held in memory and end with the process, because the store's
// own file lock already keeps a second process out. Time is the clock given; nothing is awaited. Any thread; callbacks
// come inside the call.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "libs/runtime/clock.h"
#include "libs/runtime/shard_leases.h"

namespace meridian {

class LeaseTable : public ShardLeases {
 public:
  // The clock must outlive the table; with nullptr time stands still and no lease expires.
  explicit LeaseTable(const MonotonicClock* clock) : clock_(clock) {}

  // An owner may take its own lease anew, also with another nonce.
  void Acquire(ShardId shard, std::string owner, uint64_t nonce, Duration ttl,
               absl::AnyInvocable<void(absl::StatusOr<Lease>)> done) override;
  void Renew(Lease lease, Duration ttl, absl::AnyInvocable<void(absl::StatusOr<Lease>)> done) override;
  void Release(Lease lease, absl::AnyInvocable<void(absl::Status)> done) override;

 private:
  struct Holder {
    std::string owner;
    uint64_t nonce = 0;
    MonotonicInstant expires;
  };

  absl::StatusOr<Lease> TryAcquire(ShardId shard, std::string owner, uint64_t nonce, Duration ttl);
  absl::StatusOr<Lease> TryRenew(Lease lease, Duration ttl);

  MonotonicInstant Now() const { return clock_ == nullptr ? MonotonicInstant{} : clock_->Now(); }

  const MonotonicClock* const clock_;
  std::mutex mutex_;
  std::map<ShardId, Holder> holders_;
};

}  // namespace meridian
