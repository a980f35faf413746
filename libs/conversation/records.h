// The session's records: everything durable, from which all else is rebuilt. Encoded by the program around the core.
// Values, any thread.
//
// table                  key                                      value                    read at a start
// kConversationTable     conversation uuid (16)                   ConversationRecord       yes
// kFollowerTable         routing shard (4)                        FollowerPositionRecord   yes
// kMessageTable          conversation uuid (16), number (8)       MessageRecord            no, by key
// kEndedTable            conversation uuid (16)                   ConversationRecord       no, by key
// kContactDetailsTable   contact uuid (16)                        ContactDetailsRecord     no, by key
// kErasureTable          "erasure"                                ErasureRecord            yes
// kClosingTable          number (8)                               ClosingRecord            no, by key
// Numbers in keys are big-endian, so that keys order as numbers do.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/entity_id.h"
#include "libs/base/time.h"
#include "libs/base/uuid.h"
#include "libs/conversation/client_numbers.h"
#include "libs/conversation/contact_record.h"
#include "libs/conversation/message.h"

namespace meridian::conversation {

inline constexpr uint8_t kConversationTable = 1;
inline constexpr uint8_t kFollowerTable = 2;
inline constexpr uint8_t kMessageTable = 3;
inline constexpr uint8_t kEndedTable = 4;
inline constexpr uint8_t kContactDetailsTable = 5;
inline constexpr uint8_t kErasureTable = 6;
inline constexpr uint8_t kClosingTable = 7;

// A channel-scoped address of a customer: {"web", "<visitor id>"}, {"phone", "+34600111222"}.
struct Identity {
  std::string kind;     // 1 to kMaxIdentityKindBytes
  std::string address;  // 1 to kMaxAddressBytes; personal

  friend auto operator<=>(const Identity&, const Identity&) = default;
};
inline constexpr size_t kMaxIdentityKindBytes = 32;
inline constexpr size_t kMaxAddressBytes = 256;

// open → leaving → closed, or open → closed.
enum class ConversationState : uint8_t {
  kOpen = 1,
  kLeaving = 2,  // closed by its customer while contacts live: nobody writes, and its identity is free for another
  kClosed = 3,
};
std::string_view ToString(ConversationState state);

enum class CloseReason : uint8_t { kNone = 0, kExpired = 1, kClosedByCustomer = 2 };
std::string_view ToString(CloseReason reason);

struct AuthorRecord {
  Author author;  // agents and bots apart by id; the customer and the system once each
  ClientNumbers numbers;

  friend bool operator==(const AuthorRecord&, const AuthorRecord&) = default;
};

// A submission without parts: only its request id tells a repeat of it from another one.
struct EmptySubmission {
  Uuid request_id;
  ContactId contact;    // that it opened or joined
  bool joined = false;  // a contact that was live already

  friend bool operator==(const EmptySubmission&, const EmptySubmission&) = default;
};
inline constexpr size_t kMaxEmptySubmissions = 16;  // of one conversation, kept, the newest

struct ConversationRecord {
  TenantId tenant;
  ConversationId id;
  CustomerId customer;
  Identity identity;
  ConversationState state = ConversationState::kOpen;
  CloseReason close_reason = CloseReason::kNone;
  Instant opened_at;
  Instant last_activity_at;   // last message, or end of a contact
  Duration session_lifetime;  // after last_activity_at, once no contact lives
  uint64_t last_number = 0;
  std::vector<ContactRecord> contacts;             // oldest first, at most kMaxLiveContacts
  std::vector<EndedContactRecord> ended_contacts;  // oldest first, at most kMaxEndedContacts
  std::vector<AuthorRecord> authors;               // the one that wrote last at the end
  std::vector<EmptySubmission> empty_submissions;  // oldest first, at most kMaxEmptySubmissions

  friend bool operator==(const ConversationRecord&, const ConversationRecord&) = default;
};

// Of agents and bots only the kFullAuthors that wrote last keep more than their highest number; of those without a
// current grant only the kMaxAuthors that wrote last are kept at all.
inline constexpr size_t kFullAuthors = 4;
inline constexpr size_t kMaxAuthors = 16;

// From above what a record takes: however much happens in a conversation, a few of them fit into one commit.
inline constexpr size_t kMaxConversationBytes = 32 * 1024;

struct MessageRecord {
  ConversationId conversation;
  Message message;

  friend bool operator==(const MessageRecord&, const MessageRecord&) = default;
};

struct PersonalAttribute {
  AttributeName name;
  std::string value;  // at most kMaxPersonalValueBytes; of all together at most kMaxPersonalBytes

  friend bool operator==(const PersonalAttribute&, const PersonalAttribute&) = default;
};
inline constexpr size_t kMaxPersonalAttributes = 32;
inline constexpr size_t kMaxPersonalValueBytes = 1024;
inline constexpr size_t kMaxPersonalBytes = 8 * 1024;

// What stays in the session of a contact's attributes. Written once.
struct ContactDetailsRecord {
  ContactId contact;
  ConversationId conversation;
  std::vector<PersonalAttribute> attributes;

  friend bool operator==(const ContactDetailsRecord&, const ContactDetailsRecord&) = default;
};

// A conversation has closed and is to be erased. Closings are numbered as they come; their numbers may have gaps.
struct ClosingRecord {
  uint64_t number = 0;
  ConversationId conversation;
  Instant at;

  friend bool operator==(const ClosingRecord&, const ClosingRecord&) = default;
};

// How far closed conversations have been erased, in the order of their closings.
struct ErasureRecord {
  uint64_t first = 1;     // the lowest number that may have a closing
  uint64_t reserved = 1;  // no closing has this number or a higher one
  // The conversation of which only messages are left, those up to this number; nil: none is half erased.
  ConversationId erasing;
  uint64_t messages_left = 0;

  friend bool operator==(const ErasureRecord&, const ErasureRecord&) = default;
};

// A place in a routing shard's log, as LogPosition of the runtime.
struct RoutingPosition {
  uint64_t term = 0;
  uint64_t number = 0;

  friend auto operator<=>(const RoutingPosition&, const RoutingPosition&) = default;
};

// Everything of that shard's log up to `position` has been applied.
struct FollowerPositionRecord {
  uint32_t routing_shard = 0;
  RoutingPosition position;

  friend bool operator==(const FollowerPositionRecord&, const FollowerPositionRecord&) = default;
};

std::string ConversationKey(const ConversationId& conversation);  // also of kEndedTable
std::string MessageKey(const ConversationId& conversation, uint64_t number);
std::string FollowerKey(uint32_t routing_shard);
std::string ContactDetailsKey(const ContactId& contact);
std::string ErasureKey();
std::string ClosingKey(uint64_t number);

}  // namespace meridian::conversation
