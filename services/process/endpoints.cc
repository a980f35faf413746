#include "services/process/endpoints.h"

#include <filesystem>
#include <utility>

#include "libs/base/status_macros.h"
#include "libs/error/error.h"
#include "libs/rpc/websocket_call.h"

namespace meridian {
namespace {

std::string Shown(const std::string& address, int port) {
  const bool v6 = address.find(':') != std::string::npos;
  return (v6 ? "[" + address + "]" : address) + ":" + std::to_string(port);
}

}  // namespace

Endpoints::Endpoints(EndpointsOptions options, Environment& environment, const rpc::CallGate* gate,
                     rpc::DeadlineTimer* timer, Readiness* readiness)
    : options_(std::move(options)),
      environment_(environment),
      gate_(*gate),
      timer_(*timer),
      readiness_(*readiness),
      call_metrics_(environment.metrics, environment.log) {}

Endpoints::~Endpoints() { readiness_.Follow(nullptr); }

void Endpoints::HandleWebSocket(std::string_view method, std::string path, std::string subprotocol,
                                std::function<bool(std::string_view)> origin_allowed) {
  const rpc::WebSocketCalls calls{methods_, gate_, timer_, &call_metrics_, {}};
  router_.HandleWebSocket(
      rpc::RouteForMethod(calls, method, std::move(path), std::move(subprotocol), std::move(origin_allowed)));
}

void Endpoints::ServePages(std::initializer_list<std::string_view> names) { pages_.insert(names.begin(), names.end()); }

absl::Status Endpoints::LoadPages() {
  if (pages_.empty()) return absl::OkStatus();
  const std::string folder = options_.pages.empty()
                                 ? (std::filesystem::read_symlink("/proc/self/exe").parent_path() / "pages").string()
                                 : options_.pages;
  MERIDIAN_ASSIGN_OR_RETURN(StaticFiles files, StaticFiles::FromDirectory(folder));
  files.KeepOnly(pages_);
  router_.ServeFiles("/", std::move(files));
  return absl::OkStatus();
}

absl::Status Endpoints::StartHttp() {
  MERIDIAN_RETURN_IF_ERROR(LoadPages());
  call_metrics_.MakeSeries(methods_);
  router_.Handle("GET", "/healthz", [](const HttpRequest&, HttpResponder responder) {
    responder.Respond(HttpResponse::Json(200, R"({"status":"alive"})"));
  });
  router_.Handle("GET", "/readyz", [this](const HttpRequest&, HttpResponder responder) {
    responder.Respond(HttpResponse::Json(readiness_.ready() ? 200 : 503, readiness_.ToJson()));
  });
  router_.Handle("GET", "/metrics", [this](const HttpRequest& request, HttpResponder responder) {
    responder.Respond(MetricsFor(request));
  });
  HttpServerOptions options;
  options.address = options_.http_address.empty() ? environment_.listeners.address() : options_.http_address;
  options.port = environment_.listeners.http_port();
  options.metrics = &environment_.metrics;
  MERIDIAN_ASSIGN_OR_RETURN(http_, HttpServer::Start(options, std::move(router_)));
  environment_.listeners.Announce("http", "http://" + Shown(options.address, http_->port()));
  return absl::OkStatus();
}

// With the bearer token that Prometheus is given: metrics are of all tenants, so no tenant's operator sees them.
HttpResponse Endpoints::MetricsFor(const HttpRequest& request) const {
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

absl::Status Endpoints::StartGrpc(std::optional<rpc::TlsFiles> tls, size_t max_request_bytes) {
  rpc::GrpcServerOptions options;
  options.address = environment_.listeners.address();
  options.port = environment_.listeners.grpc_port();
  options.tls = std::move(tls);
  options.reflection = options_.reflection;
  options.max_request_bytes = max_request_bytes;
  MERIDIAN_ASSIGN_OR_RETURN(grpc_, rpc::GrpcServer::Start(options, methods_, gate_, timer_, &call_metrics_));
  readiness_.Follow([this](bool ready) { grpc_->SetServing(ready); });
  environment_.listeners.Announce("grpc", Shown(options.address, grpc_->port()));
  return absl::OkStatus();
}

void Endpoints::Drain(Duration limit) {
  readiness_.BeginDrain();
  readiness_.Follow(nullptr);
  if (http_ != nullptr) http_->Stop(limit / 2);
  if (grpc_ != nullptr) grpc_->Drain(limit / 2);
}

}  // namespace meridian
