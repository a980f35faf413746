#include "services/agent_gateway/assemble.h"

#include <utility>

#include "libs/base/status_macros.h"
#include "services/agent_gateway/serve.h"
#include "services/routing/remote_routing_client.h"
#include "services/session/remote_session_client.h"

namespace meridian {
namespace {

class AgentGatewayProcess : public Service {
 public:
  explicit AgentGatewayProcess(std::unique_ptr<ServiceProcess> process)
      : process_(std::move(process)),
        routing_(&process_->map(), process_->Links()),
        session_(&process_->map(), process_->Links()),
        gateway_({routing_, session_, process_->ids(), process_->timer(), process_->environment().wall_clock}) {}
  // The servers go first, then what their handlers use.
  ~AgentGatewayProcess() override { process_->Drain(Duration::Seconds(1)); }

  absl::Status Start() {
    ServeAgentGateway(gateway_, process_->endpoints());
    return process_->StartOverLinks(
        {{"routing", [this] { return routing_.Probe(); }}, {"session", [this] { return session_.Probe(); }}});
  }

  void Drain(Duration limit) override { process_->Drain(limit); }

 private:
  const std::unique_ptr<ServiceProcess> process_;
  RemoteRoutingClient routing_;
  RemoteSessionClient session_;
  AgentGateway gateway_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Service>> AssembleAgentGateway(const AgentGatewayProcessOptions& options,
                                                              Environment& environment) {
  MERIDIAN_ASSIGN_OR_RETURN(auto process, ServiceProcess::Open(options.process, environment));
  auto gateway = std::make_unique<AgentGatewayProcess>(std::move(process));
  MERIDIAN_RETURN_IF_ERROR(gateway->Start());
  return gateway;
}

}  // namespace meridian
