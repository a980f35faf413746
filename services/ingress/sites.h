// The web sites of all tenants, as their published configurations say, and who may open a visitor session from where.
// Follows each publication. A site key that two tenants hold (SiteKeys of services/admin lets none be published so)
// opens sessions for neither. Any thread.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "libs/security/site_access.h"
#include "libs/telemetry/log.h"
#include "services/routing/routing_client.h"

namespace meridian {

class Sites {
 public:
  // `log` may be null.
  explicit Sites(const RoutingClient& routing, Log* log = nullptr);

  // Origins that every site allows beside its own: those of the pages that this process serves for a demo.
  void AllowEverywhere(std::vector<std::string> origins);

  // As SiteAccess::Admit.
  absl::StatusOr<security::Site> Admit(std::string_view site_key, std::string_view origin, std::string_view address,
                                       Instant now);

 private:
  using Configs = std::vector<std::shared_ptr<const admin::v1::TenantConfig>>;
  void Refresh();

  const RoutingClient& routing_;
  Log* const log_;
  security::SiteAccess access_;
  std::mutex mutex_;
  std::vector<std::string> everywhere_;  // under mutex_
  Configs known_;                        // under mutex_: what access_ was made from
};

}  // namespace meridian
