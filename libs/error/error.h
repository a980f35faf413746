// Failures of the world as absl::Status with a machine-readable reason, metadata and field violations, in every layer.
// A status made here becomes google.rpc.Status with ErrorInfo (domain "meridian") and BadRequest at the edge; see
// libs/rpc/error.h. Reasons are UPPER_SNAKE_CASE, at most 63 characters, and part of the public API.
// Messages, metadata and rules are shown to callers: no personal data, no secrets. Any thread; values.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "libs/error/field_violation.h"

namespace meridian {

using ErrorMetadata = std::map<std::string, std::string>;

// A failed status with its reason. `code` must not be kOk.
absl::Status MakeError(absl::StatusCode code, std::string_view reason, std::string_view message,
                       const ErrorMetadata& metadata = {});

// INVALID_ARGUMENT with reason INVALID_FIELD, for one field or several (at least one).
absl::Status FieldError(std::string_view path, std::string_view rule);
absl::Status FieldErrors(const std::vector<FieldViolation>& violations);

// One answer that names every field: `more` after the violations of `first`, which is OK or one of the above. A failure
// of another kind stays what it is. OK when nothing is wrong.
absl::Status WithMoreFields(absl::Status first, const std::vector<FieldViolation>& more);

// The reason that a status was made with; "" for OK and for statuses made elsewhere.
std::string ErrorReason(const absl::Status& status);
ErrorMetadata ErrorMetadataOf(const absl::Status& status);
std::vector<FieldViolation> FieldViolations(const absl::Status& status);

// The same status with these violations attached, whatever its code.
absl::Status WithFieldViolations(absl::Status status, const std::vector<FieldViolation>& violations);

}  // namespace meridian
