#include "services/process/service_process.h"

#include <utility>

#include "libs/base/status_macros.h"
#include "libs/security/token_issuer.h"

namespace meridian {
namespace {

constexpr size_t kMaxLinkMessageBytes = 8 << 20;

}  // namespace

void ServiceProcessOptions::BindTo(CommandLine& line, Calls calls) {
  line.Bind("--region", &region, "This installation's region: 1 to 7 of [a-z0-9], a letter first");
  line.Bind("--keys", &keys, "Folder of the installation's signing key, the same for all its processes");
  line.Require();
  tls.BindTo(line);
  if (calls == Calls::kNobody) return;
  line.Bind("--routing", &routing, "host:port of the gRPC of a routing shard's process; once per shard, shard 0 first");
  line.Require();
  if (calls == Calls::kRouting) return;
  line.Bind("--session", &session, "host:port of the gRPC of a session shard's process; once per shard, shard 0 first");
  line.Require();
}

ServiceProcess::ServiceProcess(const ServiceProcessOptions& options, Environment& environment, RegionCode region,
                               security::SigningKey key)
    : environment_(environment),
      tls_(options.tls),
      key_(std::move(key)),
      gate_(std::make_shared<security::TokenVerifier>(key_), [&environment] { return environment.wall_clock.Now(); }),
      ids_(region, environment.seed, environment.wall_clock),
      map_(options.routing, options.session),
      link_server_(&environment.monotonic_clock) {}

absl::StatusOr<std::unique_ptr<ServiceProcess>> ServiceProcess::Open(const ServiceProcessOptions& options,
                                                                     Environment& environment) {
  const auto region = RegionCode::Parse(options.region);
  if (!region) return absl::InvalidArgumentError("--region must be 1 to 7 of [a-z0-9], a letter first");
  MERIDIAN_RETURN_IF_ERROR(options.tls.Check(environment.listeners));
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
