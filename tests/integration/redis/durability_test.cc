// What each level of durability keeps, and exactly what it can lose.
#include "tests/integration/redis/redis_harness.h"

namespace meridian {
namespace {

using testing::RedisServer;

constexpr CommitOutcome kDurable = CommitOutcome::kDurable;
constexpr CommitOutcome kNotYetReplicated = CommitOutcome::kNotYetReplicated;

// A primary and two replicas.
class RedisDurabilityTest : public ::testing::Test {
 protected:
  explicit RedisDurabilityTest(RedisServer::Options options = {})
      : primary_(options), first_(options), second_(options) {
    first_.ReplicateFrom(primary_);
    second_.ReplicateFrom(primary_);
  }

  // The primary is gone, the replica takes its place, and another process takes the shard there.
  TermGrant TermAfterPromoting(RedisServer& replica, RedisDurability durability) {
    primary_.Kill();
    replica.Freeze(false);
    replica.Promote();
    if (durability != RedisDurability::kAsync) {
      RedisServer& other = &replica == &first_ ? second_ : first_;
      other.Freeze(false);
      other.ReplicateFrom(replica);
    }
    RedisProcess next(replica, durability, 1);
    return next.TakeTerm();
  }

  RedisServer primary_, first_, second_;
};

TEST_F(RedisDurabilityTest, AsyncLosesWhatNoReplicaHadGotAndSaysSo) {
  RedisProcess process(primary_, RedisDurability::kAsync);
  EXPECT_TRUE(process.store().MayLoseAcknowledgedTail());
  const TermGrant grant = process.TakeTerm();
  EXPECT_FALSE(grant.tail_at_risk);
  ASSERT_EQ(process.Commit(RedisProcess::Request(grant.term, 1)).outcome, kDurable);
  first_.AwaitReply({"GET", "meridian:{r7}:head"}, "1 ");
  first_.Promote();  // cut off: it gets nothing any more
  ASSERT_EQ(process.Commit(RedisProcess::Request(grant.term, 2)).outcome, kDurable);
  primary_.Kill();
  RedisProcess next(first_, RedisDurability::kAsync);
  const TermGrant after = next.TakeTerm();
  EXPECT_EQ(after.last.number, 1u);
  EXPECT_TRUE(after.tail_at_risk);
  EXPECT_GT(after.term, grant.term);
}

TEST_F(RedisDurabilityTest, AsyncLosesNothingInAGracefulHandOver) {
  TermGrant grant;
  {
    RedisProcess process(primary_, RedisDurability::kAsync);
    grant = process.TakeTerm();
    ASSERT_EQ(process.Commit(RedisProcess::Request(grant.term, 1)).outcome, kDurable);
  }
  RedisProcess next(primary_, RedisDurability::kAsync);
  const TermGrant after = next.TakeTerm();
  EXPECT_EQ(after.last.number, 1u);
  EXPECT_FALSE(after.tail_at_risk);
}

TEST_F(RedisDurabilityTest, ReplicatedSurvivesThePrimaryOnTheReplicaThatHasIt) {
  RedisProcess process(primary_, RedisDurability::kReplicated);
  EXPECT_TRUE(process.store().MayLoseAcknowledgedTail());
  const TermGrant grant = process.TakeTerm();
  second_.Freeze(true);
  ASSERT_EQ(process.Commit(RedisProcess::Request(grant.term, 1)).outcome, kDurable);
  const TermGrant after = TermAfterPromoting(first_, RedisDurability::kReplicated);
  EXPECT_EQ(after.last.number, 1u);
  EXPECT_TRUE(after.tail_at_risk) << "nobody can know which replica had it";
}

TEST_F(RedisDurabilityTest, ReplicatedIsLostWhenTheOtherReplicaIsPromotedAndSaysSo) {
  RedisProcess process(primary_, RedisDurability::kReplicated);
  const TermGrant grant = process.TakeTerm();
  ASSERT_EQ(process.Commit(RedisProcess::Request(grant.term, 1)).outcome, kDurable);
  second_.AwaitReply({"GET", "meridian:{r7}:head"}, "1 ");
  second_.Promote();  // cut off: it gets nothing any more
  ASSERT_EQ(process.Commit(RedisProcess::Request(grant.term, 2)).outcome, kDurable);
  primary_.Kill();
  first_.ReplicateFrom(second_);
  RedisProcess next(second_, RedisDurability::kReplicated);
  const TermGrant after = next.TakeTerm();
  EXPECT_EQ(after.last.number, 1u);
  EXPECT_TRUE(after.tail_at_risk);
}

TEST_F(RedisDurabilityTest, ReplicatedWithoutAReplicaIsAppliedHeldAndDurableOnceItIsBack) {
  RedisProcess process(primary_, RedisDurability::kReplicated);
  const TermGrant grant = process.TakeTerm();
  ASSERT_EQ(process.Commit(RedisProcess::Request(grant.term, 1)).outcome, kDurable);
  first_.Freeze(true);
  second_.Freeze(true);
  auto second = process.CommitLater(RedisProcess::Request(grant.term, 2));
  auto third = process.CommitLater(RedisProcess::Request(grant.term, 3));
  EXPECT_EQ(second.get().outcome, kNotYetReplicated);
  EXPECT_EQ(third.get().outcome, kNotYetReplicated);
  EXPECT_EQ(process.LastCommit()->number, 1u) << "applied, and not as durable as promised";
  second_.Freeze(false);
  process.AwaitHead(3);
  EXPECT_EQ(process.Commit(RedisProcess::Request(grant.term, 4)).outcome, kDurable);
  first_.Freeze(false);
}

TEST_F(RedisDurabilityTest, ATermCountsOnlyOnceItIsReplicated) {
  RedisProcess process(primary_, RedisDurability::kReplicated);
  first_.Freeze(true);
  second_.Freeze(true);
  EXPECT_EQ(process.TryTakeTerm().status().code(), absl::StatusCode::kUnavailable);
  first_.Freeze(false);
  const TermGrant grant = process.TakeTerm();
  EXPECT_EQ(process.Commit(RedisProcess::Request(grant.term, 1)).outcome, kDurable);
  second_.Freeze(false);
}

TEST_F(RedisDurabilityTest, NoWriteQueuesBehindAWait) {
  RedisOptions options = RedisProcess::Options(primary_, RedisDurability::kReplicated);
  options.wait_timeout = Duration::Milliseconds(1500);
  RedisProcess process(options);
  const TermGrant grant = process.TakeTerm();
  first_.Freeze(true);
  second_.Freeze(true);
  auto first = process.CommitLater(RedisProcess::Request(grant.term, 1));
  primary_.AwaitReply({"GET", "meridian:{r7}:head"}, "1 ");
  auto second = process.CommitLater(RedisProcess::Request(grant.term, 2));
  primary_.AwaitReply({"GET", "meridian:{r7}:head"}, "2 ");
  EXPECT_EQ(first.wait_for(std::chrono::seconds(0)), std::future_status::timeout) << "the wait for it is over already";
  first_.Freeze(false);
  EXPECT_EQ(first.get().outcome, kDurable);
  EXPECT_EQ(second.get().outcome, kDurable);
  second_.Freeze(false);
}

class RedisStrictTest : public RedisDurabilityTest {
 protected:
  RedisStrictTest() : RedisDurabilityTest({.settings = {"--appendfsync", "always"}}) {}
};

TEST_F(RedisStrictTest, WaitsForEveryReplicaAndSurvivesThePromotionOfAny) {
  RedisProcess process(primary_, RedisDurability::kStrict, 2);
  EXPECT_FALSE(process.store().MayLoseAcknowledgedTail());
  const TermGrant grant = process.TakeTerm();
  second_.Freeze(true);
  EXPECT_EQ(process.Commit(RedisProcess::Request(grant.term, 1)).outcome, kNotYetReplicated);
  second_.Freeze(false);
  process.AwaitHead(1);
  ASSERT_EQ(process.Commit(RedisProcess::Request(grant.term, 2)).outcome, kDurable);
  const TermGrant after = TermAfterPromoting(second_, RedisDurability::kStrict);
  EXPECT_EQ(after.last.number, 2u);
  EXPECT_FALSE(after.tail_at_risk);
}

TEST_F(RedisStrictTest, SurvivesARestartOfThePrimaryInItsPlace) {
  RedisProcess process(primary_, RedisDurability::kStrict, 2);
  const TermGrant grant = process.TakeTerm();
  for (uint64_t number = 1; number <= 20; ++number) {
    ASSERT_EQ(process.Commit(RedisProcess::Request(grant.term, number)).outcome, kDurable);
  }
  primary_.Kill();
  primary_.Start();
  const TermGrant after = process.TakeTerm();
  EXPECT_EQ(after.last.number, 20u);
  EXPECT_FALSE(after.tail_at_risk);
}

}  // namespace
}  // namespace meridian
