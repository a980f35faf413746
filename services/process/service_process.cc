#include "services/process/service_process.h"

#include <chrono>
#include <future>
#include <utility>

#include "libs/base/status_macros.h"
#include "libs/security/token_issuer.h"

namespace meridian {
namespace {

constexpr Duration kStorePatience = Duration::Seconds(10);
constexpr int64_t kDefaultShards = 16;
constexpr int64_t kMostShards = 1024;

// What `ask` is answered; UNAVAILABLE when that takes too long.
template <typename T, typename Ask>
absl::StatusOr<T> Decided(Ask ask) {
  auto answer = std::make_shared<std::promise<absl::StatusOr<T>>>();
  auto answered = answer->get_future();
  ask([answer](absl::StatusOr<T> decided) { answer->set_value(std::move(decided)); });
  if (answered.wait_for(std::chrono::nanoseconds(kStorePatience.ns)) != std::future_status::ready) {
    return absl::UnavailableError("the store did not say of which region it is, or how many shards there are");
  }
  return answered.get();
}

std::string KeysRule(const std::string& folder) {
  const absl::Status status = security::SigningKey::Load(folder).status();
  if (status.ok() || absl::IsNotFound(status)) return "";  // the first start makes it
  return "must hold a key that can be used: " + std::string(status.message().data(), status.message().size());
}

}  // namespace

void ServiceProcessOptions::BindTo(CommandLine& line, Role role) {
  line.Bind("--region", &region, "This installation's region: 1 to 7 of [a-z0-9], a letter first");
  line.Must(rules::Region());
  line.Bind("--keys", &keys, "Folder of the installation's signing key, the same for all its processes");
  line.Require();
  line.Must(rules::Folder());
  line.Must(KeysRule);
  tls.BindTo(line);
  if (role == Role::kHoldsShards || role == Role::kFollowsLogs) {
    line.Bind("--shards", &shards,
              "How many shards of each kind the installation has, decided by its first process: 16 if it says nothing");
    line.Must(rules::Between(0, kMostShards));
    if (role == Role::kFollowsLogs) return;
    line.Bind("--advertise", &advertise, "Host under which the other processes reach this one; by default --listen");
    line.Must(rules::Host());
    return;
  }
  store.BindTo(line);
  line.Bind("--routing", &routing,
            "Without --redis: host:port of the gRPC of a routing shard's process; once per shard, shard 0 first");
  line.Must(rules::HostAndPort());
  line.Check([this](OptionProblems& problems) {
    if (store.redis.empty() && routing.empty()) {
      problems.Add("--redis", "must be given, where the others are found; or --routing, beside standalone");
    }
  });
  if (role == Role::kCallsRouting) return;
  line.Bind("--session", &session,
            "Without --redis: host:port of the gRPC of a session shard's process; once per shard, shard 0 first");
  line.Must(rules::HostAndPort());
  line.Check([this](OptionProblems& problems) {
    if (store.redis.empty() && session.empty()) problems.Add("--session", "must be given where --redis is not");
  });
}

void ServiceProcessOptions::BindPages(CommandLine& line) {
  line.Bind("--pages", &pages, kPagesOptionHelp);
  line.Must(rules::Folder());
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
      link_server_(&environment.monotonic_clock),
      endpoints_({.pages = options.pages, .http_address = options.tls.HttpAddress(environment.listeners)}, environment,
                 &gate_, &timer_, &readiness_) {
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
  return (bare ? "[" + host + "]" : host) + ":" + std::to_string(endpoints_.grpc_port());
}

std::string ServiceProcess::trust() const { return key_.key_id() + (tls_.BetweenServices() ? "/tls" : "/plain"); }

absl::StatusOr<uint32_t> ServiceProcess::DecideShards() {
  MERIDIAN_ASSIGN_OR_RETURN(const std::string region, Decided<std::string>([this](auto done) {
                              store_.placement->FixRegion(options_.region, std::move(done));
                            }));
  if (region != options_.region) {
    return absl::FailedPreconditionError("--region " + options_.region + ": the store is of region " + region);
  }
  const auto wished = static_cast<uint32_t>(options_.shards == 0 ? kDefaultShards : options_.shards);
  uint32_t decided = 0;
  for (const ShardKind kind : {ShardKind::kRouting, ShardKind::kSession}) {
    MERIDIAN_ASSIGN_OR_RETURN(decided, Decided<uint32_t>([this, kind, wished](auto done) {
                                store_.placement->FixCount(kind, wished, std::move(done));
                              }));
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

absl::Status ServiceProcess::StartServingLinks() {
  const std::string& listen = environment_.listeners.address();
  if (placed_ != nullptr && options_.advertise.empty() && (listen == "0.0.0.0" || listen == "::")) {
    return absl::InvalidArgumentError(
        "--advertise must name the host under which the others reach this process, since " + listen + " is none");
  }
  link_server_.Bind(endpoints_.methods());
  MERIDIAN_RETURN_IF_ERROR(endpoints_.StartHttp());
  return endpoints_.StartGrpc(tls_.ForServices(), kMaxLinkMessageBytes);
}

absl::Status ServiceProcess::StartOverLinks(LinkWatch::Kinds kinds, size_t max_request_bytes) {
  link_watch_ = std::make_unique<LinkWatch>(&timer_, &readiness_, std::move(kinds));
  MERIDIAN_ASSIGN_OR_RETURN(auto tls, tls_.ForEverybody(environment_.listeners));
  MERIDIAN_RETURN_IF_ERROR(endpoints_.StartHttp());
  return endpoints_.StartGrpc(std::move(tls), max_request_bytes);
}

void ServiceProcess::WatchStore(EventLog* log, ShardId shard) {
  store_watch_ = std::make_unique<StoreWatch>(&timer_, &environment_.monotonic_clock, log, shard, &readiness_);
}

void ServiceProcess::Drain(Duration limit) {
  endpoints_.Drain(limit);
  link_watch_.reset();
  store_watch_.reset();
}

}  // namespace meridian
