#include "libs/rpc/token_lease.h"

#include <utility>

#include "libs/error/error.h"

namespace meridian::rpc {

absl::Status TokenLease::Renew(security::Claims renewed) {
  const security::TokenClaims& old = *claims_;
  bool same_session = old.session.empty() || old.session == renewed->session;
  if (renewed->tenant != old.tenant || renewed->subject != old.subject || renewed->role != old.role ||
      renewed->origin != old.origin || !same_session) {
    return MakeError(absl::StatusCode::kPermissionDenied, "TOKEN_OF_ANOTHER", "the token is of somebody else");
  }
  claims_ = std::move(renewed);
  return absl::OkStatus();
}

}  // namespace meridian::rpc
