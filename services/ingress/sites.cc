#include "services/ingress/sites.h"

#include <utility>

#include "libs/domain/names.h"

namespace meridian {
namespace {

// A person opens a page, comes back, opens it in a second tab: a burst, then slowly.
constexpr security::RateLimiter::Limit kPerAddress = {.burst = 30, .refill_each = Duration::Seconds(2)};
constexpr security::RateLimiter::Limit kPerSite = {.burst = 5000, .refill_each = Duration::Milliseconds(1)};

}  // namespace

Sites::Sites(const RoutingClient& routing, Log* log) : routing_(routing), log_(log), access_(kPerAddress, kPerSite) {}

void Sites::AllowEverywhere(std::vector<std::string> origins) {
  std::lock_guard lock(mutex_);
  everywhere_ = std::move(origins);
  known_.clear();
}

void Sites::Refresh() {
  Configs configs = routing_.ConfigSnapshots();
  std::lock_guard lock(mutex_);
  if (configs == known_) return;
  std::vector<security::Site> sites;
  for (const auto& config : configs) {
    for (const admin::v1::Site& site : config->sites()) {
      security::Site known{
          site.key(), config->tenant(), {site.allowed_origins().begin(), site.allowed_origins().end()}};
      known.origins.insert(known.origins.end(), everywhere_.begin(), everywhere_.end());
      sites.push_back(std::move(known));
    }
  }
  for (const security::Site& contested : access_.Replace(std::move(sites))) {
    if (log_ == nullptr) break;
    log_->Error("a site key is held more than once and admits nobody",
                {{"site", SiteKey{contested.key}}, {"tenant", TenantId{contested.tenant}}});
  }
  known_ = std::move(configs);
}

absl::StatusOr<security::Site> Sites::Admit(std::string_view site_key, std::string_view origin,
                                            std::string_view address, Instant now) {
  Refresh();
  return access_.Admit(site_key, origin, address, now);
}

}  // namespace meridian
