// TLS 1.3 and users with few rights.
#include <cstdlib>
#include <mutex>

#include "tests/integration/redis/redis_harness.h"

namespace meridian {
namespace {

using testing::RedisServer;
using testing::TemporaryFolder;

// What docs/operations/redis.md gives the store's user.
const std::vector<std::string> kUser = {
    "--user",         "meridian",       "on",           ">secret",     "~meridian:*", "&meridian:*", "+fcall",
    "+function|load", "+function|list", "+info",        "+config|get", "+wait",       "+ping",       "+publish",
    "+subscribe",     "+get",           "+set",         "+mget",       "+del",        "+unlink",     "+hget",
    "+hset",          "+hdel",          "+hmget",       "+hgetall",    "+hlen",       "+hvals",      "+hexists",
    "+xadd",          "+xtrim",         "+xrange",      "+xrevrange",  "+rpush",      "+lpop",       "+llen",
    "+lindex",        "+zadd",          "+zrangebylex", "+time"};

// A certificate authority, and what it signed for 127.0.0.1.
class Certificates {
 public:
  Certificates() {
    const std::string key = " -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 ";
    Run("req -x509" + key + "-subj /CN=ca -keyout ca.key -out ca.pem");
    Run("req -x509" + key + "-subj /CN=other -keyout other.key -out other.pem");
    for (const std::string name : {"server", "client"}) {
      Run("req -x509 -CA ca.pem -CAkey ca.key" + key + "-subj /CN=" + name +
          " -addext subjectAltName=IP:127.0.0.1 -addext basicConstraints=CA:FALSE -keyout " + name + ".key -out " +
          name + ".pem");
    }
  }
  std::string File(const std::string& name) const { return folder_.path() + "/" + name; }
  std::vector<std::string> ServerSettings() const {
    return {"--tls-cert-file", File("server.pem"), "--tls-key-file", File("server.key"),  "--tls-ca-cert-file",
            File("ca.pem"),    "--tls-protocols",  "TLSv1.3",        "--tls-replication", "yes"};
  }
  RedisTls Client() const { return {true, File("ca.pem"), File("client.pem"), File("client.key"), ""}; }

 private:
  void Run(const std::string& arguments) {
    const std::string command = "cd " + folder_.path() + " && openssl " + arguments + " 2>/dev/null";
    MERIDIAN_CHECK(std::system(command.c_str()) == 0);
  }
  const TemporaryFolder folder_;
};

class RedisTlsTest : public ::testing::Test {
 protected:
  RedisServer::Options ServerOptions(const std::vector<std::string>& user = kUser) {
    RedisServer::Options options{.settings = certificates_.ServerSettings(), .admin_password = "root", .tls = true};
    options.settings.insert(options.settings.end(), user.begin(), user.end());
    return options;
  }
  RedisOptions Options(const RedisServer& server) {
    RedisOptions options = RedisProcess::Options(server, RedisDurability::kAsync);
    options.servers = {{.host = "127.0.0.1", .port = server.port()}};
    options.tls = certificates_.Client();
    options.user = "meridian";
    options.password = "secret";
    options.open_timeout = Duration::Seconds(3);
    return options;
  }

  const Certificates certificates_;
};

TEST_F(RedisTlsTest, EverythingWorksOverTlsForAUserWithTheRightsThatAreDocumented) {
  RedisServer server(ServerOptions()), replica([&] {
    RedisServer::Options options = ServerOptions();
    options.settings.insert(options.settings.end(), {"--masteruser", "admin", "--masterauth", "root"});
    return options;
  }());
  replica.ReplicateFrom(server);
  RedisOptions options = Options(server);
  options.durability = RedisDurability::kReplicated;
  options.retention_every = Duration::Milliseconds(10);
  RedisProcess process(options);
  LogPosition heard;
  std::mutex mutex;
  auto watch = process.store().Watch(kShard, [&](LogPosition position) {
    std::lock_guard lock(mutex);
    heard = position;
  });
  server.AwaitReply({"PUBSUB", "NUMSUB", "meridian:{r7}:log"}, "1");
  const TermGrant grant = process.TakeTerm();
  for (uint64_t number = 1; number <= 50; ++number) {
    CommitRequest request = RedisProcess::Request(grant.term, number, std::string(100'000, 'v'));
    request.deletes = {{1, "key" + std::to_string(number - 1)}};
    request.digest = DigestOf(request);
    ASSERT_EQ(process.Commit(request).outcome, CommitOutcome::kDurable);
  }
  EXPECT_EQ((*process.Read({{1, "key50"}}))[0]->size(), 100'000u);
  EXPECT_EQ(process.ReadAfter({})->size(), 50u);
  EXPECT_TRUE(Eventually([&] {
    std::lock_guard lock(mutex);
    return heard == LogPosition{grant.term, 50};
  }));
  EXPECT_TRUE(testing::Await<absl::Status>([&](auto done) {
                process.store().SetFollower(kShard, "relay", {grant.term, 20}, std::move(done));
              }).ok());
  EXPECT_TRUE(testing::Await<absl::StatusOr<LogPosition>>([&](auto done) {
                process.store().TrimTo(kShard, {grant.term, 30}, std::move(done));
              }).ok());
  EXPECT_TRUE(testing::Await<absl::StatusOr<LoadPage>>([&](auto done) {
                process.store().Load(kShard, {1}, "", std::move(done));
              }).ok());
  const auto lease = testing::Await<absl::StatusOr<Lease>>(
      [&](auto done) { process.store().Acquire(kShard, "me", 1, Duration::Seconds(1), std::move(done)); });
  ASSERT_TRUE(lease.ok()) << lease.status();
  EXPECT_TRUE(testing::Await<absl::Status>([&](auto done) { process.store().Release(*lease, std::move(done)); }).ok());
  const TenantShards shards{{ShardKind::kRouting, 7}, {{ShardKind::kSession, 0}}, 0};
  EXPECT_TRUE(testing::Await<absl::StatusOr<TenantShards>>([&](auto done) {
                process.store().Assign(TenantId{"acme"}, shards, std::move(done));
              }).ok());
  EXPECT_EQ(testing::Await<absl::StatusOr<std::vector<TenantAssignment>>>([&](auto done) {
              process.store().List(TenantId{""}, std::move(done));
            })->size(),
            1u);
}

TEST_F(RedisTlsTest, AServerOfAnotherAuthorityOrNameIsRefused) {
  const RedisServer server(ServerOptions());
  RedisOptions options = Options(server);
  options.open_timeout = Duration::Milliseconds(500);
  options.tls.ca_file = certificates_.File("other.pem");
  const absl::Status other = RedisStore::Open(options).status();
  EXPECT_NE(other.ToString().find("certificate verify failed"), std::string::npos) << other;
  options = Options(server);
  options.open_timeout = Duration::Milliseconds(500);
  options.tls.server_name = "redis.example.com";
  const absl::Status named = RedisStore::Open(options).status();
  EXPECT_NE(named.ToString().find("certificate verify failed"), std::string::npos) << named;
}

TEST_F(RedisTlsTest, WithoutOurCertificateOrInPlainTextThereIsNoWayIn) {
  const RedisServer server(ServerOptions());
  RedisOptions options = Options(server);
  options.open_timeout = Duration::Milliseconds(500);
  options.tls.cert_file.clear();
  EXPECT_EQ(RedisStore::Open(options).status().code(), absl::StatusCode::kUnavailable);
  options.tls = {};
  EXPECT_EQ(RedisStore::Open(options).status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(RedisTlsTest, AWrongPasswordIsDeniedAtOnce) {
  const RedisServer server(ServerOptions());
  RedisOptions options = Options(server);
  options.password = "wrong";
  const absl::Status denied = RedisStore::Open(options).status();
  EXPECT_EQ(denied.code(), absl::StatusCode::kPermissionDenied) << denied;
}

TEST_F(RedisTlsTest, AUserWhoMayNotDoAllThatACommitOrALoadDoesIsRefusedAtTheStart) {
  for (const auto& [right, command] : {std::pair("+xadd", "XADD"), std::pair("+hlen", "HLEN")}) {
    std::vector<std::string> user = kUser;
    std::erase(user, right);
    const RedisServer server(ServerOptions(user));
    const absl::Status denied = RedisStore::Open(Options(server)).status();
    EXPECT_EQ(denied.code(), absl::StatusCode::kPermissionDenied) << denied;
    EXPECT_NE(denied.ToString().find("may not run " + std::string(command)), std::string::npos) << denied;
  }
}

}  // namespace
}  // namespace meridian
