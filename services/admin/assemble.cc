#include "services/admin/assemble.h"

#include <utility>

#include "libs/base/status_macros.h"
#include "services/admin/handlers.h"
#include "services/routing/remote_routing_client.h"

namespace meridian {
namespace {

class AdminProcess : public Service {
 public:
  explicit AdminProcess(std::unique_ptr<ServiceProcess> process)
      : process_(std::move(process)), routing_(&process_->map(), process_->Links()) {}
  // The servers go first, then what their handlers use.
  ~AdminProcess() override { process_->Drain(Duration::Seconds(1)); }

  absl::Status Start() {
    BindAdmin(routing_, process_->endpoints().methods());
    return process_->StartOverLinks({{"routing", [this] { return routing_.Probe(); }}}, kMaxConfigRequestBytes);
  }

  void Drain(Duration limit) override { process_->Drain(limit); }

 private:
  const std::unique_ptr<ServiceProcess> process_;
  RemoteRoutingClient routing_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Service>> AssembleAdmin(const AdminProcessOptions& options, Environment& environment) {
  MERIDIAN_ASSIGN_OR_RETURN(auto process, ServiceProcess::Open(options.process, environment));
  auto admin = std::make_unique<AdminProcess>(std::move(process));
  MERIDIAN_RETURN_IF_ERROR(admin->Start());
  return admin;
}

}  // namespace meridian
