// A server that restarts, is replaced or returns: every old term is over, and a new one says what may be missing.
#include "tests/integration/redis/redis_harness.h"

namespace meridian {
namespace {

using testing::RedisServer;

constexpr CommitOutcome kDurable = CommitOutcome::kDurable;

void ExpectWrongTerm(const CommitResult& result) {
  EXPECT_EQ(result.outcome, CommitOutcome::kRefused) << result.detail;
  EXPECT_EQ(result.reason, RefusalReason::kWrongTerm) << result.detail;
}

TEST(RedisServerChangeTest, ARestartEndsTheTermAndTheNextSaysThatATailIsAtRisk) {
  RedisServer server;
  RedisProcess process(server, RedisDurability::kAsync);
  const TermGrant grant = process.TakeTerm();
  ASSERT_EQ(process.Commit(RedisProcess::Request(grant.term, 1)).outcome, kDurable);
  server.Kill();
  EXPECT_EQ(process.Commit(RedisProcess::Request(grant.term, 2)).outcome, CommitOutcome::kUnknown);
  server.Start();
  EXPECT_EQ(process.AwaitHead().number, 1u);
  ExpectWrongTerm(process.Commit(RedisProcess::Request(grant.term, 2)));
  const TermGrant after = process.TakeTerm();
  EXPECT_EQ(after.last.number, 1u);
  EXPECT_TRUE(after.tail_at_risk);
  EXPECT_EQ(process.Commit(RedisProcess::Request(after.term, 2)).outcome, kDurable);
}

TEST(RedisServerChangeTest, ATailStaysAtRiskForTheOwnersThatFollowSoonAfter) {
  RedisServer server;
  RedisProcess process(server, RedisDurability::kAsync);
  process.TakeTerm();
  server.Kill();
  server.Start();
  const TermGrant first = process.TakeTerm();
  EXPECT_TRUE(first.tail_at_risk);
  ASSERT_EQ(process.Commit(RedisProcess::Request(first.term, 1)).outcome, kDurable);
  // It died before everything was sent again.
  RedisProcess next(server, RedisDurability::kAsync);
  EXPECT_TRUE(next.TakeTerm().tail_at_risk);
  // Long ago: callers keep nothing of it any more.
  server.Command({"SET", "meridian:{r7}:risk", "1000 0"});
  EXPECT_FALSE(next.TakeTerm().tail_at_risk);
}

TEST(RedisServerChangeTest, ATailThatThisProcessKnowsToBeMissingIsAtRisk) {
  RedisServer server;
  RedisProcess process(server, RedisDurability::kAsync);
  const TermGrant grant = process.TakeTerm();
  ASSERT_EQ(process.Commit(RedisProcess::Request(grant.term, 1)).outcome, kDurable);
  server.StartEmpty();
  const TermGrant after = process.TakeTerm();
  EXPECT_EQ(after.last.number, 0u);
  EXPECT_TRUE(after.tail_at_risk);
}

TEST(RedisServerChangeTest, APrimaryThatWasAReplicaInBetweenIsANewServer) {
  RedisServer server, other;
  other.ReplicateFrom(server);
  RedisProcess process(server, RedisDurability::kAsync);
  const TermGrant grant = process.TakeTerm();
  ASSERT_EQ(process.Commit(RedisProcess::Request(grant.term, 1)).outcome, kDurable);
  other.AwaitReply({"GET", "meridian:{r7}:head"}, "1 ");
  other.Promote();  // and does not get the second commit
  ASSERT_EQ(process.Commit(RedisProcess::Request(grant.term, 2)).outcome, kDurable);
  server.ReplicateFrom(other);
  // As Sentinel does when it demotes a server.
  server.Command({"CLIENT", "KILL", "TYPE", "normal"});
  EXPECT_TRUE(Eventually([&] { return !process.LastCommit().ok(); }));
  server.Promote();
  EXPECT_EQ(process.AwaitHead().number, 1u);
  ExpectWrongTerm(process.Commit(RedisProcess::Request(grant.term, 2)));
  const TermGrant after = process.TakeTerm();
  EXPECT_EQ(after.last.number, 1u);
  EXPECT_TRUE(after.tail_at_risk) << "the same process, and yet the tail was lost";
}

TEST(RedisServerChangeTest, AMarkerOnAPrimaryThatWasAReplicaInBetweenConfirmsNothing) {
  RedisServer server, replica;
  replica.ReplicateFrom(server);
  RedisProcess process(server, RedisDurability::kReplicated);
  const TermGrant grant = process.TakeTerm();
  replica.Promote();
  ASSERT_EQ(process.Commit(RedisProcess::Request(grant.term, 1)).outcome, CommitOutcome::kNotYetReplicated);
  // Its connections stay, and the library's memory of what server it is.
  server.ReplicateFrom(replica);
  server.Promote();
  replica.ReplicateFrom(server);
  const int64_t connects = process.store().counters().connects;
  EXPECT_EQ(process.AwaitHead().number, 0u);
  EXPECT_GT(process.store().counters().connects, connects);
  ExpectWrongTerm(process.Commit(RedisProcess::Request(grant.term, 1)));
}

TEST(RedisServerChangeTest, ACommitNotYetReplicatedWhoseServerWasLostIsUnknown) {
  RedisServer server, replica;
  replica.ReplicateFrom(server);
  RedisProcess process(server, RedisDurability::kReplicated);
  const TermGrant grant = process.TakeTerm();
  replica.Freeze(true);
  ASSERT_EQ(process.Commit(RedisProcess::Request(grant.term, 1)).outcome, CommitOutcome::kNotYetReplicated);
  server.Kill();
  replica.Freeze(false);
  server.Start();
  replica.AwaitReply({"INFO", "replication"}, "master_link_status:up");
  ASSERT_TRUE(Eventually([&] { return process.store().counters().connects == 2; }));
  EXPECT_FALSE(process.LastCommit().ok()) << "the answer that makes it unknown, though the server is back";
  EXPECT_TRUE(process.AwaitHead().number <= 1);
}

TEST(RedisServerChangeTest, TwoOwnersOneTermOnlyTheLastOneWrites) {
  RedisServer server;
  RedisProcess first(server, RedisDurability::kAsync), second(server, RedisDurability::kAsync);
  const TermGrant old_owner = first.TakeTerm();
  const TermGrant new_owner = second.TakeTerm();
  ExpectWrongTerm(first.Commit(RedisProcess::Request(old_owner.term, 1)));
  ExpectWrongTerm(first.Commit(RedisProcess::Request(new_owner.term, 1)));  // and no nonce is its
  EXPECT_EQ(second.Commit(RedisProcess::Request(new_owner.term, 1)).outcome, kDurable);
}

TEST(RedisServerChangeTest, AFlushedLibraryIsLoadedAgain) {
  RedisServer server;
  RedisProcess process(server, RedisDurability::kAsync);
  const TermGrant grant = process.TakeTerm();
  server.Command({"FUNCTION", "FLUSH"});
  EXPECT_EQ(process.Commit(RedisProcess::Request(grant.term, 1)).outcome, CommitOutcome::kUnknown);
  EXPECT_EQ(process.AwaitHead().number, 0u);
  EXPECT_EQ(process.Commit(RedisProcess::Request(grant.term, 1)).outcome, kDurable);
}

}  // namespace
}  // namespace meridian
