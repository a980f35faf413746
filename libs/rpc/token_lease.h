// How long a stream may live on its token, and what may renew it. A value guarded by its owner.
#pragma once

#include "absl/status/status.h"
#include "libs/base/time.h"
#include "libs/security/token_verifier.h"

namespace meridian::rpc {

inline constexpr Duration kTokenGrace = Duration::Seconds(60);

class TokenLease {
 public:
  explicit TokenLease(security::Claims claims, Duration grace = kTokenGrace)
      : claims_(std::move(claims)), grace_(grace) {}

  // The stream ends UNAUTHENTICATED (TOKEN_EXPIRED) then.
  Instant ends_at() const { return claims_->expires_at + grace_; }
  // Takes a verified token of the same tenant, subject, role and origin, and of the same session once there is one. An
  // older expiry than the present one is taken too: the latest word counts. PERMISSION_DENIED with TOKEN_OF_ANOTHER
  // otherwise.
  absl::Status Renew(security::Claims renewed);
  const security::Claims& claims() const { return claims_; }

 private:
  security::Claims claims_;
  Duration grace_;
};

}  // namespace meridian::rpc
