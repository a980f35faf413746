// What belongs to each canonical code: its name, the HTTP status of an answer that fails with it, and the reason that
// is shown where a failure has none of its own. One table. Pure functions, any thread.
#pragma once

#include <string_view>

#include "absl/status/status.h"

namespace meridian {

// The code itself; kUnknown for numbers out of range.
absl::StatusCode KnownCode(absl::StatusCode code);
// "FAILED_PRECONDITION".
std::string_view CodeName(absl::StatusCode code);
// 200 for kOk, else such as 409 for kAborted.
int HttpStatusOf(absl::StatusCode code);
// "" for kOk.
std::string_view DefaultReason(absl::StatusCode code);

}  // namespace meridian
