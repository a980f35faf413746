// What edges and sessions read of the configuration in force (RoutingClient::ConfigSnapshot). Pure, any thread.
#pragma once

#include <memory>

#include "meridian/admin/v1/tenant_config.pb.h"

namespace meridian {

// All but its agents, of whom there may be many and each takes a kilobyte as a message: of those who have a display
// name that name, of the others nothing.
std::shared_ptr<const admin::v1::TenantConfig> SnapshotOf(admin::v1::TenantConfig config);

}  // namespace meridian
