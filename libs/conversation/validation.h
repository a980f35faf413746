// The limits of what is submitted and said, each refusal naming its field. Pure functions, any thread.
#pragma once

#include <optional>
#include <vector>

#include "libs/conversation/answer.h"
#include "libs/conversation/command.h"
#include "libs/conversation/message.h"

namespace meridian::conversation {

// nullopt: fine. At least one part, each within its limits.
std::optional<Refusal> CheckParts(const std::vector<MessagePart>& parts);
std::optional<Refusal> CheckClientNumber(uint64_t client_number);
std::optional<Refusal> Check(const SubmitContact& command);
std::optional<Refusal> Check(const AppendMessage& command);

}  // namespace meridian::conversation
