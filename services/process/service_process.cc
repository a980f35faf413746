#include "services/process/service_process.h"

#include <chrono>
#include <future>
#include <utility>

#include "libs/base/status_macros.h"
#include "libs/security/token_issuer.h"

namespace meridian {
namespace {

constexpr size_t kMaxLinkMessageBytes = 8 << 20;
constexpr Duration kStorePatience = Duration::Seconds(10);
constexpr int64_t kDefaultShards = 16;
constexpr int64_t kMostShards = 1024;

}  // namespace

void ServiceProcessOptions::BindTo(CommandLine& line, Role role) {
  line.Bind("--region", &region, "This installation's region: 1 to 7 of [a-z0-9], a letter first");
  line.Bind("--keys", &keys, "Folder of the installation's signing key, the same for all its processes");
  line.Require();
  tls.BindTo(line);
  if (role == Role::kHoldsShards || role == Role::kFollowsLogs) {
    line.Bind("--shards", &shards,
              "How many shards of each kind the installation has, decided by its first process: 16 if it says nothing");
    if (role == Role::kFollowsLogs) return;
    line.Bind("--advertise", &advertise, "Host under which the other processes reach this one; by default --listen");
    return;
  }
  store.BindTo(line);
  line.Bind("--routing", &routing,
            "Without --redis: host:port of the gRPC of a routing shard's process; once per shard, shard 0 first");
  if (role == Role::kCallsRouting) return;
  line.Bind("--session", &session,
            "Without --redis: host:port of the gRPC of a session shard's process; once per shard, shard 0 first");
}

ServiceProcess::ServiceProcess(const ServiceProcessOptions& options, Environment& environment, RegionCode region,
                               security::SigningKey key, SharedStore store)
    : options_(options),
      environment_(environment),
      store_(std::move(store)),
      tls_(options.tls),
      key_(std::move(key)),
      gate_(std::make_shared<security::TokenVerifier>(key_), [&environment] { return environment.wall_clock.Now(); }),
      ids_(region, environment.seed, environment.wall_clock),
      link_server_(&environment.monotonic_clock) {
  if (store_.placement == nullptr) {
    map_ = std::make_unique<StaticShardMap>(options.routing, options.session);
  } else {
    auto placed = std::make_unique<PlacedShardMap>(store_.placement, store_.directory, &timer_);
    placed_ = placed.get();
    map_ = std::move(placed);
  }
}

absl::StatusOr<std::unique_ptr<ServiceProcess>> ServiceProcess::Open(const ServiceProcessOptions& options,
                                                                     Environment& environment) {
  const auto region = RegionCode::Parse(options.region);
  if (!region) return absl::InvalidArgumentError("--region must be 1 to 7 of [a-z0-9], a letter first");
  MERIDIAN_RETURN_IF_ERROR(options.tls.Check(environment.listeners));
  MERIDIAN_ASSIGN_OR_RETURN(security::SigningKey key, security::SigningKey::LoadOrCreate(options.keys));
  SharedStore store = options.opened;
  if (store.store == nullptr && options.routing.empty()) {
    if (options.store.redis.empty()) {
      return absl::InvalidArgumentError(
          "--redis is needed, where the others are found; or --routing, beside standalone");
    }
    MERIDIAN_ASSIGN_OR_RETURN(store, OpenStoreOfSeveral(options.store, environment));
  }
  auto process = std::unique_ptr<ServiceProcess>(
      new ServiceProcess(options, environment, *region, std::move(key), std::move(store)));
  if (process->placed_ != nullptr && !process->placed_->AwaitRead(kStorePatience)) {
    return absl::UnavailableError("the store did not say where the shards are");
  }
  return process;
}

std::string ServiceProcess::owner() const { return environment_.service + "-" + std::to_string(environment_.seed); }

std::string ServiceProcess::address() const {
  const std::string& host = options_.advertise.empty() ? environment_.listeners.address() : options_.advertise;
  const bool bare = host.find(':') != std::string::npos && host.front() != '[';
  return (bare ? "[" + host + "]" : host) + ":" + std::to_string(grpc_->port());
}

absl::StatusOr<uint32_t> ServiceProcess::DecideShards() {
  if (options_.shards < 0 || options_.shards > kMostShards) {
    return absl::InvalidArgumentError("--shards must be 1 to " + std::to_string(kMostShards));
  }
  const auto wished = static_cast<uint32_t>(options_.shards == 0 ? kDefaultShards : options_.shards);
  uint32_t decided = 0;
  for (const ShardKind kind : {ShardKind::kRouting, ShardKind::kSession}) {
    auto answer = std::make_shared<std::promise<absl::StatusOr<uint32_t>>>();
    auto answered = answer->get_future();
    store_.placement->FixCount(kind, wished, [answer](absl::StatusOr<uint32_t> count) { answer->set_value(count); });
    if (answered.wait_for(std::chrono::nanoseconds(kStorePatience.ns)) != std::future_status::ready) {
      return absl::UnavailableError("the store did not say how many shards there are");
    }
    MERIDIAN_ASSIGN_OR_RETURN(decided, answered.get());
  }
  if (options_.shards != 0 && decided != wished) {
    return absl::FailedPreconditionError("--shards " + std::to_string(wished) + ": this installation has " +
                                         std::to_string(decided) + " of each kind, which cannot be changed");
  }
  return decided;
}

LinkOptions ServiceProcess::Links() {
  LinkOptions links;
  links.credentials = tls_.ForLinks();
  links.token = [this] {
    const security::TokenClaims claims{.tenant = "*", .subject = "service", .role = security::Role::kService};
    return security::IssueToken(key_, claims, environment_.wall_clock.Now()).value_or("");
  };
  links.timer = &timer_;
  links.clock = &environment_.monotonic_clock;
  return links;
}

absl::Status ServiceProcess::StartGrpc(bool serves_links) {
  rpc::GrpcServerOptions options;
  options.address = environment_.listeners.address();
  options.port = environment_.listeners.grpc_port();
  if (serves_links) {
    link_server_.Bind(methods_);
    options.max_request_bytes = kMaxLinkMessageBytes;
    options.tls = tls_.ForServices();
  } else {
    MERIDIAN_ASSIGN_OR_RETURN(options.tls, tls_.ForEverybody(environment_.listeners));
  }
  MERIDIAN_ASSIGN_OR_RETURN(grpc_, rpc::GrpcServer::Start(options, methods_, gate_, timer_, nullptr));
  environment_.listeners.Announce("grpc", options.address + ":" + std::to_string(grpc_->port()));
  return absl::OkStatus();
}

absl::Status ServiceProcess::StartHttp(HttpRouter router) {
  router.Handle("GET", "/healthz", [](const HttpRequest&, HttpResponder responder) {
    responder.Respond(HttpResponse::Json(200, R"({"status":"serving"})"));
  });
  HttpServerOptions options;
  options.address = tls_.HttpAddress(environment_.listeners);
  options.port = environment_.listeners.http_port();
  options.metrics = &environment_.metrics;
  MERIDIAN_ASSIGN_OR_RETURN(http_, HttpServer::Start(options, std::move(router)));
  environment_.listeners.Announce("http", "http://" + options.address + ":" + std::to_string(http_->port()));
  return absl::OkStatus();
}

void ServiceProcess::Drain(Duration limit) {
  if (http_ != nullptr) http_->Stop(limit / 2);
  if (grpc_ != nullptr) grpc_->Drain(limit / 2);
}

}  // namespace meridian
