#include "libs/error/quota_error.h"

#include <string>

#include "libs/error/error.h"

namespace meridian {

absl::Status QuotaExceeded(std::string_view quota, std::string_view message) {
  return MakeError(absl::StatusCode::kResourceExhausted, kQuotaExceeded, message,
                   {{std::string(kQuotaMetadata), std::string(quota)}});
}

absl::Status WithLimit(const absl::Status& exceeded, uint64_t limit, int64_t retry_after_ms) {
  ErrorMetadata metadata = ErrorMetadataOf(exceeded);
  metadata[std::string(kLimitMetadata)] = std::to_string(limit);
  metadata[std::string(kRetryAfterMetadata)] = std::to_string(retry_after_ms);
  const absl::string_view message = exceeded.message();
  return MakeError(exceeded.code(), ErrorReason(exceeded), {message.data(), message.size()}, metadata);
}

}  // namespace meridian
