#include "services/agent_gateway/serve.h"

#include "services/agent_gateway/handlers.h"

namespace meridian {

void ServeAgentGateway(AgentGateway& gateway, Endpoints& endpoints) {
  BindAgentGateway(gateway, endpoints.methods());
  // Agents come from our own page only.
  endpoints.HandleWebSocket(kConnectMethod, "/v1/agent", "meridian.agent.v1", nullptr);
  endpoints.ServePages({"agent/", "shared/"});
}

}  // namespace meridian
