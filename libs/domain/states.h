// The states of contacts, offers, agents and roles, with one table of transitions each: the only place that says which
// trigger leads where. docs/states.md is rendered from these tables. A transition whose `implemented` is false belongs
// to the design but is refused until it works. Constants and pure functions, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "absl/status/statusor.h"

namespace meridian {

template <typename State, typename Trigger>
struct Transition {
  State from;
  Trigger trigger;
  State to;
  bool implemented;
};

// ---- contact ----

enum class ContactState : uint8_t {
  kQueued,      // waits in a line; the state in which a contact begins
  kOffered,     // an agent's capacity is reserved for it until the offer's deadline
  kConnecting,  // accepted; the media are being joined
  kAssigned,    // agent and customer talk
  kHeld,        // assigned, the customer on hold
  kWrapping,    // the talk is over; after-contact work
  kParked,      // waits for its customer; takes no capacity
  kCallback,    // waits for an agreed hour; keeps its place, patience off
  kCompleted,   // ended: served
  kAbandoned,   // ended: the customer left before an agent was connected
  kCanceled,    // ended: withdrawn before an agent was connected
  kExpired,     // ended: waited longer than its queue allows
};
inline constexpr int kContactStateCount = 12;

enum class ContactTrigger : uint8_t {
  kOffer,             // an agent is chosen
  kAccept,            // the agent accepts the offer
  kReject,            // the agent rejects the offer
  kOfferTimedOut,     // the delivered offer's deadline passes
  kOfferRescinded,    // the offer is taken back: not delivered, or its agent may no longer take it
  kAgentLost,         // the agent is gone and the grace time over
  kConnect,           // media are joined
  kMediaFailed,       // media could not be joined
  kHold,              // the agent puts the customer on hold
  kResume,            // the agent takes the customer back from hold
  kCustomerLeft,      // the customer closed, or had no connection for the channel's grace time
  kAgentCompleted,    // the agent ends the talk
  kWrapUpDone,        // the agent ends after-contact work, or the queue has none
  kWrapUpTimedOut,    // the queue's after-contact time is over
  kTransferNextStep,  // the plan goes on after the step that found this agent
  kTransferQueue,     // the agent sends it to another queue
  kTransferAgent,     // the agent sends it to another agent
  kPark,              // it waits for its customer
  kCustomerBack,      // the customer of a parked contact is back
  kRequestCallback,   // the customer asks to be called at an hour
  kCallbackDue,       // that hour has come
  kCancel,            // customer or operator withdraws the contact
  kExpire,            // the queue's longest wait is over
  kSupersede,         // a copy in another region went on instead
  kReclaim,           // a lost agent is back with the newest token before anyone else had an offer
};
inline constexpr int kContactTriggerCount = 25;

using ContactTransition = Transition<ContactState, ContactTrigger>;
std::span<const ContactTransition> ContactTransitions();

// ---- offer ----

enum class OfferState : uint8_t {
  kPending,    // made, not yet confirmed by the gateway; its clock stands
  kDelivered,  // confirmed; its deadline runs
  kAccepted,   // ended
  kRejected,   // ended
  kTimedOut,   // ended
  kRescinded,  // ended: taken back, without a strike
  kCanceled,   // ended: its contact ended
};
inline constexpr int kOfferStateCount = 7;

enum class OfferTrigger : uint8_t { kDeliver, kAccept, kReject, kTimeOut, kRescind, kCancel };
inline constexpr int kOfferTriggerCount = 6;

using OfferTransition = Transition<OfferState, OfferTrigger>;
std::span<const OfferTransition> OfferTransitions();

// ---- agent's presence ----

enum class AgentPresence : uint8_t {
  kOffline,   // no connection, no live work; the presence in which an agent begins
  kDetached,  // connection broken, or the shard's owner new: live work is kept for the grace time, no offers
  kAttached,  // connected
};
inline constexpr int kAgentPresenceCount = 3;

enum class AgentTrigger : uint8_t {
  kAttach,          // a connection with a higher attachment number
  kConnectionLost,  // the gateway reports the stream gone, or too slow
  kOwnerChanged,    // the shard was taken over or restarted: who is connected must attach again
  kGraceEnded,      // the grace time is over
  kSignOff,         // the agent leaves in order
  kRemove,          // a published configuration no longer has the agent
};
inline constexpr int kAgentTriggerCount = 6;

using AgentTransition = Transition<AgentPresence, AgentTrigger>;
std::span<const AgentTransition> AgentTransitions();

// ---- role of an agent in a contact ----

enum class AssignmentRole : uint8_t {
  kNone,        // not assigned
  kPrimary,     // serves the customer; at most one per contact
  kConsulted,   // asked by the primary through a child contact
  kMonitoring,  // listens
};
inline constexpr int kAssignmentRoleCount = 4;

enum class AssignmentTrigger : uint8_t { kAccept, kConsult, kMonitor, kTakeOver, kEnd };
inline constexpr int kAssignmentTriggerCount = 5;

using AssignmentTransition = Transition<AssignmentRole, AssignmentTrigger>;
std::span<const AssignmentTransition> AssignmentTransitions();

// ---- where a trigger leads ----

// The state after `trigger` in state `from`, or nullopt when the table has no such transition or it is not implemented.
std::optional<ContactState> NextState(ContactState from, ContactTrigger trigger);
std::optional<OfferState> NextState(OfferState from, OfferTrigger trigger);
std::optional<AgentPresence> NextState(AgentPresence from, AgentTrigger trigger);
std::optional<AssignmentRole> NextState(AssignmentRole from, AssignmentTrigger trigger);

// The same with a reason: FAILED_PRECONDITION "a contact in state parked cannot take the trigger offer", or "the
// trigger park for a contact in state queued is not supported yet" for a transition of the table that does not work
// yet.
absl::StatusOr<ContactState> CheckTransition(ContactState from, ContactTrigger trigger);
absl::StatusOr<OfferState> CheckTransition(OfferState from, OfferTrigger trigger);
absl::StatusOr<AgentPresence> CheckTransition(AgentPresence from, AgentTrigger trigger);
absl::StatusOr<AssignmentRole> CheckTransition(AssignmentRole from, AssignmentTrigger trigger);

// An ended contact or offer never changes again.
bool IsEnded(ContactState state);
bool IsEnded(OfferState state);

// Names as in docs/states.md, lower case with underscores. Never empty for a listed enumerator.
std::string_view ToString(ContactState state);
std::string_view ToString(ContactTrigger trigger);
std::string_view ToString(OfferState state);
std::string_view ToString(OfferTrigger trigger);
std::string_view ToString(AgentPresence presence);
std::string_view ToString(AgentTrigger trigger);
std::string_view ToString(AssignmentRole role);
std::string_view ToString(AssignmentTrigger trigger);

}  // namespace meridian
