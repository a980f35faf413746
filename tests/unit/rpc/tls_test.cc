// A server and clients that prove who they are, with the certificates that deploy/dev/certificates makes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "echo.pb.h"
#include "libs/rpc/client.h"
#include "libs/rpc/grpc_server.h"
#include "libs/security/token_issuer.h"
#include "libs/testing/temporary_folder.h"

namespace meridian::rpc {
namespace {

using security::Permission;
using security::Role;
using test::v1::EchoRequest;
using test::v1::EchoResponse;
using ::testing::HasSubstr;

constexpr char kEcho[] = "/meridian.test.v1.EchoService/Echo";

Instant Now() { return {std::chrono::nanoseconds(std::chrono::system_clock::now().time_since_epoch()).count()}; }

void MakeCertificates(const std::string& folder, const std::string& names) {
  const std::string command = std::string(MERIDIAN_SOURCE_DIR) + "/deploy/dev/certificates " + folder + " " + names;
  ASSERT_EQ(std::system(command.c_str()), 0);
}

std::string TextOf(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

class TlsTest : public ::testing::Test {
 protected:
  TlsTest() { MakeCertificates(folder_.path(), "server client"); }

  TlsFiles FilesOf(const std::string& name) {
    const std::string of = folder_.path() + "/" + name;
    return {of + "/certificate.pem", of + "/key.pem", of + "/roots.pem", Duration::Seconds(1)};
  }
  void StartServer(TlsFiles files) {
    table_.Unary<EchoRequest, EchoResponse>(
        kEcho, {{Role::kAgent}, Permission::kAgentsConnect},
        [](const CallContext&, EchoRequest, Reply<EchoResponse> reply) { reply(EchoResponse()); });
    options_.tls = std::move(files);
    auto server = GrpcServer::Start(options_, table_, gate_, timer_, nullptr);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }
  // Over a connection of its own.
  bool Answers(ClientOptions options, Duration timeout = Duration::Seconds(5)) {
    options.target = "127.0.0.1:" + std::to_string(server_->port());
    options.token = *security::IssueToken(key_, {.tenant = "demo", .subject = "ana", .role = Role::kAgent}, Now());
    options.timeout = timeout;
    EchoResponse response;
    return Client::Connect(std::move(options))->Call(kEcho, EchoRequest(), &response).ok();
  }
  bool AnswersPlainly() { return Answers({}, Duration::Seconds(1)); }
  bool AnswersTrusting(const std::string& roots_pem) {
    return Answers({.tls_roots_pem = roots_pem}, Duration::Seconds(1));
  }
  bool AnswersMutually(const TlsFiles& files) { return Answers({.tls = files}, Duration::Seconds(1)); }

  testing::TemporaryFolder folder_;
  const security::SigningKey key_ = *security::SigningKey::Generate();
  DeadlineTimer timer_;
  CallGate gate_{std::make_shared<security::TokenVerifier>(key_), Now};
  GrpcServerOptions options_;
  MethodTable table_;
  std::unique_ptr<GrpcServer> server_;
};

TEST_F(TlsTest, AServerProvesWhoItIs) {
  TlsFiles files = FilesOf("server");
  files.roots.clear();
  StartServer(files);
  EXPECT_TRUE(AnswersTrusting(TextOf(folder_.path() + "/ca.pem")));
  EXPECT_FALSE(AnswersPlainly());
  testing::TemporaryFolder other;
  MakeCertificates(other.path(), "somebody");
  EXPECT_FALSE(AnswersTrusting(TextOf(other.path() + "/ca.pem")));
}

TEST_F(TlsTest, MutualTlsNeedsACertificateOfTheSameAuthority) {
  StartServer(FilesOf("server"));
  EXPECT_TRUE(AnswersMutually(FilesOf("client")));
  EXPECT_FALSE(AnswersTrusting(TextOf(folder_.path() + "/ca.pem"))) << "without a certificate";
  EXPECT_FALSE(AnswersPlainly());
  testing::TemporaryFolder other;
  MakeCertificates(other.path(), "client");
  TlsFiles forged = FilesOf("client");
  forged.certificate = other.path() + "/client/certificate.pem";
  forged.private_key = other.path() + "/client/key.pem";
  EXPECT_FALSE(AnswersMutually(forged)) << "of another authority";
}

// The authority changes with all that it signed: who still shows the old certificate is not trusted any more, and the
// running server shows a new one.
TEST_F(TlsTest, FilesThatChangeAreTakenWithoutARestart) {
  StartServer(FilesOf("server"));
  ASSERT_TRUE(AnswersMutually(FilesOf("client")));
  testing::TemporaryFolder old;
  std::filesystem::copy(folder_.path() + "/client", old.path() + "/client");
  const TlsFiles before = {old.path() + "/client/certificate.pem", old.path() + "/client/key.pem",
                           old.path() + "/client/roots.pem", Duration::Seconds(1)};
  ASSERT_TRUE(AnswersMutually(before));

  std::filesystem::remove(folder_.path() + "/ca.pem");
  MakeCertificates(folder_.path(), "server client");
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!AnswersMutually(FilesOf("client")) && std::chrono::steady_clock::now() < deadline) {
  }
  EXPECT_TRUE(AnswersMutually(FilesOf("client")));
  EXPECT_FALSE(AnswersMutually(before));
}

TEST_F(TlsTest, WrongFilesAreNamedAtTheStart) {
  const TlsFiles good = FilesOf("server");
  EXPECT_TRUE(CheckTlsFiles(good).ok()) << CheckTlsFiles(good);
  TlsFiles missing = good;
  missing.private_key = "/nowhere/key.pem";
  EXPECT_THAT(std::string(CheckTlsFiles(missing).message()), HasSubstr("/nowhere/key.pem: cannot be read"));
  TlsFiles swapped = good;
  std::swap(swapped.certificate, swapped.private_key);
  EXPECT_THAT(std::string(CheckTlsFiles(swapped).message()), HasSubstr("holds no certificate"));
  TlsFiles no_key = good;
  no_key.private_key = good.certificate;
  EXPECT_THAT(std::string(CheckTlsFiles(no_key).message()), HasSubstr("holds no private key"));
  TlsFiles foreign = good;
  foreign.private_key = FilesOf("client").private_key;
  EXPECT_THAT(std::string(CheckTlsFiles(foreign).message()), HasSubstr("is not the key of the certificate"));
  TlsFiles roots = good;
  roots.roots = good.private_key;
  EXPECT_THAT(std::string(CheckTlsFiles(roots).message()), HasSubstr("holds no certificate"));
  options_.tls = foreign;
  EXPECT_EQ(GrpcServer::Start(options_, table_, gate_, timer_, nullptr).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace meridian::rpc
