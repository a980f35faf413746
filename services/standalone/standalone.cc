#include "services/standalone/standalone.h"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <utility>

#include "libs/app/id_source.h"
#include "libs/base/status_macros.h"
#include "libs/rpc/grpc_server.h"
#include "libs/security/signing_key.h"
#include "libs/security/token_verifier.h"
#include "services/admin/handlers.h"
#include "services/agent_gateway/serve.h"
#include "services/history/assemble.h"
#include "services/history/handlers.h"
#include "services/process/endpoints.h"
#include "services/process/shard_states.h"
#include "services/process/store_watch.h"
#include "services/replicator/handlers.h"
#include "services/replicator/relay_service.h"
#include "services/routing/routing_port.h"
#include "services/routing/routing_service.h"
#include "services/session/assemble.h"
#include "services/session/session_port.h"
#include "services/standalone/first_config.h"

namespace meridian {
namespace {

constexpr Duration kStartPatience = Duration::Seconds(60);
constexpr int64_t kMostLogMib = 1 << 20;

void CheckOptions(const StandaloneOptions& options, OptionProblems& problems) {
  const std::string listen = problems.ValueOf("--listen");
  if (!options.no_demo_tokens && !Listeners(listen, 0, 0).IsLoopback()) {
    problems.Add("--listen", "must be an address of this machine while demo tokens are on, not " + listen +
                                 ": others could reach it with them; use --no-demo-tokens");
  }
  if (!problems.thorough() || options.config.empty()) return;
  if (const absl::Status status = CheckConfigFile(options.config); !status.ok()) {
    problems.Add("--config", std::string(status.message().data(), status.message().size()));
  }
}

AssembleHistoryOptions HistoryOptionsFor(const StandaloneOptions& options, const Environment& environment) {
  AssembleHistoryOptions history;
  history.file = environment.data.File("history.db");
  history.owner = environment.service;
  history.sources = {{ShardKind::kRouting, 0}, {ShardKind::kSession, 0}};
  history.recorder.keep = Duration::Hours(24 * options.history_days);
  return history;
}

HistoryPorts HistoryPortsFor(const SharedStore& store, Environment& environment) {
  return {store.log, &environment.monotonic_clock, &environment.wall_clock, &environment.metrics, &environment.log};
}

// Members stand in dependency order, so that destroying them stops the process from the edge inwards.
class Standalone : public Service {
 public:
  Standalone(const StandaloneOptions& options, Environment& environment, RegionCode region, SharedStore store,
             std::unique_ptr<AssembledHistory> history, security::SigningKey key)
      : options_(options),
        environment_(environment),
        store_(std::move(store)),
        history_(std::move(history)),
        key_(std::move(key)),
        gate_(std::make_shared<security::TokenVerifier>(key_), [&environment] { return environment.wall_clock.Now(); }),
        ids_(region, environment.seed, environment.wall_clock),
        routing_(RoutingOptionsFor(region), RoutingPortsFor()),
        session_(SessionOptionsFor(), SessionPortsFor()),
        routing_port_(&routing_, &timer_, {}),
        session_port_(&session_.client(), &timer_, {}),
        link_server_(&environment.monotonic_clock),
        gateway_({routing_, session_.client(), ids_, timer_, environment.wall_clock}),
        sites_(routing_, &environment.log),
        endpoints_({.pages = options.pages, .reflection = !options.no_demo_tokens}, environment, &gate_, &timer_,
                   &readiness_) {
    for (const ShardKind kind : {ShardKind::kRouting, ShardKind::kSession}) readiness_.Expect(ShardId{kind, 0});
  }
  ~Standalone() override {
    links_.reset();
    follows_configs_ = nullptr;
  }

  absl::Status Start() {
    MERIDIAN_RETURN_IF_ERROR(options_.relay.SettleFormerRelay(1, *store_.log, environment_.log));
    store_watch_ = std::make_unique<StoreWatch>(&timer_, &environment_.monotonic_clock, store_.log,
                                                ShardId{ShardKind::kRouting, 0}, &readiness_);
    routing_.Start();
    session_.Start();
    MERIDIAN_RETURN_IF_ERROR(readiness_.AwaitReady(kStartPatience));
    if (!routing_.AwaitServing(kStartPatience)) {
      return absl::UnavailableError("the shards could not be loaded in time; see the log");
    }
    if (!options_.config.empty()) {
      MERIDIAN_RETURN_IF_ERROR(PublishFirstConfig(options_.config, routing_, ids_));
    }
    ServeIngress(IngressPortsFor(), sites_, endpoints_);
    ServeAgentGateway(gateway_, endpoints_);
    BindAdmin(routing_, endpoints_.methods());
    BindEvents(EventPortsFor(), endpoints_.methods());
    if (history_ == nullptr) {
      BindNoHistory(endpoints_.methods());
    } else {
      history_->Bind(endpoints_.methods());
      history_->Start();
    }
    StartRelay();
    MERIDIAN_RETURN_IF_ERROR(endpoints_.StartHttp());
    if (!options_.no_demo_tokens) AdmitOwnPage(endpoints_, sites_);
    if (options_.links) MERIDIAN_RETURN_IF_ERROR(StartLinks());
    return endpoints_.StartGrpc();
  }

  void Drain(Duration limit) override {
    const Duration each = limit / 7;
    endpoints_.Drain(each * 2);
    if (links_ != nullptr) links_->Drain(each);
    const bool sessions_done = session_.Drain(each);
    const bool routing_done = routing_.Drain(each);
    const bool history_done = history_ == nullptr || history_->Drain(each);
    if (!sessions_done || !routing_done || !history_done) environment_.log.Warning("not all work was finished in time");
    if (relay_ != nullptr && !relay_->Drain(each)) {
      environment_.log.Warning("not all events were published; they are kept for the next start");
    }
  }

 private:
  RoutingOptions RoutingOptionsFor(RegionCode region) const {
    RoutingOptions options;
    options.region = region;
    options.owner = environment_.service;
    options.seed = environment_.seed;
    if (options_.relay.IsOn()) options.log_limit_bytes = static_cast<uint64_t>(options_.log_limit_mib) << 20;
    return options;
  }
  RoutingPorts RoutingPortsFor() {
    return {
        .store = store_.store,
        .leases = store_.leases,
        .directory = store_.directory,
        .event_log = store_.log,
        .monotonic = &environment_.monotonic_clock,
        .wall = &environment_.wall_clock,
        .metrics = &environment_.metrics,
        .log = &environment_.log,
        .on_state = [this](ShardId shard, ShardState state,
                           const absl::Status& why) { TellShardState(environment_, readiness_, shard, state, why); },
        .on_config =
            [this](const auto& config) {
              if (RoutingPort* port = follows_configs_.load()) port->OnConfig(config);
            }};
  }
  AssembleSessionOptions SessionOptionsFor() const {
    AssembleSessionOptions options;
    options.routing_shards = {{ShardKind::kRouting, 0}};
    options.owner = environment_.service;
    options.nonce = environment_.seed;
    options.core.keep_closed = options_.keep_conversations;
    return options;
  }
  SessionPorts SessionPortsFor() {
    SessionPorts ports;
    ports.shard = {store_.store, store_.leases, &environment_.monotonic_clock, &environment_.wall_clock};
    ports.log = store_.log;
    ports.routing = &routing_;
    ports.on_state = [this](ShardId shard, ShardState state, const absl::Status& why) {
      environment_.log.Info("session shard", {{"shard", shard.number}, {"state", state}, {"code", why.code()}});
      TellShardState(environment_, readiness_, shard, state, why);
    };
    ports.on_follower_error = [this](ShardId shard, const absl::Status& why) {
      environment_.log.Warning("a routing log could not be followed",
                               {{"routing_shard", shard.number}, {"code", why.code()}});
    };
    ports.on_erasure_trouble = [this](ShardId shard, const ErasureTrouble& trouble) {
      environment_.log.Error("a closed conversation cannot be erased", {{"shard", shard.number},
                                                                        {"closing", trouble.closing},
                                                                        {"conversation", trouble.conversation},
                                                                        {"code", trouble.why.code()}});
    };
    return ports;
  }
  IngressPorts IngressPortsFor() {
    return {session_.client(),
            routing_,
            ids_,
            key_,
            environment_.wall_clock,
            options_.ingress.visitor_token_life,
            &environment_.log,
            &environment_.metrics};
  }
  EventPorts EventPortsFor() { return {.log = store_.log, .store = store_.store, .directory = store_.directory}; }

  void StartRelay() {
    if (!options_.relay.IsOn()) return;
    RelayOptions options;
    options.region = ids_.region();
    options.kafka = options_.relay.kafka;
    options.owner = environment_.service;
    options.seed = environment_.seed;
    relay_ = std::make_unique<RelayService>(std::move(options), RelayPorts{.event_log = store_.log,
                                                                           .leases = store_.leases,
                                                                           .monotonic = &environment_.monotonic_clock,
                                                                           .wall = &environment_.wall_clock,
                                                                           .metrics = &environment_.metrics,
                                                                           .log = &environment_.log});
    relay_->Start();
  }

  absl::Status StartLinks() {
    follows_configs_ = &routing_port_;
    routing_port_.Bind(link_server_);
    session_port_.Bind(link_server_);
    link_server_.Bind(link_methods_);
    rpc::GrpcServerOptions options;
    options.max_request_bytes = kMaxLinkMessageBytes;
    MERIDIAN_ASSIGN_OR_RETURN(links_, rpc::GrpcServer::Start(options, link_methods_, gate_, timer_, nullptr));
    environment_.listeners.Announce("links", options.address + ":" + std::to_string(links_->port()));
    return absl::OkStatus();
  }

  const StandaloneOptions options_;
  Environment& environment_;
  const SharedStore store_;
  const std::unique_ptr<AssembledHistory> history_;  // null when it could not be opened
  Readiness readiness_;
  const security::SigningKey key_;
  const rpc::CallGate gate_;
  rpc::DeadlineTimer timer_;
  IdSource ids_;
  std::atomic<RoutingPort*> follows_configs_{nullptr};  // once links are served
  RoutingService routing_;
  AssembledSession session_;
  RoutingPort routing_port_;
  SessionPort session_port_;
  LinkServer link_server_;
  rpc::MethodTable link_methods_;
  std::unique_ptr<rpc::GrpcServer> links_;
  AgentGateway gateway_;
  Sites sites_;
  std::unique_ptr<RelayService> relay_;
  Endpoints endpoints_;
  std::unique_ptr<StoreWatch> store_watch_;
};

}  // namespace

void StandaloneOptions::BindTo(CommandLine& line) {
  line.Bind("--config", &config, "Tenant file (YAML), published when its tenant has no configuration yet");
  line.Bind("--region", &region,
            "This installation's region: 1 to 7 of [a-z0-9], a letter first; stays that of the data folder");
  line.Must(rules::Region());
  store.BindTo(line);
  line.Bind("--pages", &pages, kPagesOptionHelp);
  line.Must(rules::Folder());
  line.Bind("--history-days", &history_days,
            "How many days ended contacts and closed conversations are kept in the history; 1 to 3650");
  line.Must(rules::Between(1, 3650));
  line.Bind("--keep-conversations", &keep_conversations,
            "How long the texts of a conversation are kept after its close, then they are deleted; 1s to 87600h");
  line.Must(rules::Between(kShortestKept, kLongestKept));
  line.Bind("--no-demo-tokens", &no_demo_tokens,
            "For real use: no reflection, no extra origins; needed to listen beyond this machine");
  line.Bind("--links", &links,
            "Also serve routing and session to ingress, agent_gateway and admin as processes of their own on this "
            "machine, on a port of its own (links in addresses.json)");
  relay.BindTo(line);
  line.Bind(
      "--event-log-limit", &log_limit_mib,
      "MiB of events, where they are relayed: half of it is kept of what is published, and at 60 % new contacts are "
      "refused until Kafka takes events again");
  line.Must(rules::Between(1, kMostLogMib));
  ingress.BindTo(line);
  line.Check([this](OptionProblems& problems) { CheckOptions(*this, problems); });
}

absl::StatusOr<std::unique_ptr<Service>> AssembleStandalone(const StandaloneOptions& options,
                                                            Environment& environment) {
  auto region = RegionCode::Parse(options.region);
  if (!region) return absl::InvalidArgumentError("--region must be 1 to 7 of [a-z0-9], a letter first");
  MERIDIAN_RETURN_IF_ERROR(environment.data.RequireSame("region", options.region));
  StoreOptions store_options = options.store;
  if (options.relay.IsOn()) {
    store_options.log_keep_bytes = std::min(store_options.log_keep_bytes, options.log_limit_mib * ((1 << 20) / 2));
  }
  MERIDIAN_ASSIGN_OR_RETURN(SharedStore store, OpenStore(store_options, environment));
  // A copy of what the logs said: its loss is no reason not to serve.
  auto history = AssembleHistory(HistoryOptionsFor(options, environment), HistoryPortsFor(store, environment));
  if (!history.ok()) {
    environment.log.Error("the history cannot be opened; serving without it", {{"code", history.status().code()}});
    history = nullptr;
  }
  const std::filesystem::path keys = environment.data.File("keys");
  std::error_code failed;
  std::filesystem::create_directories(keys, failed);  // LoadOrCreate says what is wrong with it
  MERIDIAN_ASSIGN_OR_RETURN(auto key, security::SigningKey::LoadOrCreate(keys));
  auto standalone = std::make_unique<Standalone>(options, environment, *region, std::move(store), *std::move(history),
                                                 std::move(key));
  MERIDIAN_RETURN_IF_ERROR(standalone->Start());
  return standalone;
}

}  // namespace meridian
