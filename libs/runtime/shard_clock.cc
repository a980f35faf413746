#include "libs/runtime/shard_clock.h"

#include <algorithm>

#include "libs/base/check.h"

namespace meridian {

void ShardClock::Restart(Instant last_committed, std::optional<Instant> by_store) {
  const Instant wall = wall_->Now();
  if (running_) {
    now_ = std::max(Now(), last_committed);
    return;
  }
  const Instant agreed = std::min(wall, by_store.value_or(wall));
  const bool long_pause = agreed - last_committed > kLongestUncountedPause;
  now_ = long_pause ? agreed : last_committed;
  read_at_ = monotonic_->Now();
  behind_wall_ = wall - now_;
  running_ = true;
}

Instant ShardClock::Now() {
  MERIDIAN_CHECK(running_);
  const MonotonicInstant tick = monotonic_->Now();
  const Duration elapsed = std::max(tick - read_at_, Duration::Zero());
  const Duration slew = elapsed / 20;
  const Duration error = wall_->Now() - (now_ + elapsed);
  const Duration correction = std::clamp(error, Duration::Zero() - slew, slew);
  now_ = now_ + elapsed + correction;
  behind_wall_ = error - correction;
  read_at_ = std::max(read_at_, tick);
  return now_;
}

Duration ShardClock::MonotonicUntil(Instant deadline) {
  const Duration remaining = deadline - Now();
  if (remaining <= Duration::Zero()) return Duration::Zero();
  if (behind_wall_ > Duration::Zero()) return remaining - remaining / 21;
  if (behind_wall_ < Duration::Zero()) return remaining + remaining / 19;
  return remaining;
}

}  // namespace meridian
