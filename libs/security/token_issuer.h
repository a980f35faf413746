// Signs tokens: JWT, ES256, with iss, aud, sub, iat, exp, jti and Meridian's claims. Any thread.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "libs/base/time.h"
#include "libs/security/signing_key.h"
#include "libs/security/token.h"

namespace meridian::security {

inline constexpr std::string_view kTokenIssuer = "meridian";
inline constexpr std::string_view kTokenAudience = "meridian";
// No token lives longer, whatever is asked for.
inline constexpr Duration kLongestTokenLife = Duration::Hours(24 * 366);

// The lifetime that a token of this role gets when nothing else is said (visitor: 15 minutes).
Duration DefaultTokenLife(Role role);

// A token issued at `now` with these claims. `issued_at` is ignored; `expires_at` zero means now + the role's default.
// INVALID_FIELD, by the name of the claim, for a permission beyond the role's table, an expiry before `now` or too far,
// a tenant, subject or agent that is no name (IsValidName), "*" as tenant of another role than service.
absl::StatusOr<std::string> IssueToken(const SigningKey& key, const TokenClaims& claims, Instant now);

}  // namespace meridian::security
