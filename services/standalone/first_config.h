// Publishes the tenant file given at the start, when its tenant has no configuration yet. Later changes are the
// operator's: `meridianctl apply`.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "libs/app/id_source.h"
#include "services/routing/routing_client.h"

namespace meridian {

// What is wrong with a tenant file by itself; nothing is published. OK for one without errors.
absl::Status CheckConfigFile(const std::string& path);

// Blocks until it is durable. Errors name the file, line and column.
absl::Status PublishFirstConfig(const std::string& path, RoutingClient& routing, IdSource& ids);

}  // namespace meridian
