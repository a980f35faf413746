// The error of EventLog::ReadAfter for entries that are no longer kept. Any thread.
#pragma once

#include <optional>

#include "absl/status/status.h"
#include "libs/runtime/event_log.h"

namespace meridian {

// OUT_OF_RANGE; `oldest` is the oldest position that ReadAfter accepts.
absl::Status LogTrimmed(ShardId shard, LogPosition oldest);

// `oldest` of such a status; nullopt for any other.
std::optional<LogPosition> OldestReadable(const absl::Status& status);

}  // namespace meridian
