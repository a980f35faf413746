// The gate that every call of every transport passes: token, access policy, tenant. Denies by default. Any thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "libs/base/time.h"
#include "libs/rpc/call_context.h"
#include "libs/security/access_policy.h"
#include "libs/security/token_verifier.h"

namespace google::protobuf {
class Message;
}

namespace meridian::rpc {

// What a transport read from a call's head.
struct CallHead {
  std::string method;
  std::string bearer_token;  // without "Bearer "; "" when there is none
  std::string traceparent;
  std::string peer;
  // The one Origin header of a transport over HTTP/1.1, which browsers speak; "" when there is none, or more than one.
  // nullopt for gRPC, which they do not.
  std::optional<std::string> origin;
};

class CallGate {
 public:
  using WallClock = std::function<Instant()>;

  CallGate(std::shared_ptr<security::TokenVerifier> verifier, WallClock now)
      : verifier_(std::move(verifier)), now_(std::move(now)) {}

  // UNAUTHENTICATED (TokenVerifier's reasons; TOKEN_INVALID for a token with an origin from anywhere else, where the
  // transport tells) or
  // PERMISSION_DENIED (AccessPolicy's reasons).
  absl::StatusOr<CallContext> Admit(CallHead head, const security::Access& access) const;
  // PERMISSION_DENIED with TENANT_DENIED when the message names another tenant than the token: in a string field
  // `tenant` of its own or of a direct part of it, or by a `name` or `parent` of the form "tenants/T/…".
  static absl::Status CheckTenant(const google::protobuf::Message& message, const security::TokenClaims& claims);

  absl::StatusOr<security::Claims> Verify(std::string_view token) const { return verifier_->Verify(token, now_()); }
  Instant now() const { return now_(); }

 private:
  const std::shared_ptr<security::TokenVerifier> verifier_;
  const WallClock now_;
};

}  // namespace meridian::rpc
