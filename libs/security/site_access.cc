#include "libs/security/site_access.h"

#include <algorithm>
#include <utility>

#include "libs/base/status_macros.h"
#include "libs/error/error.h"

namespace meridian::security {
namespace {

absl::Status CheckRate(RateLimiter& limiter, std::string_view key, Instant now) {
  Duration wait = limiter.Take(key, now);
  if (wait == Duration::Zero()) return absl::OkStatus();
  return MakeError(absl::StatusCode::kResourceExhausted, "RATE_LIMITED", "too many new sessions; try again later",
                   {{"retry_after_ms", std::to_string(wait.ToMilliseconds() + 1)}});
}

absl::Status Denied(std::string_view reason, std::string_view message) {
  return MakeError(absl::StatusCode::kPermissionDenied, reason, message);
}

}  // namespace

std::vector<Site> SiteAccess::Replace(std::vector<Site> sites) {
  std::map<std::string, int, std::less<>> holders;
  for (const Site& site : sites) ++holders[site.key];
  std::map<std::string, Site, std::less<>> by_key;
  std::vector<Site> contested;
  for (Site& site : sites) {
    if (holders.at(site.key) > 1) {
      contested.push_back(std::move(site));
    } else {
      std::string key = site.key;
      by_key.emplace(std::move(key), std::move(site));
    }
  }
  std::lock_guard lock(mutex_);
  sites_ = std::move(by_key);
  return contested;
}

absl::StatusOr<Site> SiteAccess::Admit(std::string_view site_key, std::string_view origin, std::string_view address,
                                       Instant now) {
  // Guesses of site keys count against their address too.
  MERIDIAN_RETURN_IF_ERROR(CheckRate(per_address_, address, now));
  Site site;
  {
    std::lock_guard lock(mutex_);
    auto found = sites_.find(site_key);
    if (found == sites_.end()) return Denied("SITE_UNKNOWN", "no site has this key");
    site = found->second;
  }
  if (std::find(site.origins.begin(), site.origins.end(), origin) == site.origins.end()) {
    return Denied("ORIGIN_DENIED", "the site does not allow this origin");
  }
  MERIDIAN_RETURN_IF_ERROR(CheckRate(per_site_, site_key, now));
  return site;
}

}  // namespace meridian::security
