#include "services/session/session_methods.h"

#include <utility>

#include "libs/error/error.h"

namespace meridian {
namespace {

using security::Permission;
using security::Role;
using session::v1::ListMessagesRequest;
using session::v1::ListMessagesResponse;

// A visitor's token names the one conversation that it is for.
absl::Status CheckMayRead(const security::TokenClaims& claims, const ListMessagesRequest& request) {
  if (claims.role != Role::kCustomer) return absl::OkStatus();
  if (!claims.session.empty() && claims.session == request.conversation_id()) return absl::OkStatus();
  return MakeError(absl::StatusCode::kPermissionDenied, "CONVERSATION_DENIED", "not this visitor's conversation");
}

}  // namespace

void BindSession(rpc::MethodTable& table, SessionClient& session) {
  table.Unary<ListMessagesRequest, ListMessagesResponse>(
      "/meridian.session.v1.SessionService/ListMessages",
      {{Role::kCustomer, Role::kIntegrator, Role::kAdmin}, Permission::kConversationsRead},
      [&session](const rpc::CallContext& context, ListMessagesRequest request, rpc::Reply<ListMessagesResponse> reply) {
        const absl::Status may_read = CheckMayRead(*context.claims, request);
        if (!may_read.ok()) return reply(may_read);
        session.ListMessages(
            TenantId{context.tenant()}, std::move(request),
            [reply = std::move(reply)](absl::StatusOr<ListMessagesResponse> response) { reply(std::move(response)); });
      });
}

}  // namespace meridian
