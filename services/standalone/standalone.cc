#include "services/standalone/standalone.h"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <utility>

#include "libs/app/id_source.h"
#include "libs/base/status_macros.h"
#include "libs/http/server.h"
#include "libs/rpc/grpc_server.h"
#include "libs/rpc/websocket_call.h"
#include "libs/security/signing_key.h"
#include "libs/security/token_verifier.h"
#include "services/admin/handlers.h"
#include "services/agent_gateway/handlers.h"
#include "services/history/assemble.h"
#include "services/history/handlers.h"
#include "services/ingress/handlers.h"
#include "services/ingress/sites.h"
#include "services/ingress/visitor_sessions.h"
#include "services/replicator/handlers.h"
#include "services/replicator/relay_service.h"
#include "services/routing/routing_port.h"
#include "services/routing/routing_service.h"
#include "services/session/assemble.h"
#include "services/session/session_methods.h"
#include "services/session/session_port.h"
#include "services/standalone/call_metrics.h"
#include "services/standalone/first_config.h"
#include "services/standalone/shard_health.h"

namespace meridian {
namespace {

constexpr Duration kStartPatience = Duration::Seconds(60);
constexpr size_t kMaxLinkMessageBytes = 8 << 20;
constexpr Duration kShortestVisitorTokenLife = Duration::Seconds(10);
constexpr Duration kLongestVisitorTokenLife = Duration::Hours(1);

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
        sites_(routing_, &environment.log) {}
  ~Standalone() override {
    health_.Follow(nullptr);
    links_.reset();
    follows_configs_ = nullptr;
  }

  absl::Status Start() {
    MERIDIAN_RETURN_IF_ERROR(options_.relay.SettleFormerRelay(1, *store_.log, environment_.log));
    routing_.Start();
    session_.Start();
    MERIDIAN_RETURN_IF_ERROR(health_.AwaitServing(kStartPatience));
    if (!routing_.AwaitServing(kStartPatience)) {
      return absl::UnavailableError("the shards could not be loaded in time; see the log");
    }
    if (!options_.config.empty()) {
      MERIDIAN_RETURN_IF_ERROR(PublishFirstConfig(options_.config, routing_, ids_));
    }
    BindIngress(IngressPortsFor(), methods_);
    BindAgentGateway(gateway_, methods_);
    BindAdmin(routing_, methods_);
    BindSession(methods_, session_.client());
    BindEvents(EventPortsFor(), methods_);
    if (history_ == nullptr) {
      BindNoHistory(methods_);
    } else {
      history_->Bind(methods_);
      history_->Start();
    }
    call_metrics_ = std::make_unique<CallMetrics>(methods_, environment_.metrics, environment_.log);
    StartRelay();
    MERIDIAN_RETURN_IF_ERROR(StartHttp());
    if (options_.links) MERIDIAN_RETURN_IF_ERROR(StartLinks());
    return StartGrpc();
  }

  void Drain(Duration limit) override {
    health_.Follow(nullptr);
    grpc_->SetServing(false);
    const Duration each = limit / 7;
    http_->Stop(each);
    grpc_->Drain(each);
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
    return {.store = store_.store,
            .leases = store_.leases,
            .directory = store_.directory,
            .event_log = store_.log,
            .monotonic = &environment_.monotonic_clock,
            .wall = &environment_.wall_clock,
            .metrics = &environment_.metrics,
            .log = &environment_.log,
            .on_state = [this](ShardId shard, ShardState state,
                               const absl::Status& why) { OnShardState(shard, state, why); },
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
    return options;
  }
  SessionPorts SessionPortsFor() {
    SessionPorts ports;
    ports.shard = {store_.store, store_.leases, &environment_.monotonic_clock, &environment_.wall_clock};
    ports.log = store_.log;
    ports.routing = &routing_;
    ports.on_state = [this](ShardId shard, ShardState state, const absl::Status& why) {
      environment_.log.Info("session shard", {{"shard", shard.number}, {"state", state}, {"code", why.code()}});
      OnShardState(shard, state, why);
    };
    ports.on_follower_error = [this](ShardId shard, const absl::Status& why) {
      environment_.log.Warning("a routing log could not be followed",
                               {{"routing_shard", shard.number}, {"code", why.code()}});
    };
    return ports;
  }
  // A shard whose records cannot be read stays so: the process says it and ends. Any other comes back by itself.
  void OnShardState(ShardId shard, ShardState state, const absl::Status& why) {
    health_.OnState(shard, state, why);
    if (state != ShardState::kFailed) return;
    const std::string reason(why.message().data(), why.message().size());
    environment_.stop.Stop(absl::DataLossError("shard " + shard.ToString() + " cannot be loaded: " + reason));
  }
  IngressPorts IngressPortsFor() {
    return {session_.client(),           routing_,         ids_, key_, environment_.wall_clock,
            options_.visitor_token_life, &environment_.log};
  }
  EventPorts EventPortsFor() { return {.log = store_.log, .store = store_.store, .directory = store_.directory}; }

  void StartRelay() {
    if (!options_.relay.IsOn()) return;
    RelayOptions options;
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

  absl::Status StartHttp() {
    HttpRouter router;
    HandleVisitorSessions(IngressPortsFor(), sites_, router);
    router.Handle("GET", "/healthz", [this](const HttpRequest&, HttpResponder responder) {
      const bool serving = health_.serving();
      responder.Respond(
          HttpResponse::Json(serving ? 200 : 503, serving ? R"({"status":"serving"})" : R"({"status":"not_serving"})"));
    });
    router.Handle("GET", "/metrics", [this](const HttpRequest& request, HttpResponder responder) {
      responder.Respond(MetricsFor(request));
    });
    const rpc::WebSocketCalls calls{methods_, gate_, timer_, call_metrics_.get(), {}};
    // A visitor's token is bound to its page's origin, which the gate checks; agents come from our own page only.
    router.HandleWebSocket(rpc::RouteForMethod(calls, kConverseMethod, "/v1/ingress", "meridian.ingress.v1",
                                               [](std::string_view) { return true; }));
    router.HandleWebSocket(rpc::RouteForMethod(calls, kConnectMethod, "/v1/agent", "meridian.agent.v1", nullptr));
    MERIDIAN_ASSIGN_OR_RETURN(StaticFiles pages, StaticFiles::FromDirectory(PagesFolder()));
    router.ServeFiles("/", std::move(pages));

    HttpServerOptions options;
    options.address = environment_.listeners.address();
    options.port = environment_.listeners.http_port();
    options.metrics = &environment_.metrics;
    MERIDIAN_ASSIGN_OR_RETURN(http_, HttpServer::Start(options, std::move(router)));
    const std::string port = std::to_string(http_->port());
    environment_.listeners.Announce("http", "http://" + ShownAddress() + ":" + port);
    if (!options_.no_demo_tokens) {
      sites_.AllowEverywhere({"http://127.0.0.1:" + port, "http://localhost:" + port});
    }
    return absl::OkStatus();
  }

  // With the bearer token that Prometheus is given: metrics are of all tenants, so no tenant's operator sees them.
  HttpResponse MetricsFor(const HttpRequest& request) const {
    constexpr std::string_view kBearer = "Bearer ";
    std::string_view token = request.OnlyHeader("authorization").value_or("");
    token.remove_prefix(token.starts_with(kBearer) ? kBearer.size() : token.size());
    using security::Role;
    const auto admitted = gate_.Admit({"/metrics", std::string(token), "", request.remote_address, std::nullopt},
                                      {{Role::kService}, security::Permission::kMetricsRead});
    if (admitted.ok()) return HttpResponse::Text(200, kPrometheusContentType, environment_.metrics.RenderPrometheus());
    const bool unknown = absl::IsUnauthenticated(admitted.status());
    return HttpResponse::Error(unknown ? 401 : 403, ErrorReason(admitted.status()),
                               "metrics need a token of the role service with the permission metrics.read");
  }

  absl::Status StartGrpc() {
    rpc::GrpcServerOptions options;
    options.address = environment_.listeners.address();
    options.port = environment_.listeners.grpc_port();
    options.reflection = !options_.no_demo_tokens;
    MERIDIAN_ASSIGN_OR_RETURN(grpc_, rpc::GrpcServer::Start(options, methods_, gate_, timer_, call_metrics_.get()));
    health_.Follow([this](bool serving) { grpc_->SetServing(serving); });
    environment_.listeners.Announce("grpc", ShownAddress() + ":" + std::to_string(grpc_->port()));
    return absl::OkStatus();
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

  std::string ShownAddress() const {
    const std::string& address = environment_.listeners.address();
    return address.find(':') == std::string::npos ? address : "[" + address + "]";
  }

  std::string PagesFolder() const {
    if (!options_.pages.empty()) return options_.pages;
    return (std::filesystem::read_symlink("/proc/self/exe").parent_path() / "pages").string();
  }

  const StandaloneOptions options_;
  Environment& environment_;
  const SharedStore store_;
  const std::unique_ptr<AssembledHistory> history_;  // null when it could not be opened
  ShardHealth health_{{{ShardKind::kRouting, 0}, {ShardKind::kSession, 0}}};
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
  rpc::MethodTable methods_;
  std::unique_ptr<RelayService> relay_;
  std::unique_ptr<CallMetrics> call_metrics_;
  std::unique_ptr<HttpServer> http_;
  std::unique_ptr<rpc::GrpcServer> grpc_;
};

}  // namespace

void StandaloneOptions::BindTo(CommandLine& line) {
  line.Bind("--config", &config, "Tenant file (YAML), published when its tenant has no configuration yet");
  line.Bind("--region", &region,
            "This installation's region: 1 to 7 of [a-z0-9], a letter first; stays that of the data folder");
  store.BindTo(line);
  line.Bind("--pages", &pages, "Folder of the web pages; by default the one beside the program");
  line.Bind("--history-days", &history_days,
            "How many days ended contacts and closed conversations are kept in the history; 1 to 3650");
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
  line.Bind(
      "--visitor-token-life", &visitor_token_life,
      "Life of a visitor's token, 10s to 1h; while its conversation lives, its connection gets a new one in the last "
      "third");
}

absl::StatusOr<std::unique_ptr<Service>> AssembleStandalone(const StandaloneOptions& options,
                                                            Environment& environment) {
  auto region = RegionCode::Parse(options.region);
  if (!region) return absl::InvalidArgumentError("--region must be 1 to 7 of [a-z0-9], a letter first");
  if (!options.no_demo_tokens && !environment.listeners.IsLoopback()) {
    return absl::InvalidArgumentError(
        "--listen " + environment.listeners.address() +
        " is refused while demo tokens are on: others could reach this machine with them; "
        "use --no-demo-tokens");
  }
  MERIDIAN_RETURN_IF_ERROR(options.relay.Check());
  if (options.relay.IsOn() && options.log_limit_mib < 1) {
    return absl::InvalidArgumentError("--event-log-limit must be at least 1 (MiB)");
  }
  if (options.history_days < 1 || options.history_days > 3650) {
    return absl::InvalidArgumentError("--history-days must be 1 to 3650");
  }
  if (options.visitor_token_life < kShortestVisitorTokenLife || options.visitor_token_life > kLongestVisitorTokenLife) {
    return absl::InvalidArgumentError("--visitor-token-life must be 10s to 1h");
  }
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
