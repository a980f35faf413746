// Publishes configurations so that a site's key has one tenant in all of the installation: a key says whose visitors
// come with it. Knows what is published, and what this process is publishing just now. A publication whose outcome is
// not known (UNAVAILABLE) may come true afterwards, and another process may publish too: so a key that is held twice in
// the end opens sessions for nobody (services/ingress/sites.h). Any thread.
#pragma once

#include <memory>

#include "services/routing/routing_client.h"

namespace meridian {

class SiteKeys {
 public:
  // `routing` must outlive the object. Publications may outlive it.
  explicit SiteKeys(RoutingClient& routing);

  // As RoutingClient::ApplyConfig, but INVALID_ARGUMENT for `sites[i].key` when another tenant has it. A key that the
  // tenant's published configuration has already is not asked about again.
  void ApplyConfig(const TenantId& tenant, CommandOrigin origin, admin::v1::ApplyConfigRequest request,
                   RoutingClient::Done<admin::v1::ApplyConfigResponse> done);

 private:
  struct Publications;

  RoutingClient& routing_;
  const std::shared_ptr<Publications> publications_;
};

}  // namespace meridian
