// A contact as far as the session knows it: part of its conversation's record. Values, any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/entity_id.h"
#include "libs/base/time.h"
#include "libs/base/uuid.h"
#include "libs/conversation/edge.h"
#include "libs/domain/agent.h"
#include "libs/domain/contact.h"
#include "libs/domain/names.h"
#include "libs/domain/origin.h"
#include "libs/domain/reasons.h"
#include "libs/domain/states.h"

namespace meridian::conversation {

// pending → queued ⇄ assigned → closing → (gone), or straight from each of them; pending → (gone) when refused;
// pending → withdrawing → (gone). When a contact closes, an EndedContactRecord is added and kept for a while.
enum class ContactPhase : uint8_t {
  kPending = 1,      // sent to routing, not answered; not acknowledged to the customer
  kQueued = 2,       // routing has it and nobody serves it
  kAssigned = 3,     // somebody has a grant as primary
  kWithdrawing = 4,  // closed as not queued; routing is told to drop it should it have come there all the same
  kClosing = 5,      // closed in routing's log; agents with a grant still read, nobody writes
};
std::string_view ToString(ContactPhase phase);

// What goes to routing under `request_id`, the same in each retry. Immutable, shared with the messages that carry it.
struct EnqueueRequest {
  TenantId tenant;
  Uuid request_id;  // UUIDv7
  ContactSpec spec;
  CommandOrigin origin;  // of the submission

  friend bool operator==(const EnqueueRequest&, const EnqueueRequest&) = default;
};

// Who may read and write now. A grant covers the messages of its own contact from `from_number` on.
struct Grant {
  AgentId agent;
  AgentKind agent_kind = AgentKind::kHuman;
  AssignmentRole role = AssignmentRole::kPrimary;  // monitoring never writes
  bool may_write = true;                           // as routing says; false during after-contact work
  uint64_t from_number = 1;

  friend bool operator==(const Grant&, const Grant&) = default;
};

struct ContactRecord {
  ContactId id;
  ChannelId channel;
  ContactPhase phase = ContactPhase::kPending;
  uint64_t first_number = 0;  // of its first message, or what the next message will have when it came without one
  Instant submitted_at;
  Duration leave_grace;       // without a connection for so long, the customer has left; zero: never
  Duration session_lifetime;  // of the conversation after this contact's last activity
  std::shared_ptr<const EnqueueRequest> pending;  // exactly in phase kPending
  uint64_t grants_revision = 0;                   // of the last ParticipantsChanged taken; 0: none
  std::vector<Grant> grants;                      // sorted by agent, one each, at most kMaxGrants
  bool customer_waits = true;
  bool on_hold = false;            // by who serves it; in phase kAssigned only
  Edge edge;                       // the newest
  uint32_t acknowledged_edge = 0;  // every edge up to it was answered by routing

  // A further message of the customer joins it.
  bool IsLive() const { return !HasLeft() && phase != ContactPhase::kWithdrawing && phase != ContactPhase::kClosing; }
  bool HasUnansweredEdge() const { return edge.number > acknowledged_edge; }
  // The customer left or gave up.
  bool HasLeft() const { return IsLast(edge.kind); }
};
bool operator==(const ContactRecord& a, const ContactRecord& b);  // compares what `pending` points to

// How a contact left the session's hands.
enum class ContactClosing : uint8_t {
  kEnded = 1,      // in routing's log: `reason` says why
  kRefused = 2,    // routing refused to queue it: `refusal` says why
  kNotQueued = 3,  // routing did not answer in time
};
std::string_view ToString(ContactClosing closing);

struct EndedContactRecord {
  ContactId id;
  ChannelId channel;
  uint64_t first_number = 0;
  uint64_t last_number =
      0;  // the conversation's last one when it closed, or before a later contact of its channel began
  ContactClosing closing = ContactClosing::kEnded;
  EndReason reason = EndReason::kNone;  // with kEnded
  std::string refusal;                  // with kRefused: routing's machine-readable reason, at most 64 bytes

  friend bool operator==(const EndedContactRecord&, const EndedContactRecord&) = default;
};

inline constexpr size_t kMaxLiveContacts = 4;   // of one conversation, with those that are not gone from routing yet
inline constexpr size_t kMaxEndedContacts = 8;  // kept, the newest
inline constexpr size_t kMaxGrants = 6;         // of one contact

}  // namespace meridian::conversation
