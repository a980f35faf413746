// The ingress service between fakes, under a clock that the test sets.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>

#include "libs/security/token_issuer.h"
#include "libs/security/token_verifier.h"
#include "services/ingress/ports.h"
#include "tests/unit/services/fakes/fake_routing_client.h"
#include "tests/unit/services/fakes/fake_session_client.h"

namespace meridian {

class SetWallClock : public WallClock {
 public:
  Instant Now() const override { return {now_ns_.load()}; }
  void Advance(Duration by) { now_ns_ += by.ns; }

 private:
  std::atomic<int64_t> now_ns_{Instant::FromUnixSeconds(1'767'225'600).ns};
};

class IngressWorld : public testing::Test {
 protected:
  IngressWorld() : ids_(*RegionCode::Parse("eu1"), 7, clock_) {}

  // One site for each of the origins, under the keys "site-1", "site-2" …
  static admin::v1::TenantConfig Config(const std::string& tenant, const std::vector<std::string>& origins) {
    admin::v1::TenantConfig config;
    config.set_tenant(tenant);
    config.add_channels()->set_name("chat");
    for (size_t i = 0; i < origins.size(); ++i) {
      admin::v1::Site& site = *config.add_sites();
      site.set_key("site-" + std::to_string(i + 1));
      site.add_allowed_origins(origins[i]);
    }
    return config;
  }
  security::TokenClaims Integrator() const {
    security::TokenClaims claims;
    claims.tenant = "demo";
    claims.subject = "shop";
    claims.role = security::Role::kIntegrator;
    claims.permissions = security::DefaultPermissions(claims.role);
    claims.expires_at = clock_.Now() + Duration::Hours(1);
    return claims;
  }
  security::TokenClaims Visitor() {
    security::TokenClaims claims = Integrator();
    claims.role = security::Role::kCustomer;
    claims.permissions = security::DefaultPermissions(claims.role);
    claims.subject = ids_.Next<CustomerId>().ToString();
    claims.session = ids_.Next<ConversationId>().ToString();
    claims.origin = "https://shop.example";
    claims.expires_at = clock_.Now() + Duration::Minutes(15);
    return claims;
  }

  SetWallClock clock_;
  IdSource ids_;
  const security::SigningKey key_ = *security::SigningKey::Generate();
  FakeRoutingClient routing_;
  FakeSessionClient session_;
  const IngressPorts ports_{session_, routing_, ids_, key_, clock_};
};

}  // namespace meridian
