#include "services/ingress/quotas.h"

#include <string>
#include <string_view>

#include "libs/error/error.h"
#include "libs/error/quota_error.h"

namespace meridian {
namespace {

constexpr std::string_view kNewContacts = "new_contacts.per_second";
constexpr std::string_view kMessages = "messages.per_second";
constexpr std::string_view kWaitingContacts = "waiting_contacts";
// When a line will be shorter is not known.
constexpr Duration kRetryWaiting = Duration::Seconds(5);

Duration Take(security::RateLimiter& limiter, const TenantId& tenant, const RateQuota& quota, Instant now) {
  return limiter.Take(tenant.value, now, static_cast<int>(quota.burst),
                      Duration::Nanoseconds(Duration::Seconds(1).ns / quota.per_second));
}

absl::Status Exceeded(const absl::Status& status, uint64_t limit, Duration wait) {
  return WithLimit(status, limit, wait.ToMilliseconds() + 1);
}

Counter MakeCounter(Metrics* metrics, std::string_view quota) {
  if (metrics == nullptr) return Counter();
  return metrics->MakeCounter("meridian_quota_refusals_total", "Requests that a tenant's quota refused.",
                              {{"quota", std::string(quota)}});
}

}  // namespace

Quotas::Quotas(Metrics* metrics)
    : contacts_({}),
      messages_({}),
      refused_contacts_(MakeCounter(metrics, kNewContacts)),
      refused_messages_(MakeCounter(metrics, kMessages)),
      refused_waiting_(MakeCounter(metrics, kWaitingContacts)) {}

absl::StatusOr<Duration> Quotas::AdmitSubmission(const TenantId& tenant, const TenantQuotas& quotas, Instant now) {
  const Duration wait = Take(contacts_, tenant, quotas.new_contacts, now);
  if (wait == Duration::Zero() || Take(messages_, tenant, quotas.messages, now) == Duration::Zero()) return wait;
  return Explain(QuotaExceeded(kNewContacts, "too many new contacts"), quotas, wait);
}

absl::Status Quotas::AdmitMessage(const TenantId& tenant, const TenantQuotas& quotas, Instant now) {
  const Duration wait = Take(messages_, tenant, quotas.messages, now);
  if (wait == Duration::Zero()) return absl::OkStatus();
  refused_messages_.Add();
  return Exceeded(QuotaExceeded(kMessages, "too many messages"), quotas.messages.per_second, wait);
}

absl::Status Quotas::Explain(const absl::Status& status, const TenantQuotas& quotas, Duration wait) const {
  if (status.ok() || ErrorReason(status) != kQuotaExceeded) return status;
  const ErrorMetadata metadata = ErrorMetadataOf(status);
  const auto quota = metadata.find(std::string(kQuotaMetadata));
  if (quota == metadata.end()) return status;
  if (quota->second == kNewContacts) {
    refused_contacts_.Add();
    if (metadata.contains(std::string(kLimitMetadata))) return status;  // session has said all of it
    return Exceeded(status, quotas.new_contacts.per_second, wait);
  }
  if (quota->second != kWaitingContacts) return status;
  refused_waiting_.Add();
  return Exceeded(status, quotas.waiting_contacts, kRetryWaiting);
}

}  // namespace meridian
