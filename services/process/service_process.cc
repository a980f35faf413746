#include "services/process/service_process.h"

#include <utility>

#include "libs/base/status_macros.h"
#include "libs/security/token_issuer.h"

namespace meridian {
namespace {

constexpr size_t kMaxLinkMessageBytes = 8 << 20;

std::string KeysRule(const std::string& folder) {
  const absl::Status status = security::SigningKey::Load(folder).status();
  if (status.ok() || absl::IsNotFound(status)) return "";  // the first start makes it
  return "must hold a key that can be used: " + std::string(status.message().data(), status.message().size());
}

}  // namespace

void ServiceProcessOptions::BindTo(CommandLine& line, Calls calls) {
  line.Bind("--region", &region, "This installation's region: 1 to 7 of [a-z0-9], a letter first");
  line.Must(rules::Region());
  line.Bind("--keys", &keys, "Folder of the installation's signing key, the same for all its processes");
  line.Require();
  line.Must(rules::Folder());
  line.Must(KeysRule);
  tls.BindTo(line);
  if (calls == Calls::kNobody) return;
  line.Bind("--routing", &routing, "host:port of the gRPC of a routing shard's process; once per shard, shard 0 first");
  line.Require();
  line.Must(rules::HostAndPort());
  if (calls == Calls::kRouting) return;
  line.Bind("--session", &session, "host:port of the gRPC of a session shard's process; once per shard, shard 0 first");
  line.Require();
  line.Must(rules::HostAndPort());
}

void ServiceProcessOptions::BindPages(CommandLine& line) {
  line.Bind("--pages", &pages, kPagesOptionHelp);
  line.Must(rules::Folder());
}

ServiceProcess::ServiceProcess(const ServiceProcessOptions& options, Environment& environment, RegionCode region,
                               security::SigningKey key)
    : environment_(environment),
      tls_(options.tls),
      key_(std::move(key)),
      gate_(std::make_shared<security::TokenVerifier>(key_), [&environment] { return environment.wall_clock.Now(); }),
      ids_(region, environment.seed, environment.wall_clock),
      map_(options.routing, options.session),
      link_server_(&environment.monotonic_clock),
      endpoints_({.pages = options.pages, .http_address = options.tls.HttpAddress(environment.listeners)}, environment,
                 &gate_, &timer_, &readiness_) {}

absl::StatusOr<std::unique_ptr<ServiceProcess>> ServiceProcess::Open(const ServiceProcessOptions& options,
                                                                     Environment& environment) {
  const auto region = RegionCode::Parse(options.region);
  if (!region) return absl::InvalidArgumentError("--region must be 1 to 7 of [a-z0-9], a letter first");
  MERIDIAN_ASSIGN_OR_RETURN(security::SigningKey key, security::SigningKey::LoadOrCreate(options.keys));
  return std::unique_ptr<ServiceProcess>(new ServiceProcess(options, environment, *region, std::move(key)));
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
  link_server_.Bind(endpoints_.methods());
  MERIDIAN_RETURN_IF_ERROR(endpoints_.StartHttp());
  return endpoints_.StartGrpc(tls_.ForServices(), kMaxLinkMessageBytes);
}

absl::Status ServiceProcess::StartOverLinks(LinkWatch::Kinds kinds) {
  link_watch_ = std::make_unique<LinkWatch>(&timer_, &readiness_, std::move(kinds));
  MERIDIAN_ASSIGN_OR_RETURN(auto tls, tls_.ForEverybody(environment_.listeners));
  MERIDIAN_RETURN_IF_ERROR(endpoints_.StartHttp());
  return endpoints_.StartGrpc(std::move(tls));
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
