// How violations of a configuration are told to who wrote it. The domain's checks know "agents[3].capacity_units" and
// "agents[3].skills[1].level"; the message, and the tenant file, which has the same fields, `agents[3].capacity` and
// `agents[3].skills.billing`. Pure functions, any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "libs/error/field_violation.h"
#include "meridian/admin/v1/tenant_config.pb.h"

namespace meridian {

// The path in the message; as far as it can be followed, so at worst that of the enclosing entry. A path that already
// is one of the message stays what it is.
std::string PathInProto(const admin::v1::TenantConfig& config, std::string_view path);

// The same violations, in the message's own terms.
std::vector<FieldViolation> InProtoTerms(const admin::v1::TenantConfig& config, std::vector<FieldViolation> violations);

}  // namespace meridian
