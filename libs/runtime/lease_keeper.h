// Holds a shard's lease: acquires it, renews it at a third of its length, and says by the local monotonic clock whether
// it holds now. Owned by the shard loop and called by its thread only.
#pragma once

#include <memory>
#include <string>

#include "libs/runtime/clock.h"
#include "libs/runtime/completion_queue.h"
#include "libs/runtime/shard_leases.h"

namespace meridian {

class LeaseKeeper {
 public:
  enum class State { kNone, kAcquiring, kHeld, kLost };
  static constexpr Duration kRetry = Duration::Milliseconds(250);

  LeaseKeeper(ShardId shard, std::string owner, Duration ttl, ShardLeases* leases,
              std::shared_ptr<CompletionQueue> completions, const MonotonicClock* clock);

  // Tries until it is held; `nonce` is unique to this ownership.
  void Acquire(uint64_t nonce);
  // Gives it back, whatever its state; the answer is not waited for.
  void Release();

  State state() const { return state_; }
  // False from the moment at which another process may hold it.
  bool Holds() const { return state_ == State::kHeld && clock_->Now() < valid_until_; }
  uint64_t nonce() const { return nonce_; }
  // Why it is not held; OK when nothing went wrong.
  const absl::Status& last_error() const { return last_error_; }

  void Tick();
  MonotonicInstant NextWake() const { return next_request_; }

 private:
  void Request();
  void OnLease(MonotonicInstant sent, absl::StatusOr<Lease> lease);

  const ShardId shard_;
  const std::string owner_;
  const Duration ttl_;
  ShardLeases* const leases_;
  const std::shared_ptr<CompletionQueue> completions_;
  const MonotonicClock* const clock_;

  State state_ = State::kNone;
  uint64_t generation_ = 0;
  uint64_t nonce_ = 0;
  Lease lease_;
  MonotonicInstant valid_until_;
  MonotonicInstant next_request_ = MonotonicInstant::Never();
  absl::Status last_error_;
};

}  // namespace meridian
