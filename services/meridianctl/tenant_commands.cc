#include "services/meridianctl/tenant_commands.h"

#include "libs/config/tenant_file_check.h"
#include "libs/config/text_file.h"
#include "libs/error/error.h"
#include "libs/runtime/clock.h"
#include "meridian/admin/v1/admin_service.pb.h"
#include "services/meridianctl/line_diff.h"

namespace meridian::ctl {
namespace {

// Reads and checks; false after having said what is wrong.
bool LoadTenantFile(const std::string& path, const Console& console, TenantFile* file) {
  auto text = ReadTextFile(path);
  if (!text.ok()) {
    Fail(console, text.status());
    return false;
  }
  *file = ReadTenantFile(*text);
  CheckTenantFile(*file, SystemWallClock().Now());
  if (file->violations.empty()) return true;
  Fail(console, path, file->violations);
  return false;
}

// The configuration in force in a form that is written the same whoever wrote it.
absl::Status ReadConfigInForce(rpc::Client& client, admin::v1::TenantConfig* config) {
  admin::v1::GetConfigResponse response;
  absl::Status status =
      client.Call("/meridian.admin.v1.AdminService/GetConfig", admin::v1::GetConfigRequest(), &response);
  if (ErrorReason(status) == "NO_CONFIG") return absl::OkStatus();
  *config = response.config();
  return status;
}

}  // namespace

int Apply(ConnectionOptions connection, const ApplyOptions& options, const Console& console) {
  TenantFile file;
  if (!LoadTenantFile(options.file, console, &file)) return kFailed;
  connection.tenant = file.config.tenant();
  auto client = Connect(connection);
  if (!client.ok()) return Fail(console, client.status());
  admin::v1::ApplyConfigRequest request;
  *request.mutable_config() = file.config;
  request.set_validate_only(options.dry_run);
  admin::v1::ApplyConfigResponse response;
  const absl::Status status = CallWithRequestId([&](const std::string& request_id) {
    request.set_request_id(request_id);
    return (*client)->Call("/meridian.admin.v1.AdminService/ApplyConfig", request, &response);
  });
  if (const auto violations = FieldViolations(status); !violations.empty()) {
    return Fail(console, options.file, PlaceInFile(file, violations));
  }
  if (!status.ok()) return Fail(console, status);
  if (options.dry_run) {
    console.out << options.file << " is valid; nothing was published (--dry-run)\n";
  } else if (response.published()) {
    console.out << "published revision " << response.revision() << " of tenant " << file.config.tenant() << "\n";
  } else {
    console.out << "nothing changed: revision " << response.revision() << " of tenant " << file.config.tenant()
                << " is in force\n";
  }
  return kDone;
}

int Diff(ConnectionOptions connection, const std::string& path, const Console& console) {
  TenantFile file;
  if (!LoadTenantFile(path, console, &file)) return kFailed;
  connection.tenant = file.config.tenant();
  auto client = Connect(connection);
  if (!client.ok()) return Fail(console, client.status());
  admin::v1::TenantConfig in_force;
  if (absl::Status status = ReadConfigInForce(**client, &in_force); !status.ok()) return Fail(console, status);
  const std::string old_text = in_force.tenant().empty() ? "" : WriteTenantFile(in_force);
  const std::string old_name =
      in_force.tenant().empty() ? "nothing published" : "revision " + std::to_string(in_force.revision());
  const std::string diff = UnifiedDiff(old_name, old_text, path, WriteTenantFile(file.config));
  console.out << (diff.empty() ? "no difference: " + old_name + " is in force\n" : diff);
  return diff.empty() ? kDone : kFailed;
}

int Schema(const Console& console) {
  console.out << TenantFileSchema();
  return kDone;
}

}  // namespace meridian::ctl
