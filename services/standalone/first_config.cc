#include "services/standalone/first_config.h"

#include <fstream>
#include <future>
#include <sstream>
#include <utility>

#include "libs/base/status_macros.h"
#include "libs/config/tenant_file.h"
#include "libs/error/error.h"

namespace meridian {
namespace {

absl::StatusOr<TenantFile> ReadFile(const std::string& path) {
  std::ifstream stream(path);
  if (!stream) return absl::NotFoundError("cannot read the tenant file " + path);
  std::ostringstream text;
  text << stream.rdbuf();
  TenantFile file = ReadTenantFile(text.str());
  if (file.violations.empty()) return file;
  std::string message;
  for (const FileViolation& violation : file.violations) message += "\n  " + violation.ToString(path);
  return absl::InvalidArgumentError("the tenant file has errors:" + message);
}

template <typename T>
auto Fulfil(std::promise<absl::StatusOr<T>>& promise) {
  return [&promise](absl::StatusOr<T> result) { promise.set_value(std::move(result)); };
}

}  // namespace

absl::Status PublishFirstConfig(const std::string& path, RoutingClient& routing, IdSource& ids) {
  MERIDIAN_ASSIGN_OR_RETURN(TenantFile file, ReadFile(path));
  const TenantId tenant{file.config.tenant()};
  std::promise<absl::StatusOr<admin::v1::GetConfigResponse>> current;
  routing.GetConfig(tenant, Fulfil(current));
  auto published = current.get_future().get();
  if (published.ok() || !absl::IsNotFound(published.status())) return published.status();

  admin::v1::ApplyConfigRequest request;
  request.set_request_id(ids.NextUuid().ToString());
  *request.mutable_config() = std::move(file.config);
  std::promise<absl::StatusOr<admin::v1::ApplyConfigResponse>> applied;
  routing.ApplyConfig(tenant, {{ActorRole::kOperator, "first-start"}, {}}, std::move(request), Fulfil(applied));
  absl::Status status = applied.get_future().get().status();
  if (status.ok()) return status;
  std::string message(status.message());
  for (const FieldViolation& violation : FieldViolations(status)) {
    FilePlace place = file.PlaceOf(violation.field);
    message += "\n  " + FileViolation{violation.field, place.line, place.column, violation.rule}.ToString(path);
  }
  return absl::Status(status.code(), message);
}

}  // namespace meridian
