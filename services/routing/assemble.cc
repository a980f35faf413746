#include "services/routing/assemble.h"

#include <atomic>
#include <utility>

#include "libs/base/status_macros.h"
#include "services/process/shard_holding.h"
#include "services/routing/routing_port.h"
#include "services/routing/routing_service.h"

namespace meridian {
namespace {

// A process that is gone loses its shards after it; renewed at a third.
constexpr Duration kShardLease = Duration::Seconds(2);

// Members stand in dependency order; the keeper calls routing, so it is stopped first.
class RoutingProcess : public Service {
 public:
  RoutingProcess(const RoutingProcessOptions& options, std::unique_ptr<ServiceProcess> process, uint32_t shards)
      : process_(std::move(process)),
        holding_(process_.get(), ShardKind::kRouting),
        routing_(OptionsFor(options, shards), PortsFor()),
        port_(&routing_, &process_->timer(), {[this](const TenantId& tenant) { return holding_.Check(tenant); }}) {
    bound_ = &port_;
  }
  ~RoutingProcess() override {
    holding_.Stop();
    process_->Drain(Duration::Seconds(1));
    bound_ = nullptr;
  }

  absl::Status Start() {
    process_->WatchStore(process_->store().log, {ShardKind::kRouting, 0});
    routing_.Start();
    port_.Bind(process_->link_server());
    MERIDIAN_RETURN_IF_ERROR(process_->StartServingLinks());
    holding_.Start({.open = [this](uint32_t shard) { routing_.Open(shard); },
                    .close =
                        [this](const std::vector<uint32_t>& shards) {
                          for (const uint32_t shard : shards) routing_.Close(shard);
                        },
                    .late_by = [this](uint32_t) { return routing_.LateBy(); }});
    return absl::OkStatus();
  }

  void Drain(Duration limit) override {
    process_->readiness().BeginDrain();
    const bool handed_over = holding_.Leave(limit / 2);
    process_->Drain(limit / 4);
    if (!routing_.Drain(limit / 4) || !handed_over) {
      process_->environment().log.Warning("not all work was finished in time");
    }
  }

 private:
  RoutingOptions OptionsFor(const RoutingProcessOptions& process, uint32_t shards) const {
    RoutingOptions options;
    options.region = process_->ids().region();
    options.shards = options.session_shards = shards;
    options.placed = true;
    options.owner = process_->owner();
    options.seed = process_->environment().seed;
    options.log_limit_bytes = static_cast<uint64_t>(process.log_limit_mib) << 20;
    options.lease_ttl = kShardLease;
    return options;
  }
  RoutingPorts PortsFor() {
    Environment& environment = process_->environment();
    const SharedStore& store = process_->store();
    RoutingPorts ports;
    ports.store = store.store;
    ports.leases = store.leases;
    ports.directory = store.directory;
    ports.event_log = store.log;
    ports.monotonic = &environment.monotonic_clock;
    ports.wall = &environment.wall_clock;
    ports.metrics = &environment.metrics;
    ports.log = &environment.log;
    // Which shards it holds changes while it is ready; one whose records cannot be read leaves the others served.
    ports.on_state = [this](ShardId shard, ShardState state, const absl::Status&) {
      holding_.OnState(shard.number, state);
    };
    ports.on_config = [this](const auto& config) {
      if (RoutingPort* port = bound_.load()) port->OnConfig(config);
    };
    return ports;
  }

  const std::unique_ptr<ServiceProcess> process_;
  std::atomic<RoutingPort*> bound_{nullptr};
  ShardHolding holding_;
  RoutingService routing_;
  RoutingPort port_;
};

}  // namespace

void RoutingProcessOptions::BindTo(CommandLine& line) {
  process.BindTo(line, ServiceProcessOptions::Role::kHoldsShards);
  line.Bind("--event-log-limit", &log_limit_mib,
            "MiB of a shard's events, where a replicator relays them: half of it is kept of what is published, and at "
            "60 % new contacts are refused until Kafka takes events again; 0: nobody relays");
  line.Must(rules::Between(0, 1 << 20));
}

absl::StatusOr<std::unique_ptr<Service>> AssembleRouting(const RoutingProcessOptions& options, Environment& environment,
                                                         SharedStore store) {
  ServiceProcessOptions over_store = options.process;
  over_store.opened = std::move(store);
  MERIDIAN_ASSIGN_OR_RETURN(auto process, ServiceProcess::Open(over_store, environment));
  MERIDIAN_ASSIGN_OR_RETURN(const uint32_t shards, process->DecideShards());
  auto routing = std::make_unique<RoutingProcess>(options, std::move(process), shards);
  MERIDIAN_RETURN_IF_ERROR(routing->Start());
  return routing;
}

}  // namespace meridian
