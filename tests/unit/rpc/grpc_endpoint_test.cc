// What a gRPC server answers beside its methods (health and reflection), and what it tells them of a call.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "echo.pb.h"
#include "libs/rpc/client.h"
#include "libs/rpc/grpc_server.h"
#include "libs/security/token_issuer.h"
#include "probe.pb.h"

namespace meridian::rpc {
namespace {

using security::Permission;
using security::Role;
using test::v1::EchoRequest;
using test::v1::EchoResponse;
using test::v1::HealthRequest;
using test::v1::HealthResponse;

constexpr char kEcho[] = "/meridian.test.v1.EchoService/Echo";
constexpr char kHealth[] = "/grpc.health.v1.Health/Check";
constexpr char kReflection[] = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";

Instant Now() { return {std::chrono::nanoseconds(std::chrono::system_clock::now().time_since_epoch()).count()}; }

class GrpcEndpointTest : public testing::Test {
 protected:
  void StartServer() {
    table_.Unary<EchoRequest, EchoResponse>(kEcho, {{Role::kAgent}, Permission::kAgentsConnect},
                                            [](const CallContext& context, EchoRequest, Reply<EchoResponse> reply) {
                                              EchoResponse response;
                                              if (context.patience)
                                                response.set_text(std::to_string(context.patience->ToMilliseconds()));
                                              reply(response);
                                            });
    auto server = GrpcServer::Start(options_, table_, gate_, timer_, nullptr);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }
  std::string Target() const { return "127.0.0.1:" + std::to_string(server_->port()); }
  std::string Token() {
    return *security::IssueToken(key_, {.tenant = "demo", .subject = "ana", .role = Role::kAgent}, Now());
  }
  HealthResponse::Status Health(const std::string& service) {
    HealthRequest request;
    request.set_service(service);
    HealthResponse response;
    absl::Status status = Client::Connect({.target = Target()})->Call(kHealth, request, &response);
    EXPECT_TRUE(status.ok()) << status;
    return response.status();
  }

  const security::SigningKey key_ = *security::SigningKey::Generate();
  DeadlineTimer timer_;
  CallGate gate_{std::make_shared<security::TokenVerifier>(key_), Now};
  GrpcServerOptions options_;
  MethodTable table_;
  std::unique_ptr<GrpcServer> server_;
};

TEST_F(GrpcEndpointTest, HealthAnswersWithoutAToken) {
  StartServer();
  EXPECT_EQ(Health(""), HealthResponse::SERVING);
  EXPECT_EQ(Health("meridian.test.v1.EchoService"), HealthResponse::SERVING);
  server_->SetServing(false);
  EXPECT_EQ(Health(""), HealthResponse::NOT_SERVING);
  EXPECT_EQ(Health("meridian.test.v1.EchoService"), HealthResponse::NOT_SERVING);
}

TEST_F(GrpcEndpointTest, AMethodIsToldHowLongItsCallerWaits) {
  StartServer();
  auto client = Client::Connect({.target = Target(), .token = Token(), .timeout = Duration::Seconds(40)});
  EchoResponse response;
  ASSERT_TRUE(client->Call(kEcho, EchoRequest(), &response).ok());
  const int64_t patience_ms = std::stoll(response.text());
  EXPECT_LE(patience_ms, 40000);
  EXPECT_GT(patience_ms, 20000);
}

TEST_F(GrpcEndpointTest, ReflectionIsThereOnlyWhenTold) {
  StartServer();
  auto client = Client::Connect({.target = Target(), .token = Token()});
  auto stream = client->OpenStream(kReflection);
  test::v1::ReflectionResponse response;
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_EQ(stream->Finish().code(), absl::StatusCode::kUnimplemented);
}

TEST_F(GrpcEndpointTest, ReflectionNamesTheServicesAndTheirFiles) {
  options_.reflection = true;
  StartServer();
  auto client = Client::Connect({.target = Target()});
  auto stream = client->OpenStream(kReflection);
  test::v1::ReflectionRequest request;
  request.set_list_services("*");
  ASSERT_TRUE(stream->Write(request));
  test::v1::ReflectionResponse response;
  ASSERT_TRUE(stream->Read(&response));
  std::vector<std::string> names;
  for (const auto& service : response.services().service()) names.push_back(service.name());
  EXPECT_THAT(names, testing::Contains("meridian.test.v1.EchoService"));
  request.Clear();
  request.set_file_containing_symbol("meridian.test.v1.EchoService");
  ASSERT_TRUE(stream->Write(request));
  response.Clear();
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_GE(response.files().file_descriptor_proto_size(), 1);
}

}  // namespace
}  // namespace meridian::rpc
