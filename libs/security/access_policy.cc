#include "libs/security/access_policy.h"

#include <algorithm>
#include <utility>

#include "libs/base/check.h"
#include "libs/error/error.h"

namespace meridian::security {
namespace {

absl::Status Denied(std::string_view reason, const std::string& message) {
  return MakeError(absl::StatusCode::kPermissionDenied, reason, message);
}

}  // namespace

absl::Status Authorize(const TokenClaims& claims, const Access& access, std::string_view tenant) {
  if (std::find(access.roles.begin(), access.roles.end(), claims.role) == access.roles.end()) {
    return Denied("ROLE_DENIED", "not for the role " + std::string(ToString(claims.role)));
  }
  if (!claims.permissions.Has(access.permission)) {
    return Denied("PERMISSION_MISSING", "needs the permission " + std::string(ToString(access.permission)));
  }
  if (!tenant.empty() && !claims.CoversTenant(tenant)) return Denied("TENANT_DENIED", "the token is of another tenant");
  return absl::OkStatus();
}

void AccessPolicy::Add(std::string method, Access access) {
  MERIDIAN_CHECK(!access.roles.empty());
  bool added = methods_.emplace(std::move(method), std::move(access)).second;
  MERIDIAN_CHECK(added);
}

absl::Status AccessPolicy::Check(std::string_view method, const TokenClaims& claims) const {
  auto found = methods_.find(method);
  if (found == methods_.end()) return Denied("METHOD_DENIED", "nobody may call this method");
  return Authorize(claims, found->second);
}

}  // namespace meridian::security
