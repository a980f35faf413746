// A server that is set wrongly is refused at the start, with the setting named.
#include "libs/store/redis_server_check.h"
#include "tests/integration/redis/redis_harness.h"

namespace meridian {
namespace {

using testing::RedisServer;

absl::Status Refusal(const RedisServer& server, RedisDurability durability, int replicas = 1) {
  return RedisStore::Open(RedisProcess::Options(server, durability, replicas)).status();
}

void ExpectNamed(const absl::Status& status, const std::string& setting) {
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(status.ToString().find(setting), std::string::npos) << status;
}

TEST(RedisSettingsTest, AServerThatMayEvictIsRefused) {
  const RedisServer server({.settings = {"--maxmemory-policy", "allkeys-lru"}});
  ExpectNamed(Refusal(server, RedisDurability::kAsync), "maxmemory-policy is 'allkeys-lru', it must be 'noeviction'");
}

TEST(RedisSettingsTest, AServerWithoutAppendOnlyFileIsRefused) {
  const RedisServer server({.settings = {"--appendonly", "no"}});
  ExpectNamed(Refusal(server, RedisDurability::kAsync), "appendonly is 'no', it must be 'yes'");
}

// They may still be on their way: only a store that saw too few all the time it had for opening is refused.
TEST(RedisSettingsTest, TooFewReplicasAreRefused) {
  RedisServer server({.settings = {"--appendfsync", "always"}}), replica;
  const auto expect_too_few = [&](RedisDurability durability, int replicas, const std::string& words) {
    RedisOptions options = RedisProcess::Options(server, durability, replicas);
    options.open_timeout = Duration::Milliseconds(300);
    const absl::Status refusal = RedisStore::Open(std::move(options)).status();
    EXPECT_EQ(refusal.code(), absl::StatusCode::kUnavailable);
    EXPECT_NE(refusal.ToString().find(words), std::string::npos) << refusal;
  };
  expect_too_few(RedisDurability::kReplicated, 1, "has 0 replicas connected, its durability needs 1");
  replica.ReplicateFrom(server);
  EXPECT_TRUE(Refusal(server, RedisDurability::kReplicated).ok());
  expect_too_few(RedisDurability::kStrict, 2, "has 1 replicas connected, its durability needs 2");
  EXPECT_TRUE(Refusal(server, RedisDurability::kStrict, 1).ok());
}

TEST(RedisSettingsTest, AReplicaThatIsOnItsWayIsAwaited) {
  RedisServer server, replica;
  RedisOptions options = RedisProcess::Options(server, RedisDurability::kReplicated);
  std::future<absl::Status> opened =
      std::async(std::launch::async, [&] { return RedisStore::Open(std::move(options)).status(); });
  server.AwaitReply({"INFO", "commandstats"}, "cmdstat_config|get");  // the store has looked, and found too few
  replica.ReplicateFrom(server);
  EXPECT_TRUE(opened.get().ok());
}

TEST(RedisSettingsTest, StrictRefusesAReplicaThatItWouldNotWaitFor) {
  RedisServer server({.settings = {"--appendfsync", "always"}}), replica;
  replica.ReplicateFrom(server);
  ExpectNamed(Refusal(server, RedisDurability::kStrict, 0), "has 1 replicas, the store is told of 0");
}

TEST(RedisSettingsTest, StrictNeedsADiskThatIsSynced) {
  const RedisServer server({.settings = {"--appendfsync", "everysec"}});
  ExpectNamed(Refusal(server, RedisDurability::kStrict, 0), "appendfsync is 'everysec', it must be 'always'");
}

TEST(RedisSettingsTest, AnotherLibraryOfTheSameNameIsRefused) {
  RedisServer server;
  server.Command({"FUNCTION", "LOAD", "#!lua name=meridian_v5\nredis.register_function('x', function() end)"});
  ExpectNamed(Refusal(server, RedisDurability::kAsync), "another function library named meridian_v5");
}

TEST(RedisSettingsTest, AReplicaIsNoPrimary) {
  RedisServer server, replica;
  replica.ReplicateFrom(server);
  RedisOptions options = RedisProcess::Options(replica, RedisDurability::kAsync);
  options.open_timeout = Duration::Milliseconds(300);
  const absl::Status refusal = RedisStore::Open(options).status();
  EXPECT_EQ(refusal.code(), absl::StatusCode::kUnavailable);
  EXPECT_NE(refusal.ToString().find("its role is 'slave'"), std::string::npos) << refusal;
}

TEST(RedisSettingsTest, NoServerIsUnavailableWithTheReason) {
  RedisServer server;
  RedisOptions options = RedisProcess::Options(server, RedisDurability::kAsync);
  options.open_timeout = Duration::Milliseconds(200);
  server.Kill();
  const absl::Status refusal = RedisStore::Open(options).status();
  EXPECT_EQ(refusal.code(), absl::StatusCode::kUnavailable);
  EXPECT_NE(refusal.ToString().find(server.socket_path()), std::string::npos) << refusal;
}

TEST(RedisSettingsTest, AnOldVersionIsRefused) {
  RedisServerFacts facts{{{"role", "master"}, {"redis_version", "6.2.14"}}, {}};
  ExpectNamed(CheckRedisServer(facts, RedisOptions{}), "Redis 6.2.14 has no functions");
}

TEST(RedisSettingsTest, MemoryIsNearlyFullAtItsShareOfTheMaximum) {
  EXPECT_FALSE(RedisMemoryNearlyFull({{"used_memory", "1000"}, {"maxmemory", "0"}}, 80));
  EXPECT_FALSE(RedisMemoryNearlyFull({{"used_memory", "799"}, {"maxmemory", "1000"}}, 80));
  EXPECT_TRUE(RedisMemoryNearlyFull({{"used_memory", "800"}, {"maxmemory", "1000"}}, 80));
}

}  // namespace
}  // namespace meridian
