// Says whether a token is ours and still valid, and what it claims. Checking a signature costs about 100 µs, so
// verified tokens are remembered by the SHA-256 of their text in a bounded cache, oldest out first; expiry is judged at
// each call. Any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "absl/status/statusor.h"
#include "libs/base/time.h"
#include "libs/security/signing_key.h"
#include "libs/security/token.h"

namespace meridian::security {

using Claims = std::shared_ptr<const TokenClaims>;

class TokenVerifier {
 public:
  explicit TokenVerifier(const SigningKey& key, size_t cache_capacity = 65536);

  // UNAUTHENTICATED with reason TOKEN_MISSING (empty text), TOKEN_MALFORMED (not a JWT of at most 8 KiB), TOKEN_EXPIRED
  // or TOKEN_INVALID (another algorithm, key, issuer or audience; a wrong signature; claims that IssueToken never
  // writes).
  absl::StatusOr<Claims> Verify(std::string_view jwt, Instant now);

  // Tokens that were not in the cache so far, for metrics.
  uint64_t signatures_checked() const;

 private:
  using Digest = std::array<uint8_t, 32>;
  struct DigestHash {
    size_t operator()(const Digest& digest) const noexcept;
  };

  Claims Remembered(const Digest& digest);
  void Remember(const Digest& digest, const Claims& claims);

  const std::string key_id_;
  const std::string public_pem_;
  const size_t capacity_;
  mutable std::mutex mutex_;
  std::unordered_map<Digest, Claims, DigestHash> cache_;
  std::deque<Digest> order_;  // oldest first: what leaves when the cache is full
  uint64_t signatures_checked_ = 0;
};

}  // namespace meridian::security
