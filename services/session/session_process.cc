#include "services/session/session_process.h"

#include <utility>

#include "libs/base/status_macros.h"
#include "services/process/shard_holding.h"
#include "services/routing/remote_routing_client.h"
#include "services/session/placed_sessions.h"
#include "services/session/session_port.h"

namespace meridian {
namespace {

// A process that is gone loses its shards after it; renewed at a third.
constexpr Duration kShardLease = Duration::Seconds(2);
// Between two attempts to bring routing what it has not answered: a routing shard that is taken over is away for two to
// three seconds, and its contacts should not wait much longer.
constexpr Duration kLongestRetry = Duration::Milliseconds(700);

// Members stand in dependency order; the keeper calls the shards, so it is stopped first.
class SessionProcess : public Service {
 public:
  SessionProcess(std::unique_ptr<ServiceProcess> process, Duration keep_conversations)
      : process_(std::move(process)),
        holding_(process_.get(), ShardKind::kSession),
        routing_(&process_->map(), process_->Links()),
        shards_(OptionsFor(keep_conversations), PortsFor(), process_->placed()),
        session_([this](const TenantId& tenant) { return shards_.Find(tenant); }),
        port_(&session_, &process_->timer(), {[this](const TenantId& tenant) { return CheckOwner(tenant); }}) {}
  ~SessionProcess() override {
    watch_.reset();
    holding_.Stop();
    process_->Drain(Duration::Seconds(1));
  }

  absl::Status Start() {
    process_->WatchStore(process_->store().log, {ShardKind::kSession, 0});
    port_.Bind(process_->link_server());
    MERIDIAN_RETURN_IF_ERROR(process_->StartServingLinks());
    holding_.Start({.open = [this](uint32_t shard) { shards_.Open(shard); },
                    .close = [this](const std::vector<uint32_t>& shards) { shards_.Close(shards); },
                    .late_by = [this](uint32_t shard) { return shards_.LateBy(shard); }});
    watch_ = process_->map().OnChange([this] {
      for (const uint32_t shard : shards_.Outdated()) holding_.GiveBack(shard);
    });
    return absl::OkStatus();
  }

  void Drain(Duration limit) override {
    process_->readiness().BeginDrain();
    watch_.reset();
    if (!holding_.Leave(limit / 2)) process_->environment().log.Warning("not all work was finished in time");
    process_->Drain(limit / 2);
  }

 private:
  absl::Status CheckOwner(const TenantId& tenant) const {
    MERIDIAN_RETURN_IF_ERROR(holding_.Check(tenant));
    return shards_.Find(tenant).status();
  }
  AssembleSessionOptions OptionsFor(Duration keep_conversations) const {
    AssembleSessionOptions options;
    options.owner = process_->owner();
    options.nonce = process_->environment().seed;
    options.lease_ttl = kShardLease;
    options.core.longest_retry = kLongestRetry;
    options.core.keep_closed = keep_conversations;
    return options;
  }
  SessionPorts PortsFor() {
    Environment& environment = process_->environment();
    const SharedStore& store = process_->store();
    SessionPorts ports;
    ports.shard = {store.store, store.leases, &environment.monotonic_clock, &environment.wall_clock};
    ports.log = store.log;
    ports.routing = &routing_;
    // As in routing: which shards it holds changes while it is ready.
    ports.on_state = [this](ShardId shard, ShardState state, const absl::Status& why) {
      process_->environment().log.Info("session shard",
                                       {{"shard", shard.number}, {"state", state}, {"code", why.code()}});
      holding_.OnState(shard.number, state);
    };
    ports.on_follower_error = [this](ShardId shard, const absl::Status& why) {
      process_->environment().log.Warning("a routing log could not be followed",
                                          {{"routing_shard", shard.number}, {"code", why.code()}});
    };
    ports.on_erasure_trouble = [this](ShardId shard, const ErasureTrouble& trouble) {
      process_->environment().log.Error("a closed conversation cannot be erased",
                                        {{"shard", shard.number},
                                         {"closing", trouble.closing},
                                         {"conversation", trouble.conversation},
                                         {"code", trouble.why.code()}});
    };
    return ports;
  }

  const std::unique_ptr<ServiceProcess> process_;
  ShardHolding holding_;
  RemoteRoutingClient routing_;
  PlacedSessions shards_;
  SessionService session_;
  SessionPort port_;
  std::unique_ptr<ShardMap::Watch> watch_;
};

}  // namespace

void SessionProcessOptions::BindTo(CommandLine& line) {
  process.BindTo(line, ServiceProcessOptions::Role::kHoldsShards);
  line.Bind("--keep-conversations", &keep_conversations,
            "How long the texts of a conversation are kept after its close, then they are deleted; 1s to 87600h");
  line.Must(rules::Between(kShortestKept, kLongestKept));
}

absl::StatusOr<std::unique_ptr<Service>> AssembleSessionProcess(const SessionProcessOptions& options,
                                                                Environment& environment, SharedStore store) {
  ServiceProcessOptions over_store = options.process;
  over_store.opened = std::move(store);
  MERIDIAN_ASSIGN_OR_RETURN(auto process, ServiceProcess::Open(over_store, environment));
  MERIDIAN_RETURN_IF_ERROR(process->DecideShards().status());
  auto session = std::make_unique<SessionProcess>(std::move(process), options.keep_conversations);
  MERIDIAN_RETURN_IF_ERROR(session->Start());
  return session;
}

}  // namespace meridian
