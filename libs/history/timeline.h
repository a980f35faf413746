// The timeline of a contact as it is stored: its public events, each an entry of libs/wire/log_entry.h after its
// length, so that what comes later is appended. Pure functions, any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/entity_id.h"
#include "libs/wire/log_entry.h"

namespace meridian::history {

// `region`: of the shard whose event it is.
void AppendToTimeline(const RegionCode& region, const LoggedEvent& event, std::string* timeline);

struct TimelineEvent {
  RegionCode region;
  LoggedEvent logged;
};
// In their order. DATA_LOSS for bytes that are no timeline, and for events of a newer format.
absl::StatusOr<std::vector<TimelineEvent>> ReadTimeline(std::string_view timeline);

}  // namespace meridian::history
