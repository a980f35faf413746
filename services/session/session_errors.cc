#include "services/session/session_errors.h"

#include <string_view>

#include "libs/error/error.h"
#include "libs/error/quota_error.h"

namespace meridian {
namespace {

using absl::StatusCode;
using conversation::ContactStanding;
using conversation::RefusalCode;

struct Row {
  std::string_view reason;
  StatusCode code;
  std::string_view message;
};

// Refusals of routing that the customer's side can do something about; the others are failed preconditions.
constexpr Row kRoutingRefusals[] = {
    {"QUEUE_FULL", StatusCode::kResourceExhausted, "the queue is full"},
    {"EVENT_LOG_FULL", StatusCode::kResourceExhausted, "too many events wait to be published"},
    {"UNKNOWN_CHANNEL", StatusCode::kInvalidArgument, "the channel is not in the configuration"},
    {"TENANT_NOT_FOUND", StatusCode::kNotFound, "the tenant is not known"},
};

absl::Status NotFound(const conversation::Refusal& refusal) {
  if (refusal.field != "contact_id") return ConversationNotFound();
  return MakeError(StatusCode::kNotFound, "CONTACT_NOT_FOUND", "no such contact in this conversation");
}

// "parts", "parts[2].text" … are fields of what was sent; the rest is what lives already.
absl::Status TooMany(const conversation::Refusal& refusal) {
  if (refusal.field == "contact_id") {
    return MakeError(StatusCode::kResourceExhausted, "TOO_MANY_CONTACTS",
                     "the conversation has too many live contacts");
  }
  if (refusal.field == "connection") {
    return MakeError(StatusCode::kResourceExhausted, "TOO_MANY_CONNECTIONS", "too many connections watch");
  }
  return FieldError(refusal.field, refusal.rule);
}

// All fields were checked when the contact was submitted, its attributes against the configuration of that moment.
absl::Status InvalidContact() {
  const FieldViolation violation{"attributes",
                                 "must be as the configuration declares them, which has changed meanwhile"};
  return WithFieldViolations(
      MakeError(StatusCode::kInvalidArgument, "INVALID_CONTACT", violation.field + ": " + violation.rule), {violation});
}

}  // namespace

absl::Status ConversationNotFound() {
  return MakeError(StatusCode::kNotFound, "CONVERSATION_NOT_FOUND", "no such conversation");
}

bool IsNoGrant(const absl::Status& status) {
  return !status.ok() && ErrorReason(status) == conversation::ToString(RefusalCode::kNoGrant);
}

absl::Status ToStatus(const conversation::Refusal& refusal) {
  const std::string_view reason = conversation::ToString(refusal.code);
  switch (refusal.code) {
    case RefusalCode::kMissing:
      return FieldError(refusal.field, refusal.rule.empty() ? "is required" : refusal.rule);
    case RefusalCode::kTooLong:
    case RefusalCode::kOutOfRange:
      return FieldError(refusal.field, refusal.rule);
    case RefusalCode::kTooMany:
      return TooMany(refusal);
    case RefusalCode::kNotFound:
      return NotFound(refusal);
    case RefusalCode::kAlreadyExists:
      return MakeError(StatusCode::kAlreadyExists, reason, "an id proposed as new is in use");
    case RefusalCode::kConversationClosed:
      return MakeError(StatusCode::kFailedPrecondition, reason, "the conversation is closed");
    case RefusalCode::kNoLiveContact:
      return MakeError(StatusCode::kFailedPrecondition, reason, "no live contact there: submit one");
    case RefusalCode::kNoGrant:
      return MakeError(StatusCode::kPermissionDenied, reason, "the agent does not take part in this conversation");
    case RefusalCode::kReadOnly:
      return MakeError(StatusCode::kFailedPrecondition, reason, "the agent may not write any more");
    case RefusalCode::kClientNumberTooOld:
      return MakeError(StatusCode::kFailedPrecondition, reason, "an older number that is not remembered any more");
    case RefusalCode::kClientNumberReused:
      return MakeError(StatusCode::kFailedPrecondition, reason, "the number was given to another message");
    case RefusalCode::kConversationFull:
      return MakeError(StatusCode::kResourceExhausted, reason, "the conversation holds as many messages as it may");
    case RefusalCode::kQuotaExceeded:
      return QuotaExceeded("new_contacts.per_second", "too many new contacts");
  }
  return absl::InternalError("a refusal without a name");
}

absl::Status ToStatus(const ContactStanding& standing) {
  switch (standing.kind) {
    case ContactStanding::Kind::kPending:
    case ContactStanding::Kind::kAcknowledged:
      return absl::OkStatus();
    case ContactStanding::Kind::kNotQueued:
      return MakeError(StatusCode::kUnavailable, "NOT_QUEUED", "routing did not answer in time");
    case ContactStanding::Kind::kRefused:
      break;
  }
  if (standing.refusal == "INVALID_CONTACT") return InvalidContact();
  if (standing.refusal == kQuotaExceeded) return QuotaExceeded("waiting_contacts", "too many contacts wait");
  for (const Row& row : kRoutingRefusals) {
    if (row.reason == standing.refusal) return MakeError(row.code, row.reason, row.message);
  }
  return MakeError(StatusCode::kFailedPrecondition, standing.refusal, "routing refused the contact");
}

}  // namespace meridian
