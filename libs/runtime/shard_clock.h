// Shard time: what the core sees as `now`. It continues from the last committed `now` by monotonic elapsed time and is
// slewed towards the wall clock by at most 5 %, so that it never goes back and never jumps while the shard serves.
//
// At a restart a pause of up to 30 s does not count (what was pending has its time still before it); after a longer one
// shard time starts at the wall clock, because a shard that is a night behind would refuse every client's request ids
// (docs/adr/0004-shard-time-after-a-pause.md).
//
// Owned by the shard loop; one thread at a time.
#pragma once

#include <optional>

#include "libs/base/time.h"
#include "libs/runtime/clock.h"

namespace meridian {

class ShardClock {
 public:
  static constexpr Duration kLongestUncountedPause = Duration::Seconds(30);

  ShardClock(const MonotonicClock* monotonic, const WallClock* wall) : monotonic_(monotonic), wall_(wall) {}

  // After a load: goes on from `last_committed` ({0}: the shard never committed, starts at the wall clock). A clock
  // that runs already goes on and only moves forward.
  // `by_store`: the present by the clock of the store, where that is another one. After a long pause time starts at the
  // earlier of the two: a clock that is ahead takes no shard with it.
  void Restart(Instant last_committed, std::optional<Instant> by_store = std::nullopt);

  // Not before Restart. Never less than the value before.
  Instant Now();

  // How long the monotonic clock takes until shard time reaches `deadline`, at the present slew; at least zero.
  Duration MonotonicUntil(Instant deadline);

 private:
  const MonotonicClock* monotonic_;
  const WallClock* wall_;
  bool running_ = false;
  MonotonicInstant read_at_;
  Instant now_;
  Duration behind_wall_;  // at the last reading; negative when ahead
};

}  // namespace meridian
