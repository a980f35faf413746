// The rates of a tenant's quotas (TenantQuotas in its configuration), kept by this process: a token bucket per tenant
// for new contacts and one for messages. What goes beyond is refused here, before it takes anybody else's place: with
// RESOURCE_EXHAUSTED, QUOTA_EXCEEDED, the quota, its limit and when to try again.
//
// Several ingress processes keep an account each. The rate of new contacts is kept once more, for all of them together,
// by the tenant's session shard (services/session/submissions.h); of messages a tenant may have its rate from each. The
// count of waiting contacts is routing's (libs/routing). Any thread.
#pragma once

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/base/entity_id.h"
#include "libs/base/time.h"
#include "libs/domain/tenant_config.h"
#include "libs/security/rate_limiter.h"
#include "libs/telemetry/metrics.h"

namespace meridian {

class Quotas {
 public:
  // `metrics` may be null.
  explicit Quotas(Metrics* metrics);

  // A submission: zero when it may open a contact, else how long until one may again. Meanwhile it may still join a
  // live contact, as a message of that, and is counted as one: an error when there are too many of those too.
  absl::StatusOr<Duration> AdmitSubmission(const TenantId& tenant, const TenantQuotas& quotas, Instant now);
  absl::Status AdmitMessage(const TenantId& tenant, const TenantQuotas& quotas, Instant now);

  // What session and routing answered: a refusal by a quota is counted and gets its limit. `wait` as of
  // AdmitSubmission. Other statuses stay what they are.
  absl::Status Explain(const absl::Status& status, const TenantQuotas& quotas, Duration wait) const;

 private:
  security::RateLimiter contacts_;
  security::RateLimiter messages_;
  Counter refused_contacts_;
  Counter refused_messages_;
  Counter refused_waiting_;
};

}  // namespace meridian
