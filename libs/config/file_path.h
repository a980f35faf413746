// Where in the tenant file stands what a check of the domain, or the server, calls by another path: the domain knows
// "agents[3].capacity_units" and "agents[3].skills[1].level", the file `capacity:` and `skills: {billing: …}`.
// Pure functions, any thread.
#pragma once

#include <string>
#include <string_view>

#include "meridian/admin/v1/tenant_config.pb.h"

namespace meridian {

// The path in the file; as far as it can be followed, so at worst that of the enclosing entry. A path that already is
// one of the file stays what it is.
std::string PathInFile(const admin::v1::TenantConfig& config, std::string_view path);

}  // namespace meridian
