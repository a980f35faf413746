// Points and lengths of time in the pure layers: signed 64-bit nanoseconds, passed as arguments and never read from a
// clock there. An Instant counts from the Unix epoch, in shard time (see libs/runtime/shard_clock.h).
// Any thread; values.
#pragma once

#include <compare>
#include <cstdint>
#include <limits>

namespace meridian {

struct Duration {
  int64_t ns = 0;

  static constexpr Duration Nanoseconds(int64_t n) { return {n}; }
  static constexpr Duration Microseconds(int64_t n) { return {n * 1000}; }
  static constexpr Duration Milliseconds(int64_t n) { return {n * 1000000}; }
  static constexpr Duration Seconds(int64_t n) { return {n * 1000000000}; }
  static constexpr Duration Minutes(int64_t n) { return Seconds(n * 60); }
  static constexpr Duration Hours(int64_t n) { return Seconds(n * 3600); }
  static constexpr Duration Zero() { return {0}; }

  constexpr int64_t ToMilliseconds() const { return ns / 1000000; }
  constexpr int64_t ToSeconds() const { return ns / 1000000000; }

  friend constexpr auto operator<=>(Duration, Duration) = default;
  friend constexpr Duration operator+(Duration a, Duration b) { return {a.ns + b.ns}; }
  friend constexpr Duration operator-(Duration a, Duration b) { return {a.ns - b.ns}; }
  friend constexpr Duration operator*(Duration a, int64_t k) { return {a.ns * k}; }
  friend constexpr Duration operator/(Duration a, int64_t k) { return {a.ns / k}; }
};

struct Instant {
  int64_t ns = 0;  // since the Unix epoch

  static constexpr Instant FromUnixMilliseconds(int64_t ms) { return {ms * 1000000}; }
  static constexpr Instant FromUnixSeconds(int64_t s) { return {s * 1000000000}; }
  // Later than every real instant: "no deadline".
  static constexpr Instant Never() { return {std::numeric_limits<int64_t>::max()}; }

  constexpr int64_t ToUnixMilliseconds() const { return ns / 1000000; }
  constexpr int64_t ToUnixSeconds() const { return ns / 1000000000; }

  friend constexpr auto operator<=>(Instant, Instant) = default;
  friend constexpr Instant operator+(Instant a, Duration d) { return {a.ns + d.ns}; }
  friend constexpr Instant operator-(Instant a, Duration d) { return {a.ns - d.ns}; }
  friend constexpr Duration operator-(Instant a, Instant b) { return {a.ns - b.ns}; }
};

}  // namespace meridian
