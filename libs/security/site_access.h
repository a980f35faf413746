// Which web sites may open visitor sessions: a public site key per site, each with its tenant and its allowed origins,
// and a rate limit per client address and per site. The sites can be replaced while in use. Any thread.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/time.h"
#include "libs/security/rate_limiter.h"

namespace meridian::security {

struct Site {
  std::string key;  // public, says which site; not a secret
  std::string tenant;
  std::vector<std::string> origins;  // "https://shop.example", "http://127.0.0.1:8080": exact, lower case, no path
};

class SiteAccess {
 public:
  SiteAccess(RateLimiter::Limit per_address, RateLimiter::Limit per_site)
      : per_address_(per_address), per_site_(per_site) {}

  // A key that comes more than once is nobody's: nothing says whose visitors come with it. Answers the sites that fell
  // out for it.
  std::vector<Site> Replace(std::vector<Site> sites);

  // The site, or PERMISSION_DENIED with SITE_UNKNOWN or ORIGIN_DENIED, or RESOURCE_EXHAUSTED with RATE_LIMITED and the
  // metadata retry_after_ms. `origin` is the request's Origin header, `address` the client's.
  absl::StatusOr<Site> Admit(std::string_view site_key, std::string_view origin, std::string_view address, Instant now);

 private:
  RateLimiter per_address_;
  RateLimiter per_site_;
  mutable std::mutex mutex_;
  std::map<std::string, Site, std::less<>> sites_;
};

}  // namespace meridian::security
