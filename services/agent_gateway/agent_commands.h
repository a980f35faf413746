// An agent's frames about offers, assignments and activity, as commands for routing. Pure functions, any thread.
#pragma once

#include "absl/status/statusor.h"
#include "libs/routing/commands.h"
#include "meridian/agent/v1/agent_service.pb.h"

namespace meridian {

// INVALID_ARGUMENT naming the field. Frames that are not routing's (messages, tokens), attaching and detaching
// are a broken invariant.
absl::StatusOr<CommandBody> RoutingCommandOf(const agent::v1::ConnectRequest& frame, const AgentId& agent,
                                             AttachmentNumber attachment);

// "available", or an away reason in the form of a name.
absl::StatusOr<Activity> ActivityFrom(const std::string& text, const char* field);

}  // namespace meridian
