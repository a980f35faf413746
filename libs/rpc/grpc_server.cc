#include "libs/rpc/grpc_server.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/impl/server_builder_option.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <chrono>
#include <map>
#include <utility>
#include <vector>

#include "libs/base/status_macros.h"
#include "libs/error/error.h"
#include "libs/rpc/grpc_call.h"
#include "libs/rpc/tls_credentials.h"

namespace meridian::rpc {
namespace {

// Reflection of this server only, when told: linking gRPC's library switches it on for every server of the process.
class ReflectionOption : public grpc::ServerBuilderOption {
 public:
  explicit ReflectionOption(bool on) : on_(on) {}
  void UpdateArguments(grpc::ChannelArguments*) override {}
  void UpdatePlugins(std::vector<std::unique_ptr<grpc::ServerBuilderPlugin>>* plugins) override {
    auto own = std::make_unique<grpc::reflection::ProtoServerReflectionPlugin>();
    std::erase_if(*plugins, [&](const auto& plugin) { return plugin->name() == own->name(); });
    if (on_) plugins->push_back(std::move(own));
  }

 private:
  const bool on_;
};

void SetArguments(const GrpcServerOptions& options, grpc::ServerBuilder* builder) {
  builder->SetMaxReceiveMessageSize(static_cast<int>(options.max_request_bytes));
  // Two processes on one port would share its calls by chance.
  builder->AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS,
                              static_cast<int>(options.keepalive_interval.ToMilliseconds()));
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS,
                              static_cast<int>(options.keepalive_timeout.ToMilliseconds()));
  builder->AddChannelArgument(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  // Clients may ping every 5 s, also without a call.
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder->AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 5000);
}

class ServingGrpcServer : public GrpcServer {
 public:
  ServingGrpcServer(const GrpcServerOptions& options, const CallGate& gate, DeadlineTimer& timer,
                    CallObserver* observer)
      : environment_{gate, timer, observer, options.stream, {}} {}
  ~ServingGrpcServer() override { Drain(Duration::Seconds(1)); }

  absl::Status Start(const GrpcServerOptions& options, const MethodTable& methods) {
    if (options.tls) MERIDIAN_RETURN_IF_ERROR(CheckTlsFiles(*options.tls));
    grpc::EnableDefaultHealthCheckService(true);
    grpc::ServerBuilder builder;
    SetArguments(options, &builder);
    std::string address = options.address + ":" + std::to_string(options.port);
    builder.AddListeningPort(address, options.tls ? ServerTls(*options.tls) : grpc::InsecureServerCredentials(),
                             &port_);
    builder.SetOption(std::make_unique<ReflectionOption>(options.reflection));
    MakeServices(methods);
    for (const auto& service : services_) builder.RegisterService(service.get());
    server_ = builder.BuildAndStart();
    if (server_ == nullptr || port_ == 0) {
      return MakeError(absl::StatusCode::kUnavailable, "ADDRESS_IN_USE", "cannot listen on " + address);
    }
    SetServing(true);
    return absl::OkStatus();
  }

  int port() const override { return port_; }

  void SetServing(bool serving) override {
    auto* health = server_->GetHealthCheckService();
    health->SetServingStatus(kAliveHealthName, true);
    health->SetServingStatus("", serving);
    for (const std::string& name : service_names_) health->SetServingStatus(name, serving);
  }

  void Drain(Duration patience) override {
    if (server_ == nullptr) return;
    SetServing(false);
    environment_.open_streams.FinishAll(
        MakeError(absl::StatusCode::kUnavailable, "DRAINING", "the server is stopping; connect again"));
    server_->Shutdown(std::chrono::system_clock::now() + std::chrono::nanoseconds(patience.ns));
    server_->Wait();
    server_.reset();
  }

 private:
  void MakeServices(const MethodTable& methods) {
    std::map<std::string, std::vector<const Method*>> by_service;
    for (const auto& [name, method] : methods.methods()) {
      by_service[name.substr(1, name.rfind('/') - 1)].push_back(&method);
    }
    for (const auto& [name, of_service] : by_service) {
      service_names_.push_back(name);
      services_.push_back(MakeService(of_service, &environment_));
    }
  }

  CallEnvironment environment_;
  std::vector<std::string> service_names_;
  std::vector<std::unique_ptr<grpc::Service>> services_;
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
};

}  // namespace

absl::StatusOr<std::unique_ptr<GrpcServer>> GrpcServer::Start(const GrpcServerOptions& options,
                                                              const MethodTable& methods, const CallGate& gate,
                                                              DeadlineTimer& timer, CallObserver* observer) {
  auto server = std::make_unique<ServingGrpcServer>(options, gate, timer, observer);
  absl::Status status = server->Start(options, methods);
  if (!status.ok()) return status;
  return std::unique_ptr<GrpcServer>(std::move(server));
}

}  // namespace meridian::rpc
