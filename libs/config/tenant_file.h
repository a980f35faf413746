// The tenant file: one declarative YAML file that says what TenantConfig (proto/meridian/admin/v1) says, field by
// field. Enumerators are written in short and lower case (`kind: human`), durations as `20s`, `1m30s`, `2h`, `500ms`.
// Pure functions, any thread.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "meridian/admin/v1/tenant_config.pb.h"

namespace meridian {

// Where in the file something is wrong. Lines and columns count from 1; 0 when the place is not in the file.
struct FileViolation {
  std::string path;  // "queues[2].offer_timeout"
  int line = 0;
  int column = 0;
  std::string rule;

  // "demo_tenant.yaml:12:5: queues[2].offer_timeout must be …"
  std::string ToString(std::string_view file_name) const;
};

struct FilePlace {
  int line = 0;
  int column = 0;
};

struct TenantFile {
  admin::v1::TenantConfig config;
  std::map<std::string, FilePlace> places;  // by path
  std::vector<FileViolation> violations;    // empty: the file could be read

  // The place of `path`, or of the nearest enclosing one.
  FilePlace PlaceOf(std::string path) const;
};

inline constexpr size_t kMaxTenantFileBytes = 16 * 1024 * 1024;

// Reads the form of the file only; whether the configuration is consistent is for Validate (libs/domain).
TenantFile ReadTenantFile(std::string_view yaml);

// The JSON Schema (2020-12) of the tenant file, made from the protobuf descriptor.
std::string TenantFileSchema();

// The configuration as a tenant file; reading it gives an equal configuration.
std::string WriteTenantFile(const admin::v1::TenantConfig& config);

}  // namespace meridian
