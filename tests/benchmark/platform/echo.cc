#include "tests/benchmark/platform/echo.h"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/client_callback.h>
#include <grpcpp/support/slice.h>

#include <atomic>
#include <iostream>
#include <utility>

namespace meridian::load {
namespace {

constexpr size_t kEchoBytes = 200;

class EchoReaction : public grpc::ServerGenericBidiReactor {
 public:
  EchoReaction() { StartRead(&message_); }
  void OnReadDone(bool ok) override {
    if (!ok) return Finish(grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "one message"));
    StartWriteAndFinish(&message_, {}, grpc::Status::OK);
  }
  void OnDone() override { delete this; }

 private:
  grpc::ByteBuffer message_;
};

class EchoService : public grpc::CallbackGenericService {
  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext*) override {
    return new EchoReaction;
  }
};

grpc::ByteBuffer EchoMessage() {
  const grpc::Slice slice(std::string(kEchoBytes, 'x'));
  return {&slice, 1};
}

}  // namespace

absl::Status ServeEcho() {
  EchoService service;
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterCallbackGenericService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr || port == 0) return absl::UnavailableError("the echo server did not start");
  std::cout << "127.0.0.1:" << port << std::endl;
  for (std::string line; std::getline(std::cin, line);) continue;
  server->Shutdown();
  return absl::OkStatus();
}

struct EchoCaller::State {
  struct One {
    grpc::ClientContext context;
    grpc::ByteBuffer request = EchoMessage();
    grpc::ByteBuffer response;
  };
  std::vector<grpc::GenericStub> stubs;
  std::atomic<size_t> next = 0;
  std::function<void(bool, int64_t)> on_done;
};

EchoCaller::EchoCaller(const std::vector<std::shared_ptr<grpc::Channel>>& channels,
                       std::function<void(bool ok, int64_t arrival_ns)> on_done)
    : state_(new State) {
  for (const auto& channel : channels) state_->stubs.emplace_back(channel);
  state_->on_done = std::move(on_done);
}

EchoCaller::~EchoCaller() = default;

void EchoCaller::Call(int64_t arrival_ns) {
  auto* one = new State::One;
  grpc::GenericStub& stub = state_->stubs[state_->next++ % state_->stubs.size()];
  stub.UnaryCall(&one->context, "/echo/Echo", {}, &one->request, &one->response,
                 [state = state_.get(), one, arrival_ns](const grpc::Status& status) {
                   const std::unique_ptr<State::One> owned(one);
                   state->on_done(status.ok(), arrival_ns);
                 });
}

}  // namespace meridian::load
