// SessionService of the public protos, bound to a SessionClient. Before the servers start; the client outlives the
// table.
#pragma once

#include "libs/rpc/method_table.h"
#include "services/session/session_client.h"

namespace meridian {

void BindSession(rpc::MethodTable& table, SessionClient& session);

}  // namespace meridian
