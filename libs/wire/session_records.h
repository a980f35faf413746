// The session's records ↔ bytes, as proto/meridian/internal/session/v1/session_record.proto says. Decoding answers
// DATA_LOSS for bytes that are no such record, or one of a newer format; it never trusts what it reads. Pure functions,
// any thread.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "libs/conversation/records.h"

namespace meridian {

std::string Encode(const conversation::ConversationRecord& record);
std::string Encode(const conversation::MessageRecord& record);
std::string Encode(const conversation::ContactDetailsRecord& record);
std::string Encode(const conversation::FollowerPositionRecord& record);

absl::StatusOr<conversation::ConversationRecord> DecodeConversation(std::string_view bytes);
absl::StatusOr<conversation::MessageRecord> DecodeMessage(std::string_view bytes);
absl::StatusOr<conversation::ContactDetailsRecord> DecodeContactDetails(std::string_view bytes);
absl::StatusOr<conversation::FollowerPositionRecord> DecodeFollowerPosition(std::string_view bytes);

}  // namespace meridian
