#include "services/admin/handlers.h"

#include <memory>
#include <string>
#include <utility>

#include "libs/error/error.h"
#include "libs/wire/trace_context.h"
#include "services/admin/site_keys.h"

namespace meridian {
namespace {

namespace pb = admin::v1;
using security::Permission;
using security::Role;

TenantId TenantOf(const rpc::CallContext& context) { return {context.tenant()}; }

CommandOrigin OriginOf(const rpc::CallContext& context) {
  return {{ActorRole::kOperator, context.subject()}, TraceContextFrom(context.traceparent)};
}

std::string NameOf(const char* method) { return std::string("/meridian.admin.v1.AdminService/") + method; }

void ApplyConfig(SiteKeys& site_keys, const rpc::CallContext& context, pb::ApplyConfigRequest request,
                 rpc::Reply<pb::ApplyConfigResponse> reply) {
  auto request_id = Uuid::Parse(request.request_id());
  std::vector<FieldViolation> violations;
  if (!request_id || request_id->Version() != 7) violations.push_back({"request_id", "must be a version 7 UUID"});
  if (!request.has_config()) {
    violations.push_back({"config", "must be set"});
  } else if (request.config().tenant() != context.tenant()) {
    violations.push_back({"config.tenant", "must be the tenant of the token"});
  }
  if (!violations.empty()) return reply(FieldErrors(violations));
  site_keys.ApplyConfig(TenantOf(context), OriginOf(context), std::move(request), reply);
}

}  // namespace

void BindAdmin(RoutingClient& routing, rpc::MethodTable& table) {
  auto site_keys = std::make_shared<SiteKeys>(routing);
  table.Unary<pb::ApplyConfigRequest, pb::ApplyConfigResponse>(
      NameOf("ApplyConfig"), {{Role::kAdmin}, Permission::kConfigWrite},
      [site_keys](const rpc::CallContext& context, pb::ApplyConfigRequest request,
                  rpc::Reply<pb::ApplyConfigResponse> reply) {
        ApplyConfig(*site_keys, context, std::move(request), std::move(reply));
      });
  table.Unary<pb::GetConfigRequest, pb::GetConfigResponse>(
      NameOf("GetConfig"), {{Role::kAdmin, Role::kAuditor}, Permission::kConfigRead},
      [&routing](const rpc::CallContext& context, const pb::GetConfigRequest&,
                 rpc::Reply<pb::GetConfigResponse> reply) { routing.GetConfig(TenantOf(context), std::move(reply)); });
  table.Unary<pb::ListAgentsRequest, pb::ListAgentsResponse>(
      NameOf("ListAgents"), {{Role::kAdmin, Role::kSupervisor}, Permission::kAgentsRead},
      [&routing](const rpc::CallContext& context, pb::ListAgentsRequest request,
                 rpc::Reply<pb::ListAgentsResponse> reply) {
        routing.ListAgents(TenantOf(context), std::move(request), std::move(reply));
      });
  table.Unary<pb::ListContactsRequest, pb::ListContactsResponse>(
      NameOf("ListContacts"), {{Role::kAdmin, Role::kSupervisor}, Permission::kContactsRead},
      [&routing](const rpc::CallContext& context, pb::ListContactsRequest request,
                 rpc::Reply<pb::ListContactsResponse> reply) {
        routing.ListContacts(TenantOf(context), std::move(request), std::move(reply));
      });
  table.Unary<pb::ExplainContactRequest, pb::ExplainContactResponse>(
      NameOf("ExplainContact"), {{Role::kAdmin, Role::kSupervisor}, Permission::kContactsRead},
      [&routing](const rpc::CallContext& context, pb::ExplainContactRequest request,
                 rpc::Reply<pb::ExplainContactResponse> reply) {
        routing.ExplainContact(TenantOf(context), std::move(request), std::move(reply));
      });
}

}  // namespace meridian
