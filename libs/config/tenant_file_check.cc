#include "libs/config/tenant_file_check.h"

#include "libs/config/file_path.h"
#include "libs/config/zone_tables.h"
#include "libs/wire/tenant_config.h"

namespace meridian {
namespace {

// The file has no list of zones: whoever names one that is not there named one that tzdata does not have.
std::string RuleInFile(const std::string& rule) {
  if (rule != "is not a zone of the tenant") return rule;
  return "must be an IANA time zone that this machine knows, such as Europe/Madrid";
}

}  // namespace

std::vector<FileViolation> PlaceInFile(const TenantFile& file, const std::vector<FieldViolation>& violations) {
  std::vector<FileViolation> placed;
  for (const FieldViolation& violation : violations) {
    std::string path = PathInFile(file.config, violation.field);
    FilePlace place = file.PlaceOf(path);
    placed.push_back({std::move(path), place.line, place.column, RuleInFile(violation.rule)});
  }
  return placed;
}

TenantConfig CheckTenantFile(TenantFile& file, Instant now) {
  std::vector<FieldViolation> violations;
  TenantConfig config = TenantConfigFromProto(file.config, MakeZoneTables(ZonesNamedIn(file.config), now), violations);
  Normalize(config);
  // What has a wrong form was replaced by a default, of which nothing more should be said.
  if (violations.empty() && file.violations.empty()) violations = Validate(config);
  for (FileViolation& violation : PlaceInFile(file, violations)) file.violations.push_back(std::move(violation));
  return config;
}

}  // namespace meridian
