#include "libs/security/token_issuer.h"

#include <algorithm>
#include <utility>

#include "libs/base/check.h"
#include "libs/base/entity_id.h"
#include "libs/error/error.h"
#include "libs/security/jwt_codec.h"

namespace meridian::security {
namespace {

constexpr char kNameRule[] =
    "must be 1 to 63 characters of a-z, 0-9, '_', '.', '-' that begin and end with a letter or digit";

absl::Status CheckClaims(const TokenClaims& claims, Instant now) {
  if (claims.tenant == "*" && claims.role != Role::kService) return FieldError("tenant", "must be one tenant");
  if (claims.tenant != "*" && !IsValidName(claims.tenant)) return FieldError("tenant", kNameRule);
  if (!IsValidName(claims.subject)) return FieldError("subject", kNameRule);
  if (!std::all_of(claims.agents.begin(), claims.agents.end(), IsValidName)) return FieldError("agents", kNameRule);
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
    case Role::kCustomer:
      return Duration::Minutes(15);
    case Role::kAgent:
      return Duration::Hours(12);
    case Role::kIntegrator:
      return Duration::Hours(24 * 30);
    case Role::kSupervisor:
    case Role::kAdmin:
    case Role::kAuditor:
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
