#include "services/standalone/first_config.h"

#include <future>
#include <string_view>
#include <utility>

#include "libs/base/status_macros.h"
#include "libs/config/tenant_file.h"
#include "libs/config/text_file.h"
#include "libs/error/error.h"
#include "services/admin/site_keys.h"

namespace meridian {
namespace {

// The value of the plain top-level key `tenant`; empty when there is no such line.
TenantId TenantNamedIn(std::string_view text) {
  constexpr std::string_view kKey = "tenant: ";
  size_t at = text.starts_with(kKey) ? 0 : text.find("\ntenant: ");
  if (at == std::string_view::npos) return {};
  text.remove_prefix(text.find(kKey, at) + kKey.size());
  return {std::string(text.substr(0, text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-")))};
}

absl::StatusOr<TenantFile> Parse(const std::string& path, std::string_view text) {
  TenantFile file = ReadTenantFile(text);
  if (file.violations.empty()) return file;
  std::string message;
  for (const FileViolation& violation : file.violations) message += "\n  " + violation.ToString(path);
  return absl::InvalidArgumentError("the tenant file has errors:" + message);
}

template <typename T>
auto Fulfil(std::promise<absl::StatusOr<T>>& promise) {
  return [&promise](absl::StatusOr<T> result) { promise.set_value(std::move(result)); };
}

// NOT_FOUND when the tenant has none.
absl::Status FindConfig(const TenantId& tenant, RoutingClient& routing) {
  std::promise<absl::StatusOr<admin::v1::GetConfigResponse>> current;
  routing.GetConfig(tenant, Fulfil(current));
  return current.get_future().get().status();
}

absl::Status Publish(const std::string& path, TenantFile file, RoutingClient& routing, IdSource& ids) {
  const TenantId tenant{file.config.tenant()};
  if (const absl::Status found = FindConfig(tenant, routing); !absl::IsNotFound(found)) return found;
  admin::v1::ApplyConfigRequest request;
  request.set_request_id(ids.NextUuid().ToString());
  *request.mutable_config() = std::move(file.config);
  std::promise<absl::StatusOr<admin::v1::ApplyConfigResponse>> applied;
  SiteKeys(routing).ApplyConfig(tenant, {{ActorRole::kOperator, "first-start"}, {}}, std::move(request),
                                Fulfil(applied));
  absl::Status status = applied.get_future().get().status();
  if (status.ok()) return status;
  std::string message(status.message());
  for (const FieldViolation& violation : FieldViolations(status)) {
    FilePlace place = file.PlaceOf(violation.field);
    message += "\n  " + FileViolation{violation.field, place.line, place.column, violation.rule}.ToString(path);
  }
  return absl::Status(status.code(), message);
}

}  // namespace

absl::Status CheckConfigFile(const std::string& path) {
  MERIDIAN_ASSIGN_OR_RETURN(const std::string text, ReadTextFile(path));
  return Parse(path, text).status();
}

absl::Status PublishFirstConfig(const std::string& path, RoutingClient& routing, IdSource& ids) {
  MERIDIAN_ASSIGN_OR_RETURN(const std::string text, ReadTextFile(path));
  // Reading a large file takes longer than the rest of a start, and there is no use for it after the first.
  const TenantId tenant = TenantNamedIn(text);
  if (!tenant.value.empty() && (routing.ConfigSnapshot(tenant) != nullptr || FindConfig(tenant, routing).ok())) {
    return absl::OkStatus();
  }
  MERIDIAN_ASSIGN_OR_RETURN(TenantFile file, Parse(path, text));
  MERIDIAN_RETURN_IF_ERROR(Publish(path, std::move(file), routing, ids));
  return absl::OkStatus();
}

}  // namespace meridian
