#include "libs/rpc/call_gate.h"

#include <algorithm>
#include <utility>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "libs/base/status_macros.h"
#include "libs/error/error.h"

namespace meridian::rpc {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr std::string_view kTenantPrefix = "tenants/";

bool IsText(const FieldDescriptor* field) {
  return field != nullptr && field->type() == FieldDescriptor::TYPE_STRING && !field->is_repeated();
}

std::string Text(const Message& message, const FieldDescriptor* field) {
  return IsText(field) ? message.GetReflection()->GetString(message, field) : std::string();
}

std::string TenantOfName(std::string_view name) {
  if (name.substr(0, kTenantPrefix.size()) != kTenantPrefix) return "";
  name.remove_prefix(kTenantPrefix.size());
  return std::string(name.substr(0, name.find('/')));
}

absl::Status CheckOwnFields(const Message& message, const security::TokenClaims& claims) {
  const Descriptor* type = message.GetDescriptor();
  for (const std::string& named :
       {Text(message, type->FindFieldByName("tenant")), TenantOfName(Text(message, type->FindFieldByName("name"))),
        TenantOfName(Text(message, type->FindFieldByName("parent")))}) {
    if (named.empty() || claims.CoversTenant(named)) continue;
    return MakeError(absl::StatusCode::kPermissionDenied, "TENANT_DENIED", "the token is of another tenant");
  }
  return absl::OkStatus();
}

// 00-<32 hex>-<16 hex>-<2 hex>: anything else is not worth carrying on.
bool IsTraceparent(std::string_view text) {
  if (text.size() != 55 || text[2] != '-' || text[35] != '-' || text[52] != '-') return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || c == '-'; });
}

}  // namespace

absl::StatusOr<CallContext> CallGate::Admit(CallHead head, const security::Access& access) const {
  CallContext context;
  context.received_at = now_();
  MERIDIAN_ASSIGN_OR_RETURN(context.claims, verifier_->Verify(head.bearer_token, context.received_at));
  if (head.origin && !context.claims->origin.empty() && *head.origin != context.claims->origin) {
    return MakeError(absl::StatusCode::kUnauthenticated, security::kTokenInvalid, "the token is of another origin");
  }
  MERIDIAN_RETURN_IF_ERROR(security::Authorize(*context.claims, access));
  context.method = std::move(head.method);
  context.peer = std::move(head.peer);
  if (IsTraceparent(head.traceparent)) context.traceparent = std::move(head.traceparent);
  return context;
}

absl::Status CallGate::CheckTenant(const Message& message, const security::TokenClaims& claims) {
  MERIDIAN_RETURN_IF_ERROR(CheckOwnFields(message, claims));
  const Descriptor* type = message.GetDescriptor();
  const auto* reflection = message.GetReflection();
  for (int i = 0; i < type->field_count(); ++i) {
    const FieldDescriptor* field = type->field(i);
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE || field->is_repeated()) continue;
    if (!reflection->HasField(message, field)) continue;
    MERIDIAN_RETURN_IF_ERROR(CheckOwnFields(reflection->GetMessage(message, field), claims));
  }
  return absl::OkStatus();
}

}  // namespace meridian::rpc
