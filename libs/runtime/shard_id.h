// Names of what the store keeps per shard. Values; any thread.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace meridian {

// kRelay names no shard of its own: ShardLeases gives the right to relay the events of the routing shard with the same
// number under it.
enum class ShardKind : uint8_t { kRouting = 1, kSession = 2, kRelay = 3 };

constexpr std::string_view PrefixOf(ShardKind kind) {
  switch (kind) {
    case ShardKind::kRouting:
      return "r";
    case ShardKind::kSession:
      return "s";
    case ShardKind::kRelay:
      return "relay";
  }
  return "?";
}

struct ShardId {
  ShardKind kind = ShardKind::kRouting;
  uint32_t number = 0;

  std::string ToString() const { return std::string(PrefixOf(kind)) + std::to_string(number); }
  friend auto operator<=>(const ShardId&, const ShardId&) = default;
};

// A place in a shard's log: the commit that wrote the entry. Ordered by term, then number; {0, 0} is before the first.
// Numbers go on rising over terms.
struct LogPosition {
  uint64_t term = 0;
  uint64_t number = 0;

  friend auto operator<=>(const LogPosition&, const LogPosition&) = default;
};

}  // namespace meridian
