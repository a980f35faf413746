#include "libs/security/token_verifier.h"

#include <openssl/sha.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "libs/error/error.h"
#include "libs/security/jwt_codec.h"

namespace meridian::security {
namespace {

absl::Status Expired() {
  return MakeError(absl::StatusCode::kUnauthenticated, kTokenExpired, "the bearer token has expired");
}

}  // namespace

size_t TokenVerifier::DigestHash::operator()(const Digest& digest) const noexcept {
  size_t hash;
  std::memcpy(&hash, digest.data(), sizeof(hash));
  return hash;
}

TokenVerifier::TokenVerifier(const SigningKey& key, size_t cache_capacity)
    : key_id_(key.key_id()), public_pem_(key.public_pem()), capacity_(std::max<size_t>(cache_capacity, 1)) {}

absl::StatusOr<Claims> TokenVerifier::Verify(std::string_view jwt, Instant now) {
  if (jwt.empty()) return MakeError(absl::StatusCode::kUnauthenticated, kTokenMissing, "a bearer token is required");
  if (jwt.size() > kLongestToken) {
    return MakeError(absl::StatusCode::kUnauthenticated, kTokenMalformed, "the bearer token is too long");
  }
  Digest digest;
  SHA256(reinterpret_cast<const unsigned char*>(jwt.data()), jwt.size(), digest.data());
  Claims claims = Remembered(digest);
  if (claims == nullptr) {
    auto decoded = DecodeJwt(jwt, key_id_, public_pem_);
    if (!decoded.ok()) return decoded.status();
    claims = std::make_shared<const TokenClaims>(*std::move(decoded));
    if (now < claims->expires_at) Remember(digest, claims);
  }
  if (now >= claims->expires_at) return Expired();
  return claims;
}

Claims TokenVerifier::Remembered(const Digest& digest) {
  std::lock_guard lock(mutex_);
  auto found = cache_.find(digest);
  if (found != cache_.end()) return found->second;
  ++signatures_checked_;
  return nullptr;
}

void TokenVerifier::Remember(const Digest& digest, const Claims& claims) {
  std::lock_guard lock(mutex_);
  if (!cache_.emplace(digest, claims).second) return;
  order_.push_back(digest);
  while (order_.size() > capacity_) {
    cache_.erase(order_.front());
    order_.pop_front();
  }
}

uint64_t TokenVerifier::signatures_checked() const {
  std::lock_guard lock(mutex_);
  return signatures_checked_;
}

}  // namespace meridian::security
