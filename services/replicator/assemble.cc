#include "services/replicator/assemble.h"

#include <string>
#include <utility>

#include "libs/base/status_macros.h"
#include "services/history/assemble.h"
#include "services/history/handlers.h"
#include "services/replicator/handlers.h"
#include "services/replicator/relay_service.h"

namespace meridian {
namespace {

constexpr char kRelay[] = "relay to Kafka";

AssembleHistoryOptions HistoryOptionsFor(const ReplicatorProcessOptions& options, const Environment& environment) {
  AssembleHistoryOptions history;
  history.file = environment.data.File("history.db");
  history.owner = environment.service;
  for (uint32_t number = 0; number < options.shards; ++number) {
    history.sources.push_back({ShardKind::kRouting, number});
    history.sources.push_back({ShardKind::kSession, number});
  }
  history.recorder.keep = Duration::Hours(24 * options.history_days);
  return history;
}

class ReplicatorProcess : public Service {
 public:
  // `history` is null where it cannot be opened.
  ReplicatorProcess(const ReplicatorProcessOptions& options, std::unique_ptr<ServiceProcess> process, SharedStore store,
                    std::unique_ptr<AssembledHistory> history)
      : options_(options), store_(std::move(store)), history_(std::move(history)), process_(std::move(process)) {}
  // The servers go first, then what their handlers use.
  ~ReplicatorProcess() override { process_->Drain(Duration::Seconds(1)); }

  absl::Status Start() {
    MERIDIAN_RETURN_IF_ERROR(
        options_.relay.SettleFormerRelay(options_.shards, *store_.log, process_->environment().log));
    BindEvents({.log = store_.log, .store = store_.store, .directory = store_.directory},
               process_->endpoints().methods());
    if (history_ == nullptr) {
      BindNoHistory(process_->endpoints().methods());
    } else {
      history_->Bind(process_->endpoints().methods());
      history_->Start();
    }
    StartRelay();
    process_->WatchStore(store_.log, {ShardKind::kRouting, 0});
    return process_->StartOverLinks({});
  }

  void Drain(Duration limit) override {
    Log& log = process_->environment().log;
    process_->Drain(limit / 3);
    if (history_ != nullptr && !history_->Drain(limit / 3)) log.Warning("not all work was finished in time");
    if (relay_ != nullptr && !relay_->Drain(limit / 3)) {
      log.Warning("not all events were published; they are kept for the next start");
    }
  }

 private:
  void StartRelay() {
    if (!options_.relay.IsOn()) return;
    Environment& environment = process_->environment();
    RelayOptions options;
    options.region = process_->ids().region();
    options.kafka = options_.relay.kafka;
    options.shards = options_.shards;
    // No other process may take it for its own, also one of the same name.
    options.owner = environment.service + "-" + std::to_string(environment.seed);
    options.seed = environment.seed;
    RelayPorts ports;
    ports.event_log = store_.log;
    ports.leases = store_.leases;
    ports.monotonic = &environment.monotonic_clock;
    ports.wall = &environment.wall_clock;
    ports.metrics = &environment.metrics;
    ports.log = &environment.log;
    // Nobody else waits for Kafka: the other services go on, and so do the readers here.
    process_->readiness().Tell(kRelay, true, "", absl::OkStatus());
    ports.on_waiting = [readiness = &process_->readiness()](size_t shards) {
      readiness->Tell(kRelay, shards == 0, "events of " + std::to_string(shards) + " shards wait for Kafka",
                      absl::OkStatus());
    };
    relay_ = std::make_unique<RelayService>(std::move(options), ports);
    relay_->Start();
  }

  const ReplicatorProcessOptions options_;
  const SharedStore store_;
  const std::unique_ptr<AssembledHistory> history_;
  const std::unique_ptr<ServiceProcess> process_;
  std::unique_ptr<RelayService> relay_;
};

}  // namespace

void ReplicatorProcessOptions::BindTo(CommandLine& line) {
  process.BindTo(line, ServiceProcessOptions::Role::kFollowsLogs);
  relay.BindTo(line);
  line.Bind("--history-days", &history_days,
            "How many days ended contacts and closed conversations are kept in the history; 1 to 3650");
  line.Must(rules::Between(1, 3650));
}

absl::StatusOr<std::unique_ptr<Service>> AssembleReplicator(const ReplicatorProcessOptions& options,
                                                            Environment& environment, SharedStore store) {
  ReplicatorProcessOptions settled = options;
  settled.process.opened = store;
  MERIDIAN_ASSIGN_OR_RETURN(auto process, ServiceProcess::Open(settled.process, environment));
  if (settled.shards == 0) {
    MERIDIAN_ASSIGN_OR_RETURN(settled.shards, process->DecideShards());
  }
  const HistoryPorts ports{store.log, &environment.monotonic_clock, &environment.wall_clock, &environment.metrics,
                           &environment.log};
  // A copy of what the logs said: its loss is no reason not to serve.
  auto history = AssembleHistory(HistoryOptionsFor(settled, environment), ports);
  if (!history.ok()) {
    environment.log.Error("the history cannot be opened; serving without it", {{"code", history.status().code()}});
    history = nullptr;
  }
  auto replicator =
      std::make_unique<ReplicatorProcess>(settled, std::move(process), std::move(store), *std::move(history));
  MERIDIAN_RETURN_IF_ERROR(replicator->Start());
  return replicator;
}

}  // namespace meridian
