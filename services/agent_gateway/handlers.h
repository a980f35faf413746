// AgentService: how agents of every kind work, over gRPC and WebSocket.
#pragma once

#include "libs/rpc/method_table.h"
#include "services/agent_gateway/gateway.h"

namespace meridian {

inline constexpr char kConnectMethod[] = "/meridian.agent.v1.AgentService/Connect";

void BindAgentGateway(AgentGateway& gateway, rpc::MethodTable& table);

}  // namespace meridian
