// absl::Status with its payloads ↔ meridian.internal.link.v1.Status: unlike at the edge, nothing is left out. Pure
// functions, any thread.
#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "meridian/internal/link/v1/link_service.pb.h"

namespace meridian {

// `status` has failed.
void ToLink(const absl::Status& status, internal::link::v1::Status* out);
// Never OK: an unknown code is INTERNAL.
absl::Status FromLink(const internal::link::v1::Status& status);

// UNAVAILABLE (LINK_BROKEN): no connection to the process, or none any more. `unsent`: the call never left this
// process.
absl::Status LinkBroken(std::string_view why, bool unsent = false);
bool WasNotSent(const absl::Status& status);

}  // namespace meridian
