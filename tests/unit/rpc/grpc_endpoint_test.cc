// What a gRPC server answers beside its methods: health, reflection, and over TLS.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

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
    table_.Unary<EchoRequest, EchoResponse>(
        kEcho, {{Role::kAgent}, Permission::kAgentsConnect},
        [](const CallContext&, EchoRequest, Reply<EchoResponse> reply) { reply(EchoResponse()); });
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

std::string BioText(BIO* bio) {
  char* text = nullptr;
  long length = BIO_get_mem_data(bio, &text);
  std::string copy(text, static_cast<size_t>(length));
  BIO_free(bio);
  return copy;
}

// A self-signed certificate for 127.0.0.1, good for an hour.
TlsFiles SelfSigned() {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  X509_set_pubkey(certificate, key);
  X509_NAME* name = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("test"), -1, -1, 0);
  X509_set_issuer_name(certificate, name);
  X509_EXTENSION* address = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "IP:127.0.0.1");
  X509_add_ext(certificate, address, -1);
  X509_sign(certificate, key, EVP_sha256());
  BIO* certificate_pem = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(certificate_pem, certificate);
  BIO* key_pem = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(key_pem, key, nullptr, nullptr, 0, nullptr, nullptr);
  X509_EXTENSION_free(address);
  X509_free(certificate);
  EVP_PKEY_free(key);
  return {BioText(certificate_pem), BioText(key_pem), ""};
}

TEST_F(GrpcEndpointTest, SpeaksTlsWhenToldAndNothingElseThen) {
  options_.tls = SelfSigned();
  StartServer();
  EchoResponse response;
  EXPECT_TRUE(Client::Connect({.target = Target(), .token = Token(), .tls_roots_pem = options_.tls->certificate_pem})
                  ->Call(kEcho, EchoRequest(), &response)
                  .ok());
  Duration brief = Duration::Seconds(2);
  EXPECT_FALSE(Client::Connect({.target = Target(), .token = Token(), .timeout = brief})
                   ->Call(kEcho, EchoRequest(), &response)
                   .ok());
  EXPECT_FALSE(
      Client::Connect(
          {.target = Target(), .token = Token(), .tls_roots_pem = SelfSigned().certificate_pem, .timeout = brief})
          ->Call(kEcho, EchoRequest(), &response)
          .ok());
}

TEST_F(GrpcEndpointTest, MutualTlsRefusesAClientWithoutACertificate) {
  options_.tls = SelfSigned();
  options_.tls->client_roots_pem = options_.tls->certificate_pem;
  StartServer();
  EchoResponse response;
  EXPECT_FALSE(Client::Connect({.target = Target(),
                                .token = Token(),
                                .tls_roots_pem = options_.tls->certificate_pem,
                                .timeout = Duration::Seconds(2)})
                   ->Call(kEcho, EchoRequest(), &response)
                   .ok());
}

}  // namespace
}  // namespace meridian::rpc
