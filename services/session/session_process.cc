#include "services/session/session_process.h"

#include <utility>

#include "libs/base/status_macros.h"
#include "services/process/shard_states.h"
#include "services/routing/remote_routing_client.h"
#include "services/session/assemble.h"
#include "services/session/session_port.h"

namespace meridian {
namespace {

class SessionProcess : public Service {
 public:
  SessionProcess(std::unique_ptr<ServiceProcess> process, SharedStore store)
      : store_(std::move(store)),
        process_(std::move(process)),
        routing_(&process_->map(), process_->Links()),
        session_(OptionsFor(), PortsFor()),
        port_(&session_.client(), &process_->timer(), {}) {}
  ~SessionProcess() override { process_->Drain(Duration::Seconds(1)); }

  absl::Status Start() {
    process_->readiness().Expect(ShardId{ShardKind::kSession, 0});
    process_->WatchStore(store_.log, {ShardKind::kSession, 0});
    session_.Start();
    port_.Bind(process_->link_server());
    return process_->StartServingLinks();
  }

  void Drain(Duration limit) override {
    process_->Drain(limit / 2);
    if (!session_.Drain(limit / 2)) process_->environment().log.Warning("not all work was finished in time");
  }

 private:
  AssembleSessionOptions OptionsFor() const {
    AssembleSessionOptions options;
    options.owner = process_->environment().service;
    options.nonce = process_->environment().seed;
    return options;
  }
  SessionPorts PortsFor() {
    Environment& environment = process_->environment();
    SessionPorts ports;
    ports.shard = {store_.store, store_.leases, &environment.monotonic_clock, &environment.wall_clock};
    ports.log = store_.log;
    ports.routing = &routing_;
    ports.on_state = [this](ShardId shard, ShardState state, const absl::Status& why) {
      TellShardState(process_->environment(), process_->readiness(), shard, state, why);
    };
    return ports;
  }

  const SharedStore store_;
  const std::unique_ptr<ServiceProcess> process_;
  RemoteRoutingClient routing_;
  AssembledSession session_;
  SessionPort port_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Service>> AssembleSessionProcess(const SessionProcessOptions& options,
                                                                Environment& environment, SharedStore store) {
  MERIDIAN_ASSIGN_OR_RETURN(auto process, ServiceProcess::Open(options.process, environment));
  auto session = std::make_unique<SessionProcess>(std::move(process), std::move(store));
  MERIDIAN_RETURN_IF_ERROR(session->Start());
  return session;
}

}  // namespace meridian
