// What a process shows to those outside it, whichever services it carries: their methods over gRPC, their routes and
// pages over HTTP and WebSocket, calls counted in metrics; and what every process answers: GET /healthz (it lives),
// GET /readyz (it can do its work, else what is away), GET /metrics and gRPC's health.
//
//   Endpoints endpoints(options, environment, &gate, &timer, &readiness);
//   ServeIngress(ports, sites, endpoints);        what each service binds
//   endpoints.StartHttp(); endpoints.StartGrpc();
//
// Owned by what it shows, after all that handlers use. Main thread.
#pragma once

#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "libs/app/environment.h"
#include "libs/http/server.h"
#include "libs/rpc/grpc_server.h"
#include "services/process/call_metrics.h"
#include "services/process/readiness.h"

namespace meridian {

struct EndpointsOptions {
  std::string pages;         // folder of the web pages; empty: the one beside the program
  bool reflection = false;   // of gRPC
  std::string http_address;  // to listen on; empty: the process's own
};

inline constexpr char kPagesOptionHelp[] = "Folder of the web pages; by default the one beside the program";

// Of a request to admin where it is a process of its own: a configuration comes whole, with half a kilobyte or so for
// each agent. Over a link it goes on to routing.
inline constexpr size_t kMaxConfigRequestBytes = size_t{64} << 20;
inline constexpr size_t kMaxLinkMessageBytes = kMaxConfigRequestBytes + (size_t{8} << 20);

class Endpoints {
 public:
  // What is pointed to outlives it.
  Endpoints(EndpointsOptions options, Environment& environment, const rpc::CallGate* gate, rpc::DeadlineTimer* timer,
            Readiness* readiness);
  ~Endpoints();

  // ---- before the servers start ----

  rpc::MethodTable& methods() { return methods_; }
  HttpRouter& router() { return router_; }
  // A bidirectional method that is in methods(), as protobuf JSON over WebSocket (rpc::RouteForMethod).
  void HandleWebSocket(std::string_view method, std::string path, std::string subprotocol,
                       std::function<bool(std::string_view origin)> origin_allowed);
  // Hands out these files and folders of the pages' folder ("index.html", "customer/") under their own paths.
  void ServePages(std::initializer_list<std::string_view> names);

  // ---- serving ----

  // Announced as "http".
  absl::Status StartHttp();
  uint16_t http_port() const { return http_->port(); }
  // Announced as "grpc"; plain text without `tls`.
  absl::Status StartGrpc(std::optional<rpc::TlsFiles> tls = std::nullopt, size_t max_request_bytes = 1 << 20);
  uint16_t grpc_port() const { return grpc_->port(); }
  // Not ready from now on; ends what is open as HttpServer::Stop and GrpcServer::Drain do, each in half of `limit`.
  void Drain(Duration limit);

 private:
  HttpResponse MetricsFor(const HttpRequest& request) const;
  absl::Status LoadPages();

  const EndpointsOptions options_;
  Environment& environment_;
  const rpc::CallGate& gate_;
  rpc::DeadlineTimer& timer_;
  Readiness& readiness_;
  CallMetrics call_metrics_;
  rpc::MethodTable methods_;
  HttpRouter router_;
  std::set<std::string, std::less<>> pages_;
  std::unique_ptr<HttpServer> http_;
  std::unique_ptr<rpc::GrpcServer> grpc_;
};

}  // namespace meridian
