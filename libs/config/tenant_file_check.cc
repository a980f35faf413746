#include "libs/config/tenant_file_check.h"

#include "libs/config/zone_tables.h"
#include "libs/wire/config_path.h"
#include "libs/wire/tenant_config.h"

namespace meridian {

std::vector<FileViolation> PlaceInFile(const TenantFile& file, const std::vector<FieldViolation>& violations) {
  std::vector<FileViolation> placed;
  for (const FieldViolation& violation : violations) {
    const FilePlace place = file.PlaceOf(violation.field);
    placed.push_back({violation.field, place.line, place.column, violation.rule});
  }
  return placed;
}

TenantConfig CheckTenantFile(TenantFile& file, Instant now) {
  std::vector<FieldViolation> violations;
  TenantConfig config = TenantConfigFromProto(file.config, MakeZoneTables(ZonesNamedIn(file.config), now), violations);
  Normalize(config);
  // What has a wrong form was replaced by a default, of which nothing more should be said.
  if (violations.empty() && file.violations.empty()) violations = InProtoTerms(file.config, Validate(config));
  for (FileViolation& violation : PlaceInFile(file, violations)) file.violations.push_back(std::move(violation));
  return config;
}

}  // namespace meridian
