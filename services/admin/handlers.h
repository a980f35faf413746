// AdminService: what operators do. Keeps no state but what is being published now (site_keys.h): everything is asked of
// the tenant's routing shard.
#pragma once

#include "libs/rpc/method_table.h"
#include "services/routing/routing_client.h"

namespace meridian {

// `routing` must outlive the servers.
void BindAdmin(RoutingClient& routing, rpc::MethodTable& table);

}  // namespace meridian
