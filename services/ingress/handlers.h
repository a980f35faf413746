// IngressService: how contacts come in, over gRPC and WebSocket.
#pragma once

#include "libs/rpc/method_table.h"
#include "services/ingress/ports.h"

namespace meridian {

inline constexpr char kConverseMethod[] = "/meridian.ingress.v1.IngressService/Converse";

// Binds every rpc of IngressService. `ports` must outlive the servers.
void BindIngress(const IngressPorts& ports, rpc::MethodTable& table);

}  // namespace meridian
