// The agent gateway as every process that carries it shows it: AgentService, the same over WebSocket, and the agent's
// page.
#pragma once

#include "services/agent_gateway/gateway.h"
#include "services/process/endpoints.h"

namespace meridian {

// `gateway` outlives the servers.
void ServeAgentGateway(AgentGateway& gateway, Endpoints& endpoints);

}  // namespace meridian
