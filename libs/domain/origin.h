// Who caused a command, and in which trace: carried from the edge through every service into the events that follow.
// Values, any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace meridian {

enum class ActorRole : uint8_t { kSystem, kCustomer, kAgent, kOperator, kIntegrator, kService };
std::string_view ToString(ActorRole role);

struct Actor {
  ActorRole role = ActorRole::kSystem;  // system: a timer or the start of a term
  std::string subject;                  // of the token that was shown, never personal; empty for the system

  friend bool operator==(const Actor&, const Actor&) = default;
};

// W3C trace context; all zero: none.
struct TraceContext {
  std::array<uint8_t, 16> trace_id{};
  std::array<uint8_t, 8> span_id{};
  uint8_t flags = 0;

  friend bool operator==(const TraceContext&, const TraceContext&) = default;
};

// Carried unchanged into each event that the command causes.
struct CommandOrigin {
  Actor actor;
  TraceContext trace;

  friend bool operator==(const CommandOrigin&, const CommandOrigin&) = default;
};

}  // namespace meridian
