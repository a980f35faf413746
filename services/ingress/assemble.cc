#include "services/ingress/assemble.h"

#include <utility>

#include "libs/base/status_macros.h"
#include "services/routing/remote_routing_client.h"
#include "services/session/remote_session_client.h"

namespace meridian {
namespace {

class IngressProcess : public Service {
 public:
  IngressProcess(const IngressProcessOptions& options, std::unique_ptr<ServiceProcess> process)
      : options_(options),
        process_(std::move(process)),
        routing_(&process_->map(), process_->Links()),
        session_(&process_->map(), process_->Links()),
        sites_(routing_, &process_->environment().log) {}
  // The servers go first, then what their handlers use.
  ~IngressProcess() override { process_->Drain(Duration::Seconds(1)); }

  absl::Status Start() {
    const IngressPorts ports{session_,
                             routing_,
                             process_->ids(),
                             process_->key(),
                             process_->environment().wall_clock,
                             options_.ingress.visitor_token_life,
                             &process_->environment().log,
                             &process_->environment().metrics};
    ServeIngress(ports, sites_, process_->endpoints());
    MERIDIAN_RETURN_IF_ERROR(process_->StartOverLinks(
        {{"routing", [this] { return routing_.Probe(); }}, {"session", [this] { return session_.Probe(); }}}));
    if (options_.admit_own_page) AdmitOwnPage(process_->endpoints(), sites_);
    return absl::OkStatus();
  }

  void Drain(Duration limit) override { process_->Drain(limit); }

 private:
  const IngressProcessOptions options_;
  const std::unique_ptr<ServiceProcess> process_;
  RemoteRoutingClient routing_;
  RemoteSessionClient session_;
  Sites sites_;
};

}  // namespace

void IngressProcessOptions::BindTo(CommandLine& line) {
  process.BindTo(line, ServiceProcessOptions::Role::kCallsRoutingAndSession);
  process.BindPages(line);
  ingress.BindTo(line);
  line.Bind("--admit-own-page", &admit_own_page,
            "Every site may also be used from the page that this process serves on this machine: for a demo");
}

absl::StatusOr<std::unique_ptr<Service>> AssembleIngress(const IngressProcessOptions& options,
                                                         Environment& environment) {
  MERIDIAN_ASSIGN_OR_RETURN(auto process, ServiceProcess::Open(options.process, environment));
  auto ingress = std::make_unique<IngressProcess>(options, std::move(process));
  MERIDIAN_RETURN_IF_ERROR(ingress->Start());
  return ingress;
}

}  // namespace meridian
