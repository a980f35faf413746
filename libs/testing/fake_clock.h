// Both clocks of a process, moved by hand. Any thread may read while one moves it.
#pragma once

#include <atomic>

#include "libs/runtime/clock.h"

namespace meridian::testing {

class FakeClock {
 public:
  // Monotonic time starts at 1 hour, the wall at `wall`.
  explicit FakeClock(Instant wall = Instant::FromUnixMilliseconds(1'750'000'000'000));

  const MonotonicClock* monotonic() const { return &monotonic_; }
  const WallClock* wall() const { return &wall_; }

  // Moves both.
  void Advance(Duration by);
  // Moves the wall alone: a clock that was set, or that runs wrong.
  void SetWall(Instant wall) { wall_.now = wall.ns; }
  Instant WallNow() const { return wall_.Now(); }
  MonotonicInstant MonotonicNow() const { return monotonic_.Now(); }

 private:
  struct Monotonic final : MonotonicClock {
    MonotonicInstant Now() const override { return {now.load()}; }
    std::atomic<int64_t> now{0};
  };
  struct Wall final : WallClock {
    Instant Now() const override { return {now.load()}; }
    std::atomic<int64_t> now{0};
  };
  Monotonic monotonic_;
  Wall wall_;
};

}  // namespace meridian::testing
