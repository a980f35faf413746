// What the session core answers. A refusal is an answer. Values, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "libs/base/entity_id.h"
#include "libs/base/time.h"
#include "libs/conversation/contact_record.h"

namespace meridian::conversation {

enum class RefusalCode : uint8_t {
  kMissing = 1,         // the field is needed
  kTooLong,             // more bytes than allowed
  kTooMany,             // more of it than allowed
  kOutOfRange,          // a number outside its range
  kNotFound,            // no such conversation or contact of this tenant that is not closed
  kAlreadyExists,       // an id proposed as new is in use
  kConversationClosed,  // its customer closed it, or it expired
  kNoLiveContact,       // the customer has no contact there: SubmitContact opens one
  kNoGrant,             // the agent has no current grant
  kReadOnly,            // the agent's role does not write
  kClientNumberTooOld,  // not above the highest, and not remembered
  kClientNumberReused,  // the number was given to other words
  kConversationFull,    // kMaxMessages
  kQuotaExceeded,       // of new contacts: see SubmitContact::may_only_join
};
// UPPER_SNAKE_CASE, part of the public API.
std::string_view ToString(RefusalCode code);

struct Refusal {
  RefusalCode code = RefusalCode::kMissing;
  std::string field;   // of the command, "parts[2].text"
  std::string rule{};  // what the field breaks, with its limit: "must have at most 16 entries"; "": the code says it

  friend bool operator==(const Refusal&, const Refusal&) = default;
};

// Where a submitted contact stands.
struct ContactStanding {
  enum class Kind : uint8_t {
    kPending = 1,   // wait for ContactAcknowledged before telling the customer
    kAcknowledged,  // routing has it, or it ended there later
    kRefused,       // `refusal`
    kNotQueued,
  };
  Kind kind = Kind::kPending;
  std::string refusal;

  friend bool operator==(const ContactStanding&, const ContactStanding&) = default;
};

struct Submitted {
  ConversationId conversation;
  CustomerId customer;
  ContactId contact;    // nil for a repeat whose contact ended too long ago to be remembered
  uint64_t number = 0;  // of the message; 0: there was none
  bool joined = false;  // a contact that was live already
  bool repeated = false;
  ContactStanding standing;

  friend bool operator==(const Submitted&, const Submitted&) = default;
};

// To a submission whose conversation was named before: it is not open here, and whether it has ended only the store
// knows. Nothing was done: look for it among the ended ones, and if it is not there submit again with `closings`.
struct UnknownConversation {
  uint64_t closings = 0;  // not_ended_as_of of the next try

  friend bool operator==(const UnknownConversation&, const UnknownConversation&) = default;
};

struct Appended {
  uint64_t number = 0;
  bool repeated = false;

  friend bool operator==(const Appended&, const Appended&) = default;
};

// Read the messages above `after_number` up to `last_number` whose contact is `contact` (nil: all). All are durable
// when this answer is released; later ones come as Deliver, in order, after it.
struct ReadRange {
  ContactId contact;
  uint64_t after_number = 0;
  uint64_t last_number = 0;

  friend bool operator==(const ReadRange&, const ReadRange&) = default;
};

struct ReadingOpened {
  std::vector<ReadRange> ranges;    // one for the customer, one per grant for an agent
  uint64_t last_number = 0;         // of the conversation
  uint64_t last_client_number = 0;  // of this reader as author: its next is above
  // The contact that the customer submitted last and that lives; nil when there is none. Not set for agents.
  ContactId contact;
  ContactPhase contact_phase = ContactPhase::kPending;

  friend bool operator==(const ReadingOpened&, const ReadingOpened&) = default;
};

struct Erased {
  Duration wait;  // until the next closing can be due; zero: more is to be done now

  friend bool operator==(const Erased&, const Erased&) = default;
};

// Done, or nothing was left to do.
struct Done {
  friend bool operator==(const Done&, const Done&) = default;
};

using Answer = std::variant<Refusal, Submitted, UnknownConversation, Appended, ReadingOpened, Erased, Done>;

}  // namespace meridian::conversation
