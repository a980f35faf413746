// The two clocks of a process, as ports: everything else gets time through them or as an argument.
// clock.h and clock.cc are the only files of Meridian that read a clock. Any thread.
#pragma once

#include <compare>
#include <cstdint>
#include <limits>

#include "libs/base/time.h"

namespace meridian {

// A point on a process's monotonic clock. Comparable only with points of the same clock; never stored, never sent.
struct MonotonicInstant {
  int64_t ns = 0;

  static constexpr MonotonicInstant Never() { return {std::numeric_limits<int64_t>::max()}; }

  friend constexpr auto operator<=>(MonotonicInstant, MonotonicInstant) = default;
  friend constexpr MonotonicInstant operator+(MonotonicInstant a, Duration d) { return {a.ns + d.ns}; }
  friend constexpr Duration operator-(MonotonicInstant a, MonotonicInstant b) { return {a.ns - b.ns}; }
};

class MonotonicClock {
 public:
  virtual ~MonotonicClock() = default;
  // Never goes back; goes on while the machine sleeps, so that a lease does not outlive a suspended laptop.
  virtual MonotonicInstant Now() const = 0;
};

class WallClock {
 public:
  virtual ~WallClock() = default;
  // The machine's idea of UTC; may jump either way.
  virtual Instant Now() const = 0;
};

class SystemMonotonicClock final : public MonotonicClock {
 public:
  MonotonicInstant Now() const override;
};

class SystemWallClock final : public WallClock {
 public:
  Instant Now() const override;
};

}  // namespace meridian
