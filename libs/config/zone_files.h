// The IANA zones of this machine's tzdata. A name from outside never becomes a path: only a name that was found there
// is loaded. Any thread.
#pragma once

#include <optional>
#include <string>

#include "absl/time/time.h"

namespace meridian {

// nullopt when tzdata does not have the zone. The first call lists tzdata, in a few milliseconds; what is installed
// later is not seen.
std::optional<absl::TimeZone> LoadZone(const std::string& name);

}  // namespace meridian
