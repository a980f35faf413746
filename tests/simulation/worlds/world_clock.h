// The clocks of one process of a world: each reads the world's time its own way. The monotonic one has its own start;
// the wall clock is off, runs fast or slow, and is set anew at any moment.
#pragma once

#include "libs/runtime/clock.h"
#include "tests/simulation/worlds/schedule.h"

namespace meridian::worlds {

inline constexpr Instant kWorldBegan = Instant::FromUnixMilliseconds(1'750'000'000'000);

class WorldClock {
 public:
  WorldClock(const Schedule& schedule, Duration monotonic_start)
      : monotonic_(schedule, monotonic_start), wall_(schedule) {}

  const MonotonicClock* monotonic() const { return &monotonic_; }
  const WallClock* wall() const { return &wall_; }
  Instant WallNow() const { return wall_.Now(); }

  void StepWall(Duration by) { wall_.off = wall_.off + by; }
  // From now on the wall clock gains so much; negative: it loses.
  void SlewWall(int64_t parts_per_million) {
    wall_.off = wall_.Off();
    wall_.since = wall_.schedule.now();
    wall_.parts_per_million = parts_per_million;
  }

 private:
  struct Monotonic final : MonotonicClock {
    Monotonic(const Schedule& s, Duration b) : schedule(s), begin(b) {}
    MonotonicInstant Now() const override { return {(begin + schedule.now()).ns}; }
    const Schedule& schedule;
    const Duration begin;
  };
  struct Wall final : WallClock {
    explicit Wall(const Schedule& s) : schedule(s) {}
    Duration Off() const { return off + (schedule.now() - since) / 1'000'000 * parts_per_million; }
    Instant Now() const override { return kWorldBegan + schedule.now() + Off(); }
    const Schedule& schedule;
    Duration off;
    Duration since;
    int64_t parts_per_million = 0;
  };

  Monotonic monotonic_;
  Wall wall_;
};

}  // namespace meridian::worlds
