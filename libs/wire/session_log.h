// An entry of a session shard's log ↔ bytes, as proto/meridian/internal/session/v1/session_log.proto says. Pure
// functions, any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/conversation/effects.h"

namespace meridian {

// Empty for no events: a commit without events has no entry.
std::string EncodeSessionLogEntry(const std::vector<conversation::Event>& events);
// DATA_LOSS for bytes that are no such entry, or one of a newer format.
absl::StatusOr<std::vector<conversation::Event>> DecodeSessionLogEntry(std::string_view bytes);

}  // namespace meridian
