#include "libs/security/token_issuer.h"

#include <utility>

#include "libs/base/check.h"
#include "libs/error/error.h"
#include "libs/security/jwt_codec.h"

namespace meridian::security {
namespace {

absl::Status CheckClaims(const TokenClaims& claims, Instant now) {
  if (claims.tenant.empty()) return FieldError("tenant", "must be set");
  if (claims.tenant == "*" && claims.role != Role::kService) return FieldError("tenant", "must be one tenant");
  if (claims.subject.empty()) return FieldError("subject", "must be set");
  if (!claims.permissions.IsSubsetOf(DefaultPermissions(claims.role))) {
    return FieldError("permissions", "must be among those of the role " + std::string(ToString(claims.role)));
  }
  if (claims.expires_at <= now) return FieldError("expires_at", "must be in the future");
  if (claims.expires_at - now > kLongestTokenLife) return FieldError("expires_at", "must be within 366 days");
  return absl::OkStatus();
}

}  // namespace

Duration DefaultTokenLife(Role role) {
  switch (role) {
    case Role::kVisitor:
      return Duration::Minutes(15);
    case Role::kAgent:
      return Duration::Hours(12);
    case Role::kIntegrator:
      return Duration::Hours(24 * 30);
    case Role::kOperator:
      return Duration::Hours(12);
    case Role::kService:
      return Duration::Hours(1);
  }
  MERIDIAN_CHECK(false);
}

absl::StatusOr<std::string> IssueToken(const SigningKey& key, const TokenClaims& claims, Instant now) {
  TokenClaims complete = claims;
  complete.issued_at = now;
  if (complete.expires_at == Instant{}) complete.expires_at = now + DefaultTokenLife(claims.role);
  if (complete.permissions.empty()) complete.permissions = DefaultPermissions(claims.role);
  if (absl::Status status = CheckClaims(complete, now); !status.ok()) return status;
  return SignJwt(key, complete);
}

}  // namespace meridian::security
