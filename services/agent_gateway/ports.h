// What the agent gateway works with. Owned by whoever assembles the process; outlives the servers.
#pragma once

#include "libs/app/id_source.h"
#include "libs/rpc/deadline_timer.h"
#include "libs/runtime/clock.h"
#include "services/routing/routing_client.h"
#include "services/session/session_client.h"

namespace meridian {

struct AgentGatewayPorts {
  RoutingClient& routing;
  SessionClient& session;
  IdSource& ids;
  rpc::DeadlineTimer& timer;
  const WallClock& clock;
};

}  // namespace meridian
