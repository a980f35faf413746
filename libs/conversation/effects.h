// What follows from commands and timers: records to write, events for the shard's log, messages to send when all that
// is durable. Values, any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "libs/base/entity_id.h"
#include "libs/base/time.h"
#include "libs/conversation/answer.h"
#include "libs/conversation/contact_record.h"
#include "libs/conversation/message.h"
#include "libs/conversation/records.h"

namespace meridian::conversation {

// ---- events of the session's log: internal facts without personal data ----

struct ConversationOpenedEvent {
  ConversationId conversation;
  CustomerId customer;
};
struct ContactSubmittedEvent {
  ConversationId conversation;
  ContactId contact;
  ChannelId channel;
};
struct MessageAppendedEvent {
  ConversationId conversation;
  ContactId contact;  // may be nil
  uint64_t number = 0;
  AuthorKind author = AuthorKind::kCustomer;
};
struct ContactClosedEvent {
  ConversationId conversation;
  ContactId contact;
  ContactClosing closing = ContactClosing::kEnded;
  EndReason reason = EndReason::kNone;
  std::string refusal;
};
struct ConversationClosedEvent {
  ConversationId conversation;
  CloseReason reason = CloseReason::kNone;
};

struct Event {
  TenantId tenant;
  Instant at;
  std::variant<ConversationOpenedEvent, ContactSubmittedEvent, MessageAppendedEvent, ContactClosedEvent,
               ConversationClosedEvent>
      body;
};

// ---- messages, released in order when the batch is durable ----

// To routing: enqueue this contact. Answered by EnqueueAnswered; sent again until then.
struct EnqueueContact {
  std::shared_ptr<const EnqueueRequest> request;
};
// To routing: something changed at the customer's side. Answered by EdgeAnswered; sent again until then.
struct TellRouting {
  TenantId tenant;
  ContactId contact;
  Edge edge;
};
// To whoever holds the answer of a submission whose standing was kPending.
struct ContactAcknowledged {
  TenantId tenant;
  ConversationId conversation;
  ContactId contact;
  ContactStanding standing;
};
// To the customer's connections, and to each agent with a grant of the message's contact as GrantChanged said before.
// Authors get their own.
struct Deliver {
  TenantId tenant;
  ConversationId conversation;
  std::shared_ptr<const MessageRecord> message;
};
// To one agent: it may take part now, or differently, or (nullopt) no more. Nothing is delivered to it after the last.
struct GrantChanged {
  TenantId tenant;
  ConversationId conversation;
  ContactId contact;
  AgentId agent;
  uint64_t revision = 0;
  std::optional<Grant> grant;
  uint64_t last_number = 0;  // of the conversation: what is up to it must be read, what follows is delivered
};
// To the customer's connections: where a contact stands. Closed when `closing` is set.
struct ContactChanged {
  TenantId tenant;
  ConversationId conversation;
  ContactId contact;
  ContactPhase phase = ContactPhase::kPending;
  AgentId primary;  // who serves it; empty: nobody
  AgentKind primary_kind = AgentKind::kHuman;
  std::optional<ContactClosing> closing;
  EndReason reason = EndReason::kNone;
  bool on_hold = false;
};
// To the customer's connections: nothing more comes of this conversation.
struct ConversationClosed {
  TenantId tenant;
  ConversationId conversation;
  CloseReason reason = CloseReason::kNone;
};
// To the follower of a routing shard's log: the position is durable here, the log may be trimmed up to it.
struct FollowerAdvanced {
  FollowerPositionRecord position;
};

using OutgoingMessage = std::variant<EnqueueContact, TellRouting, ContactAcknowledged, Deliver, GrantChanged,
                                     ContactChanged, ConversationClosed, FollowerAdvanced>;

// A record that is deleted.
struct ErasedRecord {
  uint8_t table = 0;
  std::string key;
};

// All that gathered since the last time. Keys are distinct: a conversation is in `conversations` or in `ended`.
struct Effects {
  std::vector<const ConversationRecord*> conversations;  // to put; valid until the core is called again
  std::vector<ConversationRecord> ended;                 // to delete from the live table and put in the ended one
  std::vector<std::shared_ptr<const MessageRecord>> messages;
  std::vector<ContactDetailsRecord> contact_details;
  std::vector<FollowerPositionRecord> followers;  // one per routing shard
  std::vector<ClosingRecord> closings;
  std::optional<ErasureRecord> erasure;
  std::vector<ErasedRecord> erased;
  std::vector<Event> events;
  std::vector<OutgoingMessage> outgoing;
};

// An estimate from above of what Effects holds, once encoded.
struct EffectsSize {
  size_t records = 0;
  size_t bytes = 0;
};

}  // namespace meridian::conversation
