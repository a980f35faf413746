#include "services/ingress/assemble.h"

#include <utility>

#include "libs/base/status_macros.h"
#include "libs/rpc/websocket_call.h"
#include "services/ingress/handlers.h"
#include "services/ingress/sites.h"
#include "services/ingress/visitor_sessions.h"
#include "services/routing/remote_routing_client.h"
#include "services/session/remote_session_client.h"
#include "services/session/session_methods.h"

namespace meridian {
namespace {

class IngressProcess : public Service {
 public:
  explicit IngressProcess(std::unique_ptr<ServiceProcess> process)
      : process_(std::move(process)),
        routing_(&process_->map(), process_->Links()),
        session_(&process_->map(), process_->Links()),
        sites_(routing_, &process_->environment().log) {}
  // The servers go first, then what their handlers use.
  ~IngressProcess() override { process_->Drain(Duration::Seconds(1)); }

  absl::Status Start() {
    IngressPorts ports{session_, routing_, process_->ids(), process_->key(), process_->environment().wall_clock};
    ports.log = &process_->environment().log;
    BindIngress(ports, process_->methods());
    BindSession(process_->methods(), session_);
    HttpRouter router;
    HandleVisitorSessions(ports, sites_, router);
    const rpc::WebSocketCalls calls{process_->methods(), process_->gate(), process_->timer(), nullptr, {}};
    router.HandleWebSocket(rpc::RouteForMethod(calls, kConverseMethod, "/v1/ingress", "meridian.ingress.v1",
                                               [](std::string_view) { return true; }));
    MERIDIAN_RETURN_IF_ERROR(process_->StartHttp(std::move(router)));
    return process_->StartGrpc(/*serves_links=*/false);
  }

  void Drain(Duration limit) override { process_->Drain(limit); }

 private:
  const std::unique_ptr<ServiceProcess> process_;
  RemoteRoutingClient routing_;
  RemoteSessionClient session_;
  Sites sites_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Service>> AssembleIngress(const IngressProcessOptions& options,
                                                         Environment& environment) {
  MERIDIAN_ASSIGN_OR_RETURN(auto process, ServiceProcess::Open(options.process, environment));
  auto ingress = std::make_unique<IngressProcess>(std::move(process));
  MERIDIAN_RETURN_IF_ERROR(ingress->Start());
  return ingress;
}

}  // namespace meridian
