// What routing tells a gateway, as frames for the agent. Pure functions, any thread.
#pragma once

#include "libs/base/time.h"
#include "libs/routing/effects.h"
#include "meridian/agent/v1/agent_service.pb.h"

namespace meridian {

// `now` is the wall clock: deadlines are shown in it.
agent::v1::ConnectResponse FrameOf(const GatewayMessage& message, Instant now);

agent::v1::ConnectResponse MakeResult(const AgentId& agent, const std::string& request_id, const absl::Status& status);
agent::v1::ConnectResponse MakeMessage(const AgentId& agent, const std::string& conversation,
                                       const type::v1::Message& message);
agent::v1::ConnectResponse MakeResync(const AgentId& agent, const std::string& conversation, uint64_t after_number);

}  // namespace meridian
