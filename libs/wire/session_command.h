// What is asked of session and answered, between processes: meridian.internal.session.v1 (session_command.proto). A
// command's tenant is the call's, and not written. Decoding refuses malformed bytes with INVALID_ARGUMENT. Pure
// functions, any thread, any bytes.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "libs/conversation/answer.h"
#include "libs/conversation/command.h"

namespace meridian {

std::string Encode(const conversation::SubmitContact& command);
std::string Encode(const conversation::AppendMessage& command);
std::string Encode(const conversation::CancelContact& command);
std::string Encode(const conversation::CloseConversation& command);
std::string Encode(const conversation::Submitted& answer);
std::string Encode(const conversation::Appended& answer);
std::string Encode(const conversation::Done& answer);

// T: one of the commands above (its tenant is `tenant`) or answers.
template <class T>
absl::StatusOr<T> DecodeSessionCommand(std::string_view bytes, const TenantId& tenant);
template <class T>
absl::StatusOr<T> DecodeSessionAnswer(std::string_view bytes);

}  // namespace meridian
