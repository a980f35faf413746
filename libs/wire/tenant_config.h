// The tenant's configuration: protobuf ↔ domain. Pure functions, any thread.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "libs/domain/tenant_config.h"
#include "meridian/admin/v1/tenant_config.pb.h"

namespace meridian {

// What the configuration says, with defaults filled in and names sorted where the domain wants it. Violations of form
// (unparsable languages, hours, dates, enums left out) are added to `violations`, by path; what could be read is kept,
// so that Validate (libs/domain) can go on and one answer names everything. `zones` holds the tables of the zones that
// the edge knows by name (see libs/config/zone_tables.h); those that are used are put into the result.
TenantConfig TenantConfigFromProto(const admin::v1::TenantConfig& proto, const std::map<std::string, ZoneTable>& zones,
                                   std::vector<FieldViolation>& violations);

// Only the declared attributes.
std::vector<AttributeDeclaration> AttributesFromProto(const admin::v1::TenantConfig& proto,
                                                      std::vector<FieldViolation>& violations);

// With defaults filled in; not checked.
TenantQuotas QuotasFromProto(const admin::v1::TenantQuotas& proto);

// The IANA zones that the configuration names, sorted.
std::vector<std::string> ZonesNamedIn(const admin::v1::TenantConfig& proto);

}  // namespace meridian
