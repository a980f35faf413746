// What the session tells routing, and what it makes of the answers. Pure functions, any thread.
#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "libs/conversation/command.h"
#include "libs/conversation/effects.h"
#include "libs/routing/commands.h"

namespace meridian {

Command ToRoutingCommand(const conversation::EnqueueRequest& request);
// `edge.kind` is not kNone.
Command ToRoutingCommand(const conversation::TellRouting& tell);

// nullopt when routing has not answered for good: it could not be reached, or had no room.
std::optional<conversation::EnqueueAnswered> ToEnqueueAnswered(const conversation::EnqueueRequest& request,
                                                               const absl::StatusOr<Answer>& answer);
// Routing takes nothing until somebody mends its store or its disk: whoever waits is better told than kept waiting.
bool NeedsMending(const absl::Status& status);
std::optional<conversation::EdgeAnswered> ToEdgeAnswered(const conversation::TellRouting& tell,
                                                         const absl::StatusOr<Answer>& answer);

}  // namespace meridian
