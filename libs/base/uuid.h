// Version 7 UUIDs (RFC 9562): 48 bits of Unix milliseconds, then random bits. Pure: time and randomness are arguments.
// Any thread; a value of 16 bytes, ordered by time.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace meridian {

struct Uuid {
  uint64_t high = 0;
  uint64_t low = 0;

  // A version 7 UUID of this Unix time; the 74 random bits are taken from `random_high` (12) and `random_low` (62).
  static Uuid Version7(int64_t unix_ms, uint64_t random_high, uint64_t random_low);
  // Accepts exactly the 36-character lower- or upper-case form; nullopt for anything else.
  static std::optional<Uuid> Parse(std::string_view text);

  bool IsNil() const { return high == 0 && low == 0; }
  int Version() const { return static_cast<int>((high >> 12) & 0xf); }
  int64_t UnixMilliseconds() const { return static_cast<int64_t>(high >> 16); }
  std::string ToString() const;

  friend auto operator<=>(const Uuid&, const Uuid&) = default;
};

// A well-mixed 64-bit hash of the UUID; stable across runs and builds.
uint64_t StableHash(const Uuid& uuid);
// A well-mixed 64-bit hash of the bytes (FNV-1a, then SplitMix64's finaliser); stable across runs and builds.
uint64_t StableHash(std::string_view bytes);

}  // namespace meridian

template <>
struct std::hash<meridian::Uuid> {
  size_t operator()(const meridian::Uuid& uuid) const noexcept { return meridian::StableHash(uuid); }
};
