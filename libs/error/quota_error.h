// A refusal by one of a tenant's quotas, and what such a status says beside its reason (error.h). Any thread; values.
#pragma once

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"

namespace meridian {

inline constexpr std::string_view kQuotaExceeded = "QUOTA_EXCEEDED";
// Metadata: the quota as it is called in the tenant's configuration ("new_contacts.per_second"), and its limit.
inline constexpr std::string_view kQuotaMetadata = "quota";
inline constexpr std::string_view kLimitMetadata = "limit";
// Of any status: when it makes sense to try again. Leaves as google.rpc.RetryInfo.
inline constexpr std::string_view kRetryAfterMetadata = "retry_after_ms";

// RESOURCE_EXHAUSTED (QUOTA_EXCEEDED) with the quota's name; WithLimit adds its limit and when to try again.
absl::Status QuotaExceeded(std::string_view quota, std::string_view message);
absl::Status WithLimit(const absl::Status& exceeded, uint64_t limit, int64_t retry_after_ms);

}  // namespace meridian
