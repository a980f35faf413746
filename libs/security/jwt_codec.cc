#include "libs/security/jwt_codec.h"

#include <openssl/rand.h>

#include <algorithm>
#include <cstdint>
#include <exception>
#include <limits>
#include <utility>
#include <vector>

#include "libs/base/entity_id.h"
#include "libs/base/status_macros.h"
#include "libs/error/error.h"
#include "libs/security/token_issuer.h"

// The only file that includes cpp-jwt. What it would let through is refused here: see DecodeChecked.
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Weverything"
#include <jwt/jwt.hpp>
#pragma clang diagnostic pop

namespace meridian::security {
namespace {

using Json = nlohmann::json;

absl::Status Unauthenticated(std::string_view reason, std::string_view message) {
  return MakeError(absl::StatusCode::kUnauthenticated, reason, message);
}
absl::Status Malformed() { return Unauthenticated(kTokenMalformed, "the bearer token is not a JWT"); }
absl::Status Invalid(std::string_view message) { return Unauthenticated(kTokenInvalid, message); }

std::string NewTokenId() {
  uint64_t random[2] = {};
  RAND_bytes(reinterpret_cast<unsigned char*>(random), sizeof(random));
  return Uuid{random[0], random[1]}.ToString();
}

// Three parts of base64url: cpp-jwt's decoder indexes a table by the plain `char`, so nothing else may reach it.
bool LooksLikeJwt(std::string_view token) {
  if (token.size() > kLongestToken || std::count(token.begin(), token.end(), '.') != 2) return false;
  if (token.front() == '.' || token.back() == '.' || token.find("..") != std::string_view::npos) return false;
  return std::all_of(token.begin(), token.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  });
}

std::string TextOf(const Json& object, const char* name) {
  auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

bool ReadTime(const Json& payload, const char* name, Instant* out) {
  constexpr uint64_t kLatest = std::numeric_limits<int64_t>::max() / 1000000000;
  auto found = payload.find(name);
  if (found == payload.end() || !found->is_number_unsigned() || found->get<uint64_t>() > kLatest) return false;
  *out = Instant::FromUnixSeconds(static_cast<int64_t>(found->get<uint64_t>()));
  return true;
}

bool ReadPermissions(const Json& payload, PermissionSet* out) {
  auto found = payload.find("permissions");
  if (found == payload.end() || !found->is_array()) return false;
  for (const Json& entry : *found) {
    auto permission = entry.is_string() ? ParsePermission(entry.get<std::string>()) : std::nullopt;
    if (!permission) return false;
    out->Add(*permission);
  }
  return true;
}

bool ReadAgents(const Json& payload, std::vector<std::string>* out) {
  auto found = payload.find("agents");
  if (found == payload.end()) return true;
  if (!found->is_array()) return false;
  for (const Json& entry : *found) {
    if (!entry.is_string()) return false;
    out->push_back(entry.get<std::string>());
  }
  return true;
}

absl::StatusOr<TokenClaims> ReadClaims(const Json& payload) {
  TokenClaims claims;
  auto role = ParseRole(TextOf(payload, "role"));
  claims.tenant = TextOf(payload, "tenant");
  claims.subject = TextOf(payload, "sub");
  claims.session = TextOf(payload, "session");
  claims.origin = TextOf(payload, "origin");
  if (!role || claims.tenant.empty() || claims.subject.empty()) return Invalid("the token lacks a claim");
  claims.role = *role;
  if (!ReadTime(payload, "exp", &claims.expires_at) || !ReadTime(payload, "iat", &claims.issued_at)) {
    return Invalid("the token has no usable exp or iat");
  }
  if (!ReadPermissions(payload, &claims.permissions) || !ReadAgents(payload, &claims.agents)) {
    return Invalid("the token has a claim of the wrong form");
  }
  if (!claims.permissions.IsSubsetOf(DefaultPermissions(claims.role)) ||
      (claims.tenant == "*" && claims.role != Role::kService)) {
    return Invalid("the token claims more than its role may have");
  }
  return claims;
}

// cpp-jwt accepts any algorithm name in any case, takes `none` and HMAC seriously when listed, treats exp and aud as
// optional, knows nothing of kid and crit, and reads the system clock. So: one algorithm, exact header, everything
// required, and a leeway that takes its clock out of play. (With that leeway a token with nbf is always refused: we
// issue none.)
absl::StatusOr<TokenClaims> DecodeChecked(std::string_view token, const std::string& key_id,
                                          const std::string& public_pem) {
  using namespace jwt::params;  // NOLINT(google-build-using-namespace): the library's named arguments
  std::error_code error;
  jwt::jwt_object object =
      jwt::decode(jwt::string_view(token.data(), token.size()), algorithms({"ES256"}), error, secret(public_pem),
                  issuer(std::string(kTokenIssuer)), aud(std::string(kTokenAudience)),
                  leeway(std::numeric_limits<uint32_t>::max()), verify(true));
  if (error && error.category() == jwt::theDecodeErrorCategory) return Malformed();
  if (error) return Invalid("the token is not one of ours");
  const Json& header = object.header().create_json_obj();
  if (TextOf(header, "alg") != "ES256" || TextOf(header, "typ") != "JWT" || TextOf(header, "kid") != key_id ||
      header.contains("crit")) {
    return Invalid("the token's header is not one of ours");
  }
  return ReadClaims(object.payload().create_json_obj());
}

Json PermissionNames(PermissionSet permissions) {
  Json names = Json::array();
  for (Permission permission : permissions.ToVector()) names.push_back(std::string(ToString(permission)));
  return names;
}

jwt::jwt_object Fill(const SigningKey& key, const TokenClaims& claims) {
  jwt::jwt_object object{jwt::params::algorithm("ES256"), jwt::params::secret(key.private_pem())};
  object.header().add_header("kid", jwt::string_view(key.key_id()));
  object.add_claim("iss", std::string(kTokenIssuer))
      .add_claim("aud", std::string(kTokenAudience))
      .add_claim("sub", claims.subject)
      .add_claim("iat", static_cast<uint64_t>(claims.issued_at.ToUnixSeconds()))
      .add_claim("exp", static_cast<uint64_t>(claims.expires_at.ToUnixSeconds()))
      .add_claim("jti", NewTokenId())
      .add_claim("tenant", claims.tenant)
      .add_claim("role", std::string(ToString(claims.role)))
      .add_claim("permissions", PermissionNames(claims.permissions));
  if (!claims.session.empty()) object.add_claim("session", claims.session);
  if (!claims.origin.empty()) object.add_claim("origin", claims.origin);
  if (!claims.agents.empty()) object.add_claim("agents", Json(claims.agents));
  return object;
}

}  // namespace

absl::StatusOr<std::string> SignJwt(const SigningKey& key, const TokenClaims& claims) {
  // The library throws for an unusable key and for text that is not UTF-8.
  try {
    std::error_code error;
    std::string token = Fill(key, claims).signature(error);
    if (error || token.size() > kLongestToken) {
      return MakeError(absl::StatusCode::kInvalidArgument, "TOKEN_NOT_SIGNED",
                       "the token cannot be signed, or is too long");
    }
    return token;
  } catch (const std::exception& failure) {
    return MakeError(absl::StatusCode::kInvalidArgument, "TOKEN_NOT_SIGNED", failure.what());
  }
}

absl::StatusOr<TokenClaims> DecodeJwt(std::string_view token, const std::string& key_id,
                                      const std::string& public_pem) {
  if (!LooksLikeJwt(token)) return Malformed();
  // The library throws for headers whose values are of unexpected types.
  try {
    return DecodeChecked(token, key_id, public_pem);
  } catch (const std::exception&) {
    return Malformed();
  }
}

}  // namespace meridian::security
