#include "libs/security/access_policy.h"

#include <gtest/gtest.h>

#include "libs/error/error.h"

namespace meridian::security {
namespace {

TokenClaims Operator() {
  return {.tenant = "demo", .subject = "olga", .role = Role::kAdmin, .permissions = {Permission::kConfigRead}};
}

TEST(AccessPolicyTest, DeniesWhatIsNotInTheTable) {
  AccessPolicy policy;
  policy.Add("/a.B/Get", {{Role::kAdmin}, Permission::kConfigRead});
  EXPECT_TRUE(policy.Check("/a.B/Get", Operator()).ok());
  EXPECT_EQ(ErrorReason(policy.Check("/a.B/Set", Operator())), "METHOD_DENIED");
  EXPECT_EQ(ErrorReason(policy.Check("", Operator())), "METHOD_DENIED");
}

TEST(AccessPolicyTest, NeedsRolePermissionAndTenant) {
  Access read{{Role::kAdmin, Role::kIntegrator}, Permission::kConfigRead};
  EXPECT_TRUE(Authorize(Operator(), read, "demo").ok());
  EXPECT_EQ(ErrorReason(Authorize(Operator(), {{Role::kAgent}, Permission::kConfigRead})), "ROLE_DENIED");
  EXPECT_EQ(ErrorReason(Authorize(Operator(), {{Role::kAdmin}, Permission::kConfigWrite})), "PERMISSION_MISSING");
  EXPECT_EQ(ErrorReason(Authorize(Operator(), read, "other")), "TENANT_DENIED");
  TokenClaims service{.tenant = "*", .role = Role::kService, .permissions = {Permission::kInternal}};
  EXPECT_TRUE(Authorize(service, {{Role::kService}, Permission::kInternal}, "other").ok());
}

TEST(AccessPolicyDeathTest, RefusesAnAccessForNobodyAndTheSameMethodTwice) {
  AccessPolicy policy;
  EXPECT_DEATH(policy.Add("/a.B/Get", {{}, Permission::kConfigRead}), "");
  policy.Add("/a.B/Get", {{Role::kAdmin}, Permission::kConfigRead});
  EXPECT_DEATH(policy.Add("/a.B/Get", {{Role::kAgent}, Permission::kConfigRead}), "");
}

TEST(RolesTest, NoRoleHoldsTheInternalPermissionButServices) {
  for (Role role : {Role::kCustomer, Role::kAgent, Role::kIntegrator, Role::kAdmin}) {
    EXPECT_FALSE(DefaultPermissions(role).Has(Permission::kInternal)) << ToString(role);
  }
  EXPECT_TRUE(DefaultPermissions(Role::kService).Has(Permission::kInternal));
}

}  // namespace
}  // namespace meridian::security
