#include "services/agent_gateway/handlers.h"

#include <utility>

#include "services/agent_gateway/connect.h"

namespace meridian {

namespace pb = agent::v1;

void BindAgentGateway(AgentGateway& gateway, rpc::MethodTable& table) {
  table.Bidi<pb::ConnectRequest, pb::ConnectResponse>(
      kConnectMethod, {{security::Role::kAgent}, security::Permission::kAgentsConnect},
      [&gateway](const rpc::CallContext&, rpc::ServerStream<pb::ConnectResponse> stream)
          -> absl::StatusOr<std::unique_ptr<rpc::StreamHandler<pb::ConnectRequest>>> {
        return OpenConnect(gateway, std::move(stream));
      });
}

}  // namespace meridian
