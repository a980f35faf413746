// A tenant file judged whole: its form, and whether the configuration is consistent. Reads tzdata; any thread.
#pragma once

#include <string>
#include <vector>

#include "libs/base/time.h"
#include "libs/config/tenant_file.h"
#include "libs/domain/tenant_config.h"

namespace meridian {

// The configuration that the file describes, normalized; what is wrong with it is added to `file.violations`, at the
// file's own paths and lines. With violations the configuration is only what could be read.
TenantConfig CheckTenantFile(TenantFile& file, Instant now);

// What was found wrong with the file's configuration, here or by the server, as places of the file.
std::vector<FileViolation> PlaceInFile(const TenantFile& file, const std::vector<FieldViolation>& violations);

}  // namespace meridian
