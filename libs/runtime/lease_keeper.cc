#include "libs/runtime/lease_keeper.h"

#include <algorithm>
#include <utility>

namespace meridian {

LeaseKeeper::LeaseKeeper(ShardId shard, std::string owner, Duration ttl, ShardLeases* leases,
                         std::shared_ptr<CompletionQueue> completions, const MonotonicClock* clock)
    : shard_(shard),
      owner_(std::move(owner)),
      ttl_(ttl),
      leases_(leases),
      completions_(std::move(completions)),
      clock_(clock) {}

void LeaseKeeper::Acquire(uint64_t nonce) {
  ++generation_;
  nonce_ = nonce;
  last_error_ = absl::OkStatus();
  state_ = State::kAcquiring;
  Request();
}

void LeaseKeeper::Release() {
  ++generation_;
  next_request_ = MonotonicInstant::Never();
  if (state_ == State::kHeld) leases_->Release(lease_, [](absl::Status) {});
  if (state_ == State::kAcquiring) leases_->Release(Lease{shard_, owner_, nonce_, ttl_}, [](absl::Status) {});
  state_ = State::kNone;
}

void LeaseKeeper::Tick() {
  if (clock_->Now() >= next_request_) Request();
}

void LeaseKeeper::Request() {
  next_request_ = MonotonicInstant::Never();
  const MonotonicInstant sent = clock_->Now();
  auto done = [this, completions = completions_, generation = generation_, sent](absl::StatusOr<Lease> lease) {
    completions->Post([this, generation, sent, lease = std::move(lease)]() mutable {
      if (generation == generation_) OnLease(sent, std::move(lease));
    });
  };
  if (state_ == State::kAcquiring) {
    leases_->Acquire(shard_, owner_, nonce_, ttl_, std::move(done));
  } else {
    leases_->Renew(lease_, ttl_, std::move(done));
  }
}

void LeaseKeeper::OnLease(MonotonicInstant sent, absl::StatusOr<Lease> lease) {
  if (lease.ok()) {
    lease_ = *std::move(lease);
    valid_until_ = sent + lease_.valid_for;
    next_request_ = sent + lease_.valid_for / 3;
    state_ = State::kHeld;
    last_error_ = absl::OkStatus();
    return;
  }
  last_error_ = lease.status();
  if (state_ == State::kHeld && absl::IsFailedPrecondition(last_error_)) {
    state_ = State::kLost;
    return;
  }
  next_request_ = clock_->Now() + std::min(kRetry, ttl_ / 8);
}

}  // namespace meridian
