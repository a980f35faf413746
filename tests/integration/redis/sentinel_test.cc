// Three sentinels, a primary and two replicas: the store follows the primary.
#include "tests/integration/redis/redis_harness.h"

namespace meridian {
namespace {

using testing::RedisServer;

class RedisSentinelTest : public ::testing::Test {
 protected:
  RedisSentinelTest() {
    first_.ReplicateFrom(primary_);
    second_.ReplicateFrom(primary_);
    // Sentinel promotes only the replica that may be: docs/operations/redis.md.
    second_.Command({"CONFIG", "SET", "replica-priority", "0"});
    const std::vector<std::string> settings = {
        "sentinel monitor region 127.0.0.1 " + std::to_string(primary_.port()) + " 2",
        "sentinel down-after-milliseconds region 500", "sentinel failover-timeout region 5000"};
    for (auto& sentinel : sentinels_) sentinel = std::make_unique<RedisServer>(RedisServer::Options{settings, true});
    for (auto& sentinel : sentinels_) {
      sentinel->AwaitReply({"SENTINEL", "MASTER", "region"}, "num-slaves\n2\n");
      sentinel->AwaitReply({"SENTINEL", "MASTER", "region"}, "num-other-sentinels\n2\n");
    }
  }

  RedisOptions Options() {
    RedisOptions options = RedisProcess::Options(primary_, RedisDurability::kReplicated, 2);
    options.servers.clear();
    for (const auto& sentinel : sentinels_) options.servers.push_back({.host = "127.0.0.1", .port = sentinel->port()});
    options.sentinel_master = "region";
    return options;
  }

  RedisServer primary_, first_, second_;
  std::unique_ptr<RedisServer> sentinels_[3];
};

TEST_F(RedisSentinelTest, AfterTheLossOfThePrimaryTheStoreGoesOnAtThePromotedOne) {
  RedisProcess process(Options());
  const TermGrant grant = process.TakeTerm();
  uint64_t number = 1;
  for (; number <= 50; ++number) {
    CommitResult result = process.Commit(RedisProcess::Request(grant.term, number));
    if (result.outcome == CommitOutcome::kNotYetReplicated) process.AwaitHead(number);
  }
  first_.AwaitReply({"GET", "meridian:{r7}:head"}, "50 ");
  primary_.Kill();
  EXPECT_EQ(process.Commit(RedisProcess::Request(grant.term, number)).outcome, CommitOutcome::kUnknown);
  EXPECT_EQ(process.AwaitHead().number, 50u);
  const CommitResult stale = process.Commit(RedisProcess::Request(grant.term, number));
  EXPECT_EQ(stale.reason, RefusalReason::kWrongTerm) << stale.detail;
  const TermGrant after = process.TakeTerm();
  EXPECT_EQ(after.last.number, 50u);
  EXPECT_TRUE(after.tail_at_risk);
  CommitResult result = process.Commit(RedisProcess::Request(after.term, 51));
  if (result.outcome == CommitOutcome::kNotYetReplicated) process.AwaitHead(51);
  EXPECT_EQ(first_.Command({"ROLE"}).substr(0, 6), "master");
  // The old one comes back as a primary, and is not used: the sentinels say that it is none.
  primary_.Start();
  first_.Command({"CLIENT", "KILL", "TYPE", "normal"});
  EXPECT_EQ(process.AwaitHead().number, 51u);
}

TEST_F(RedisSentinelTest, ASentinelThatIsGoneIsPassedOver) {
  sentinels_[0]->Kill();
  RedisProcess process(Options());
  EXPECT_EQ(process.Commit(RedisProcess::Request(process.TakeTerm().term, 1)).outcome, CommitOutcome::kDurable);
}

TEST_F(RedisSentinelTest, AnUnknownPrimaryIsSaidAtTheStart) {
  RedisOptions options = Options();
  options.sentinel_master = "nowhere";
  options.open_timeout = Duration::Milliseconds(500);
  const absl::Status refusal = RedisStore::Open(options).status();
  EXPECT_NE(refusal.ToString().find("No such master"), std::string::npos) << refusal;
}

}  // namespace
}  // namespace meridian
