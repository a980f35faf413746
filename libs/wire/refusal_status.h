// A refusal of the routing engine as a failed status with its reason. Pure functions, any thread.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "libs/routing/commands.h"

namespace meridian {

// "STALE_TOKEN": the reason as it is shown to callers.
std::string ReasonName(Refusal refusal);
// OK for an accepted command.
absl::Status StatusOf(const Answer& answer);

}  // namespace meridian
