// A link server behind a real gRPC server on loopback, for tests: bind ports into `links()`, start it, stop it and
// start it again on the same port. Plaintext, with tokens of role service.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "libs/link/link_client.h"
#include "libs/link/link_server.h"
#include "libs/rpc/grpc_server.h"
#include "libs/security/signing_key.h"
#include "libs/security/token_issuer.h"

namespace meridian::testing {

class LoopbackServer {
 public:
  LoopbackServer() : gate_(std::make_shared<security::TokenVerifier>(key_), [this] { return wall_.Now(); }) {}
  ~LoopbackServer() { Stop(); }

  LinkServer& links() { return links_; }
  rpc::DeadlineTimer& timer() { return timer_; }
  const MonotonicClock& clock() const { return monotonic_; }

  void Start() {
    if (!bound_) links_.Bind(methods_);
    bound_ = true;
    rpc::GrpcServerOptions options;
    options.port = port_;
    options.max_request_bytes = 8 << 20;
    auto server = rpc::GrpcServer::Start(options, methods_, gate_, timer_, nullptr);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    port_ = server_->port();
  }
  void Stop() { server_ = nullptr; }

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  std::string Token(const security::TokenClaims& claims) const {
    return *security::IssueToken(key_, claims, wall_.Now());
  }
  LinkOptions ClientOptions() {
    LinkOptions options;
    options.credentials = rpc::PlaintextCredentials();
    options.token = [this] { return Token({.tenant = "*", .subject = "test", .role = security::Role::kService}); };
    options.timer = &timer_;
    options.clock = &monotonic_;
    return options;
  }

 private:
  const SystemWallClock wall_;
  const SystemMonotonicClock monotonic_;
  const security::SigningKey key_ = *security::SigningKey::Generate();
  const rpc::CallGate gate_;
  rpc::DeadlineTimer timer_;
  LinkServer links_{&monotonic_};
  rpc::MethodTable methods_;
  bool bound_ = false;
  int port_ = 0;
  std::unique_ptr<rpc::GrpcServer> server_;
};

}  // namespace meridian::testing
