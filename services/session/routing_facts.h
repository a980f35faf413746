// What an entry of a routing shard's log says to the session. One thread at a time (the directory's).
#pragma once

#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/conversation/command.h"
#include "services/session/agent_directory.h"

namespace meridian {

// In order; empty when there is nothing for the session. DATA_LOSS for bytes that are no entry; UNAVAILABLE while the
// configuration that says of which kind an agent is has not been heard of.
absl::StatusOr<std::vector<conversation::RoutingFact>> ReadRoutingFacts(std::string_view entry, AgentDirectory& agents);

}  // namespace meridian
