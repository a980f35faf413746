// What links carry beside bodies ↔ meridian.internal.link.v1. Pure functions, any thread.
#pragma once

#include "absl/status/status.h"
#include "libs/runtime/acknowledgement.h"
#include "meridian/internal/link/v1/link_service.pb.h"

namespace meridian {

// With its payloads: unlike at the edge, nothing is left out. `status` has failed.
void ToLink(const absl::Status& status, internal::link::v1::Status* out);
// Never OK: an unknown code is INTERNAL.
absl::Status FromLink(const internal::link::v1::Status& status);

void ToLink(const Acknowledgement& answered, internal::link::v1::Acknowledgement* out);
Acknowledgement FromLink(const internal::link::v1::Acknowledgement& answered);
void ToLink(const ReplayOf& replay, internal::link::v1::ReplayOf* out);
ReplayOf FromLink(const internal::link::v1::ReplayOf& replay);

}  // namespace meridian
