// The session's records ↔ bytes, as proto/meridian/internal/session/v1/session_record.proto says. Decoding answers
// DATA_LOSS for bytes that are no such record, or one of a format that is not read here (stored_format.h); it never
// trusts what it reads. A caller who writes a record anew gives `later`, which gets the fields of a later release, and
// puts them behind what it writes. Pure functions, any thread.
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
std::string Encode(const conversation::ClosingRecord& record);
std::string Encode(const conversation::ErasureRecord& record);

absl::StatusOr<conversation::ConversationRecord> DecodeConversation(std::string_view bytes,
                                                                    std::string* later = nullptr);
absl::StatusOr<conversation::MessageRecord> DecodeMessage(std::string_view bytes);
absl::StatusOr<conversation::ContactDetailsRecord> DecodeContactDetails(std::string_view bytes);
absl::StatusOr<conversation::FollowerPositionRecord> DecodeFollowerPosition(std::string_view bytes,
                                                                            std::string* later = nullptr);
absl::StatusOr<conversation::ClosingRecord> DecodeClosing(std::string_view bytes);
absl::StatusOr<conversation::ErasureRecord> DecodeErasure(std::string_view bytes, std::string* later = nullptr);

}  // namespace meridian
