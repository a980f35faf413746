#include "services/routing/assemble.h"

#include <atomic>
#include <utility>

#include "libs/base/status_macros.h"
#include "services/process/shard_states.h"
#include "services/routing/routing_port.h"
#include "services/routing/routing_service.h"

namespace meridian {
namespace {

constexpr Duration kStartPatience = Duration::Seconds(60);

class RoutingProcess : public Service {
 public:
  RoutingProcess(const RoutingProcessOptions& options, std::unique_ptr<ServiceProcess> process, SharedStore store)
      : store_(std::move(store)),
        process_(std::move(process)),
        routing_(OptionsFor(options), PortsFor()),
        port_(&routing_, &process_->timer(), {}) {
    bound_ = &port_;
  }
  ~RoutingProcess() override {
    process_->Drain(Duration::Seconds(1));
    bound_ = nullptr;
  }

  absl::Status Start() {
    process_->WatchStore(store_.log, {ShardKind::kRouting, 0});
    routing_.Start();
    if (!routing_.AwaitServing(kStartPatience)) return absl::UnavailableError("the shards could not be loaded in time");
    port_.Bind(process_->link_server());
    return process_->StartServingLinks();
  }

  void Drain(Duration limit) override {
    process_->Drain(limit / 2);
    if (!routing_.Drain(limit / 2)) process_->environment().log.Warning("not all work was finished in time");
  }

 private:
  RoutingOptions OptionsFor(const RoutingProcessOptions& process) const {
    RoutingOptions options;
    options.region = process_->ids().region();
    options.owner = process_->environment().service;
    options.seed = process_->environment().seed;
    options.log_limit_bytes = static_cast<uint64_t>(process.log_limit_mib) << 20;
    return options;
  }
  RoutingPorts PortsFor() {
    Environment& environment = process_->environment();
    RoutingPorts ports;
    ports.store = store_.store;
    ports.leases = store_.leases;
    ports.directory = store_.directory;
    ports.event_log = store_.log;
    ports.monotonic = &environment.monotonic_clock;
    ports.wall = &environment.wall_clock;
    ports.metrics = &environment.metrics;
    ports.log = &environment.log;
    ports.on_state = [this](ShardId shard, ShardState state, const absl::Status& why) {
      TellShardState(process_->environment(), process_->readiness(), shard, state, why);
    };
    ports.on_config = [this](const auto& config) {
      if (RoutingPort* port = bound_.load()) port->OnConfig(config);
    };
    return ports;
  }

  const SharedStore store_;
  const std::unique_ptr<ServiceProcess> process_;
  std::atomic<RoutingPort*> bound_{nullptr};
  RoutingService routing_;
  RoutingPort port_;
};

}  // namespace

void RoutingProcessOptions::BindTo(CommandLine& line) {
  process.BindTo(line, ServiceProcessOptions::Calls::kNobody);
  line.Bind("--event-log-limit", &log_limit_mib,
            "MiB of a shard's events, where a replicator relays them: half of it is kept of what is published, and at "
            "60 % new contacts are refused until Kafka takes events again; 0: nobody relays");
  line.Must(rules::Between(0, 1 << 20));
}

absl::StatusOr<std::unique_ptr<Service>> AssembleRouting(const RoutingProcessOptions& options, Environment& environment,
                                                         SharedStore store) {
  MERIDIAN_ASSIGN_OR_RETURN(auto process, ServiceProcess::Open(options.process, environment));
  auto routing = std::make_unique<RoutingProcess>(options, std::move(process), std::move(store));
  MERIDIAN_RETURN_IF_ERROR(routing->Start());
  return routing;
}

}  // namespace meridian
