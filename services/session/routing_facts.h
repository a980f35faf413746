// What an entry of a routing shard's log says to the session. Pure, any thread.
#pragma once

#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/conversation/command.h"

namespace meridian {

// In order; empty when there is nothing for the session. DATA_LOSS for bytes that are no entry.
absl::StatusOr<std::vector<conversation::RoutingFact>> ReadRoutingFacts(std::string_view entry);

}  // namespace meridian
