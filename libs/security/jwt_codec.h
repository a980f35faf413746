// Claims to signed JWT and back, on cpp-jwt; everything but the time. Inside libs/security only. Any thread.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "libs/security/signing_key.h"
#include "libs/security/token.h"

namespace meridian::security {

inline constexpr size_t kLongestToken = 8192;

absl::StatusOr<std::string> SignJwt(const SigningKey& key, const TokenClaims& claims);

// UNAUTHENTICATED with TOKEN_MALFORMED or TOKEN_INVALID. Does not look at any clock: expiry is the caller's matter.
absl::StatusOr<TokenClaims> DecodeJwt(std::string_view token, const std::string& key_id, const std::string& public_pem);

}  // namespace meridian::security
