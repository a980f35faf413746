// What the ingress service works with. Owned by whoever assembles the process; outlives the servers.
#pragma once

#include "libs/app/id_source.h"
#include "libs/base/time.h"
#include "libs/runtime/clock.h"
#include "libs/security/signing_key.h"
#include "libs/telemetry/log.h"
#include "libs/telemetry/metrics.h"
#include "services/routing/routing_client.h"
#include "services/session/session_client.h"

namespace meridian {

struct IngressPorts {
  SessionClient& session;
  RoutingClient& routing;
  IdSource& ids;
  const security::SigningKey& key;  // renews visitors' tokens
  const WallClock& clock;
  Duration visitor_token_life = Duration::Minutes(15);
  Log* log = nullptr;          // may be null
  Metrics* metrics = nullptr;  // may be null
};

}  // namespace meridian
