// Facts that the session tells routing about a contact, each once, when something changes (an edge, not a level).
//
// Edges of a contact are numbered 1, 2, 3 … Each carries the whole of what routing needs, so the newest replaces those
// before it, and only the newest unanswered one is sent again. The number tells the session which edges an answer is
// for; routing does not see it, and takes edges as they come: they are sent in the order of their numbers, through one
// lane that keeps it, and to take one a second time changes nothing. Values, any thread.
#pragma once

#include <cstdint>
#include <string_view>

#include "libs/base/time.h"
#include "libs/domain/origin.h"
#include "libs/domain/reasons.h"

namespace meridian::conversation {

enum class EdgeKind : uint8_t {
  kNone = 0,          // no edge yet
  kCustomerWaits,     // the customer wrote after an answer; a contact begins in this state, without an edge
  kAgentAnswered,     // somebody with a grant wrote while the customer waited
  kCustomerLeft,      // `left` says how; the last edge of its contact
  kCustomerCanceled,  // the customer gave the contact up; the last edge unless an agent has the contact already
  kWithdrawn,         // the session gave up waiting for the answer to its enqueueing; last likewise
};
std::string_view ToString(EdgeKind kind);
// The customer is gone from the contact: no edge about its talk follows.
bool IsLast(EdgeKind kind);

// What the session does by itself, when a time is over.
CommandOrigin SessionItself();

struct Edge {
  uint32_t number = 0;
  EdgeKind kind = EdgeKind::kNone;
  CustomerLeftReason left = CustomerLeftReason::kNone;  // with kCustomerLeft
  Instant at;
  CommandOrigin origin;  // of the last edge: routing ends the contact, or the talk, on its behalf

  friend bool operator==(const Edge&, const Edge&) = default;
};

}  // namespace meridian::conversation
