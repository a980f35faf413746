#include "services/session/reading.h"

#include <algorithm>
#include <utility>

#include "libs/error/error.h"
#include "libs/wire/messages.h"
#include "services/session/session_errors.h"

namespace meridian {

using conversation::MessageRecord;
using conversation::ReadingOpened;

ConversationReading::Cursor& ConversationReading::CursorOf(const ContactId& contact) {
  for (Cursor& cursor : cursors_) {
    if (cursor.contact == contact) return cursor;
  }
  // A conversation has few live contacts: what is left of the others is forgotten.
  if (cursors_.size() >= 2 * conversation::kMaxLiveContacts) {
    std::erase_if(cursors_, [](const Cursor& cursor) { return !cursor.active; });
  }
  return cursors_.emplace_back(Cursor{contact, what_.after_number, false});
}

std::optional<uint64_t> ConversationReading::Behind() const {
  std::optional<uint64_t> behind;
  for (const Cursor& cursor : cursors_) {
    if (cursor.active) behind = std::min(behind.value_or(cursor.after), cursor.after);
  }
  return behind;
}

ConversationReading::Want ConversationReading::Next() {
  if (asked_) return Want::kNothing;
  switch (state_) {
    case State::kOpening:
      asked_ = true;
      return Want::kOpen;
    case State::kSearching:
      asked_ = true;
      return Want::kEndedRecord;
    case State::kReading: {
      const std::optional<uint64_t> behind = Behind();
      if (!behind || *behind >= last_number_) return Want::kNothing;
      page_ = {*behind + 1, std::min(*behind + kPage, last_number_)};
      asked_ = true;
      return Want::kPage;
    }
    case State::kWaiting:
    case State::kEnded:
      return Want::kNothing;
  }
  return Want::kNothing;
}

void ConversationReading::OnOpened(const absl::StatusOr<ReadingOpened>& opened,
                                   const ingress::v1::ContactStatus* status, bool closing) {
  if (opened.ok()) {
    asked_ = false;
    state_ = State::kReading;
    had_grant_ = true;
    closing_ = closing_ || closing;
    last_number_ = std::max(last_number_, opened->last_number);
    for (Cursor& cursor : cursors_) cursor.active = false;
    for (const conversation::ReadRange& range : opened->ranges) {
      Cursor& cursor = CursorOf(range.contact);
      cursor.active = true;
      // Whoever claims to have seen more than there is goes on with what comes.
      cursor.after = std::min(std::max(cursor.after, range.after_number), last_number_);
    }
    if (!told_caught_up_) opened_to_ = last_number_;
    Tell(status);
    Settle();
    return;
  }
  switch (opened.status().code()) {
    case absl::StatusCode::kUnavailable:
      return;  // still asked: Restart asks again
    case absl::StatusCode::kPermissionDenied:
      if (had_grant_) return End(absl::OkStatus());
      asked_ = false;
      state_ = State::kWaiting;
      return;
    case absl::StatusCode::kNotFound:
      if (!IsCustomer()) return End(had_grant_ ? absl::OkStatus() : opened.status());
      asked_ = false;
      state_ = State::kSearching;
      return;
    default:
      return End(opened.status());
  }
}

void ConversationReading::OnEndedRecord(const absl::StatusOr<conversation::ConversationRecord>& record,
                                        const ingress::v1::ContactStatus* status) {
  asked_ = false;
  if (!record.ok()) return End(record.status());
  state_ = State::kReading;
  closing_ = true;
  last_number_ = record->last_number;
  if (!told_caught_up_) opened_to_ = last_number_;
  Cursor& cursor = CursorOf({});
  cursor.active = true;
  cursor.after = std::min(cursor.after, last_number_);
  Tell(status);
  Settle();
}

void ConversationReading::Tell(const ingress::v1::ContactStatus* status) {
  if (status == nullptr) return;
  gate_->With([&](SessionClient::Reader& reader) { reader.OnStatus(*status); });
}

void ConversationReading::Pass(const conversation::Message& message) {
  bool may_have = false;
  for (Cursor& cursor : cursors_) {
    if (!cursor.active || cursor.after + 1 != message.number) continue;
    cursor.after = message.number;
    may_have = may_have || cursor.contact.IsNil() || cursor.contact == message.contact;
  }
  if (may_have) gate_->With([&](SessionClient::Reader& reader) { reader.OnMessage(ToProto(message)); });
}

void ConversationReading::OnPage(const absl::StatusOr<std::vector<MessageRecord>>& messages) {
  asked_ = false;
  // What has closed may have been erased meanwhile: then its record is gone, too.
  if (absl::IsDataLoss(messages.status()) && closing_ && IsCustomer() && !std::exchange(looked_again_, true)) {
    state_ = State::kSearching;
    return;
  }
  if (!messages.ok()) return End(messages.status());
  if (state_ != State::kReading) return;
  for (const MessageRecord& record : *messages) Pass(record.message);
  Settle();
}

void ConversationReading::OnDeliver(const conversation::Deliver& delivered) {
  const conversation::Message& message = delivered.message->message;
  last_number_ = std::max(last_number_, message.number);
  if (state_ != State::kReading || asked_) return;
  const std::optional<uint64_t> behind = Behind();
  if (!behind || *behind + 1 != message.number) return;  // Next reads from where it stands
  Pass(message);
  Settle();
}

void ConversationReading::OnGrant(const conversation::GrantChanged& changed) {
  // An opening's answer, still to come, knows of it.
  if (state_ != State::kWaiting && state_ != State::kReading) return;
  if (!changed.grant) {
    CursorOf(changed.contact).active = false;
    if (Behind() || state_ == State::kWaiting) return;
    // Another grant may stand already in what this batch says next: the core knows.
    state_ = State::kOpening;
    ++epoch_;
    asked_ = false;
    return;
  }
  last_number_ = std::max(last_number_, changed.last_number);
  Cursor& cursor = CursorOf(changed.contact);
  cursor.active = true;
  cursor.after = std::min(std::max(cursor.after, changed.grant->from_number - 1), last_number_);
  if (!had_grant_) opened_to_ = last_number_;
  had_grant_ = true;
  state_ = State::kReading;
  Settle();
}

void ConversationReading::OnConversationClosed() {
  closing_ = true;
  if (state_ == State::kReading) Settle();
}

void ConversationReading::OnStatus(const ingress::v1::ContactStatus& status) {
  if (ended() || state_ == State::kOpening) return;  // told with the opening's answer
  Tell(&status);
}

void ConversationReading::Restart() {
  if (ended()) return;
  ++epoch_;
  asked_ = false;
  state_ = State::kOpening;
}

void ConversationReading::Settle() {
  const std::optional<uint64_t> behind = Behind();
  if (state_ != State::kReading || !behind) return;
  if (!told_caught_up_ && *behind >= opened_to_) {
    told_caught_up_ = true;
    gate_->With([&](SessionClient::Reader& reader) { reader.OnCaughtUp(*behind); });
  }
  if (closing_ && *behind >= last_number_) End(absl::OkStatus());
}

void ConversationReading::End(const absl::Status& status) {
  if (ended()) return;
  state_ = State::kEnded;
  gate_->With([&](SessionClient::Reader& reader) { reader.OnEnded(status); });
}

}  // namespace meridian
