// The Connect stream: one agent or many on one connection.
#pragma once

#include <memory>

#include "libs/rpc/call_context.h"
#include "libs/rpc/server_stream.h"
#include "meridian/agent/v1/agent_service.pb.h"
#include "services/agent_gateway/gateway.h"

namespace meridian {

// `gateway` must outlive the servers.
std::unique_ptr<rpc::StreamHandler<agent::v1::ConnectRequest>> OpenConnect(AgentGateway& gateway,
                                                                           Attachment::Stream stream);

}  // namespace meridian
