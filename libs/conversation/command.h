// What the session core is told. Values, any thread. Every command is safe to repeat; each says by what.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "libs/base/entity_id.h"
#include "libs/base/time.h"
#include "libs/base/uuid.h"
#include "libs/conversation/message.h"
#include "libs/conversation/records.h"
#include "libs/domain/agent.h"
#include "libs/domain/contact.h"
#include "libs/domain/origin.h"
#include "libs/domain/states.h"
#include "libs/domain/tenant_config.h"

namespace meridian::conversation {

// ---- from customers ----

// A customer's message on an identity: joins the live contact of that identity and channel, or opens a contact (and a
// conversation, when the identity has none open). Idempotent by (identity, client_number) while there are parts, and
// without parts by (identity, channel, request id), for the last kMaxEmptySubmissions of the conversation and while the
// contact is in its record. A repeat whose contact was refused or not queued goes into the
// live contact of its channel or opens one, and its message, stored anew as that contact's, keeps its number; it is
// refused (kClientNumberTooOld) when agents took part in a later contact of the channel, or that was queued and left.
struct SubmitContact {
  TenantId tenant;
  Identity identity;
  // Ids proposed by the edge, because the core makes none; `conversation` and `customer` are used when a conversation
  // is opened, `id` when a contact is. `id` must be fresh in every command, and `conversation` too unless it is said
  // below that it is not: an ended conversation is not in memory for long, and its messages would be overwritten.
  // `enqueued_at` is set by the core. Attributes are routing attributes, checked.
  ContactSpec spec;
  // The proposed conversation's id was not made just now (a visitor's token names it). Refused when a conversation of
  // that id has closed; answered by UnknownConversation when that is not known here.
  bool conversation_named_before = false;
  // After an UnknownConversation: its `closings`, when no conversation of that id was among the ended ones of the store
  // as read after that answer.
  std::optional<uint64_t> not_ended_as_of;
  Uuid enqueue_request_id;         // the customer's UUIDv7: under which routing is asked, in each retry
  Duration leave_grace;            // of the channel; zero: a lost connection never means that the customer left
  Duration session_lifetime;       // of the channel
  uint64_t client_number = 0;      // the customer's own, 1 to kMaxClientNumber; 0 exactly when there are no parts
  std::vector<MessagePart> parts;  // the first message; may be empty for channels without text
  std::vector<PersonalAttribute> personal_attributes;  // kept when a contact is opened
  CommandOrigin origin;                                // goes to routing with a contact that is opened
  // The tenant is over its rate of new contacts: refused (kQuotaExceeded) unless it joins one or is a repeat.
  bool may_only_join = false;
  // The tenant's rate of new contacts, which the shard keeps for all processes of the region together before the
  // command comes to the core; `per_second` 0: none.
  RateQuota new_contacts;
  // How long the caller waits for the answer, from when the shard has the command; none: as long as it takes. For the
  // shard, too.
  std::optional<Duration> patience;

  friend bool operator==(const SubmitContact&, const SubmitContact&) = default;
};

// A message into a conversation. Idempotent by (conversation, author, client_number), see client_numbers.h.
struct AppendMessage {
  TenantId tenant;
  ConversationId conversation;
  AuthorKind author = AuthorKind::kCustomer;
  AgentId agent;  // of kAgent and kBot; a grant that says bot makes it a bot's
  // Of the customer: needs a contact there to which the message belongs (SubmitContact opens one). Empty: the contact
  // that was submitted last. Not read for other authors.
  ChannelId channel;
  // Of an agent: nil means the contact in which it has a grant that writes; named, the grant must be in this one. Of
  // the system: the contact, or nil for none. Not read for the customer.
  ContactId contact;
  uint64_t client_number = 0;
  std::vector<MessagePart> parts;

  friend bool operator==(const AppendMessage&, const AppendMessage&) = default;
};

// The customer gives up one contact, and may go on in the conversation. Idempotent by nature.
struct CancelContact {
  TenantId tenant;
  ConversationId conversation;
  ContactId contact;
  CommandOrigin origin = {};

  friend bool operator==(const CancelContact&, const CancelContact&) = default;
};

// The customer closes the conversation: leaves every contact in it. Idempotent by nature; a conversation that is closed
// already is not found.
struct CloseConversation {
  TenantId tenant;
  ConversationId conversation;
  CommandOrigin origin = {};

  friend bool operator==(const CloseConversation&, const CloseConversation&) = default;
};

// ---- presence of customers: in memory only, unknown after a restart ----

// A connection of the customer now watches. Idempotent by (conversation, connection).
struct WatchConversation {
  TenantId tenant;
  ConversationId conversation;
  uint64_t connection = 0;  // named by the service, unique among its open connections
};
struct UnwatchConversation {
  TenantId tenant;
  ConversationId conversation;
  uint64_t connection = 0;
};
inline constexpr size_t kMaxConnections = 16;  // of one conversation

// ---- reading ----

// Asks what a reader may read now; the texts are then read from the store by key. An empty `agent` is the customer.
struct OpenReading {
  TenantId tenant;
  ConversationId conversation;
  AgentId agent;
  uint64_t after_number = 0;
};

// ---- from routing ----

// Routing's answer to EnqueueContact. Only a final answer: a routing that could not be reached has not answered.
// A refusal says that routing did not queue the contact and will not. Idempotent by nature.
struct EnqueueAnswered {
  ContactId contact;
  Uuid request_id;
  std::optional<std::string> refusal;  // machine-readable reason; nullopt: queued
};

// Routing's answer to edges up to `edge`, taken or refused: either way they are not sent again. `wrong_state` is set
// when it refused to cancel a contact because an agent has it already: the customer then leaves it instead.
struct EdgeAnswered {
  ContactId contact;
  uint32_t edge = 0;
  bool wrong_state = false;
};

struct ContactQueuedFact {
  ContactId contact;
};
struct Participant {
  AgentId agent;
  AgentKind agent_kind = AgentKind::kHuman;
  AssignmentRole role = AssignmentRole::kPrimary;
  bool may_write = true;
};
// The whole set of those who take part. Taken when `revision` is above the last taken.
struct ParticipantsChangedFact {
  ContactId contact;
  uint64_t revision = 0;
  std::vector<Participant> participants;
};
// The customer is not served under this contact any more; who still has a grant keeps reading until it ends.
struct ContactClosedFact {
  ContactId contact;
  EndReason reason = EndReason::kNone;
};
// The agent who serves the contact put it on hold, or took it back.
struct ContactHeldFact {
  ContactId contact;
  bool on_hold = true;
};
using RoutingFact = std::variant<ContactQueuedFact, ParticipantsChangedFact, ContactClosedFact, ContactHeldFact>;

// Facts of one entry of a routing shard's log, in order. Idempotent by position: what is not after the position stored
// is dropped. An entry with more than kMaxFacts comes in several commands; only the one with `last_of_entry` moves the
// position (facts are also idempotent by themselves, so a part may be applied twice). Facts about contacts that are not
// in this shard are dropped. Entries without facts for a session may be left out: the next position covers them.
struct ApplyRoutingFacts {
  uint32_t routing_shard = 0;
  RoutingPosition position;
  bool last_of_entry = true;
  std::vector<RoutingFact> facts;
};
inline constexpr size_t kMaxFacts = 3;  // each may rewrite a conversation of kMaxConversationBytes

// ---- from the eraser ----

// What the store holds under the numbers of closings from `first` on. Erases those conversations, in this order, whose
// time is over, or goes on with the one that is half erased; of all together so much as fits well into a commit. Does
// nothing more when `first` is not where the erasure stands: idempotent by that. What was read before a load tells
// nothing of the store that was loaded, and does nothing at all. Answered by Erased.
struct EraseClosed {
  struct Found {
    ClosingRecord closing;
    uint64_t last_number = 0;         // of its ended record
    std::vector<ContactId> contacts;  // of its ended record
    bool unreadable = false;          // the closing or its ended record: both stay, and are stepped over
  };
  uint64_t load = 0;  // as NextErasure said before the closings were read
  uint64_t first = 0;
  std::vector<std::optional<Found>> closings;  // of first, first + 1 …; nullopt: none is stored under that number
};

using Command =
    std::variant<SubmitContact, AppendMessage, CancelContact, CloseConversation, WatchConversation, UnwatchConversation,
                 OpenReading, EnqueueAnswered, EdgeAnswered, ApplyRoutingFacts, EraseClosed>;

}  // namespace meridian::conversation
