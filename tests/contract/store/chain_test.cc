// The chain of commits: who may write, in what order, and what a failure leaves.
#include "libs/testing/fault_store.h"
#include "tests/contract/store/store_backend.h"

namespace meridian {
namespace {

using testing::CommitFault;
using testing::FaultStore;

INSTANTIATE_TEST_SUITE_P(Stores, StoreTest, ::testing::ValuesIn(AllStoreKinds()), KindName);

void ExpectDurable(const CommitResult& result) { EXPECT_EQ(result.outcome, CommitOutcome::kDurable) << result.detail; }

void ExpectRefused(const CommitResult& result, RefusalReason reason) {
  EXPECT_EQ(result.outcome, CommitOutcome::kRefused);
  EXPECT_EQ(result.reason, reason) << result.detail;
  EXPECT_FALSE(result.detail.empty());
}

TEST_P(StoreTest, ANewShardStartsAtNumberZero) {
  const TermGrant grant = TakeTerm(kShard, 1234);
  EXPECT_EQ(grant.term, 1234u);
  EXPECT_EQ(grant.last.term, 0u);
  EXPECT_EQ(grant.last.number, 0u);
  EXPECT_FALSE(grant.tail_at_risk);
}

TEST_P(StoreTest, TermsRiseAlsoWhenTheClockWentBack) {
  EXPECT_EQ(TakeTerm(kShard, 5000).term, 5000u);
  EXPECT_EQ(TakeTerm(kShard, 4000).term, 5001u);
  EXPECT_EQ(TakeTerm(kShard, 5001).term, 5002u);
  EXPECT_EQ(TakeTerm(kShard, 9000).term, 9000u);
}

TEST_P(StoreTest, CommitsFollowOneAnother) {
  const TermGrant grant = TakeTerm();
  for (CommitRequest& request : NextCommits(grant, 3)) {
    const ChainHead expected{request.term, request.number, request.digest};
    ExpectDurable(Commit(std::move(request)));
    const ChainHead head = LastCommit(store());
    EXPECT_EQ(head.term, expected.term);
    EXPECT_EQ(head.number, expected.number);
    EXPECT_EQ(head.digest, expected.digest);
  }
}

TEST_P(StoreTest, ANumberIsNeitherSkippedNorUsedTwice) {
  const TermGrant grant = TakeTerm();
  ExpectRefused(Commit(Request(grant, 2, {})), RefusalReason::kWrongNumber);
  ExpectRefused(Commit(Request(grant, 0, {{{1, "k"}, "v"}})), RefusalReason::kWrongNumber);
  for (CommitRequest& request : NextCommits(grant, 2)) ExpectDurable(Commit(std::move(request)));
  ExpectRefused(Commit(Request(grant, 1, {})), RefusalReason::kWrongNumber);
}

TEST_P(StoreTest, TheLastCommitSentAgainIsDurableAgainAndAppliedOnce) {
  const TermGrant grant = TakeTerm();
  const CommitRequest request = NextCommits(grant, 1)[0];
  ExpectDurable(Commit(request));
  ExpectDurable(Commit(request));
  EXPECT_EQ(LastCommit(store()).number, 1u);
  EXPECT_EQ(ReadAfter({})->size(), 1u);
}

TEST_P(StoreTest, TheLastNumberWithOtherContentsIsRefused) {
  const TermGrant grant = TakeTerm();
  ExpectDurable(Commit(Request(grant, 1, {{{1, "k"}, "first"}})));
  ExpectRefused(Commit(Request(grant, 1, {{{1, "k"}, "second"}})), RefusalReason::kWrongNumber);
  EXPECT_EQ(Read({{1, "k"}})[0], "first");
}

TEST_P(StoreTest, WithoutATermNothingIsWritten) {
  ExpectRefused(Commit(Request(TermGrant{}, 1, {{{1, "k"}, "v"}})), RefusalReason::kWrongTerm);
  ExpectRefused(Commit(Request(TermGrant{.term = 5}, 1, {{{1, "k"}, "v"}})), RefusalReason::kWrongTerm);
  EXPECT_EQ(Read({{1, "k"}})[0], std::nullopt);
}

TEST_P(StoreTest, ANewTermFencesTheOldOwner) {
  const TermGrant old_owner = TakeTerm();
  ExpectDurable(Commit(Request(old_owner, 1, {{{1, "k"}, "old"}})));
  const TermGrant new_owner = TakeTerm();
  EXPECT_GT(new_owner.term, old_owner.term);
  EXPECT_EQ(new_owner.last.number, 1u);
  EXPECT_EQ(new_owner.last.term, old_owner.term);
  ExpectRefused(Commit(Request(old_owner, 2, {{{1, "k"}, "stale"}})), RefusalReason::kWrongTerm);
  ExpectRefused(Commit(Request(old_owner, 1, {{{1, "k"}, "old"}})), RefusalReason::kWrongTerm);
  ExpectDurable(Commit(Request(new_owner, 2, {{{1, "k"}, "new"}})));
  EXPECT_EQ(Read({{1, "k"}})[0], "new");
}

TEST_P(StoreTest, ShardsHaveChainsOfTheirOwn) {
  const ShardId other{ShardKind::kSession, kShard.number};
  const TermGrant grant = TakeTerm();
  const TermGrant other_grant = TakeTerm(other, 77);
  ExpectDurable(Commit(Request(grant, 1, {{{1, "k"}, "mine"}})));
  CommitRequest request = Request(other_grant, 1, {{{1, "k"}, "theirs"}});
  request.shard = other;
  ExpectDurable(Commit(request));
  EXPECT_EQ(Read({{1, "k"}})[0], "mine");
  EXPECT_EQ(Read({{1, "k"}}, other)[0], "theirs");
  EXPECT_EQ(LastCommit(store(), {ShardKind::kRouting, 8}).number, 0u);
}

TEST_P(StoreTest, WithEightInFlightAndTheThirdRefusedAllBehindItAreRefused) {
  const TermGrant grant = TakeTerm();
  std::vector<CommitRequest> requests = NextCommits(grant, 8);
  requests[2].puts.resize(CommitRequest::kMaxRecords + 1, {{1, "too many"}, ""});
  const std::vector<CommitResult> results = CommitInFlight(store(), requests);
  ExpectDurable(results[0]);
  ExpectDurable(results[1]);
  ExpectRefused(results[2], RefusalReason::kTooLarge);
  for (int i = 3; i < 8; ++i) ExpectRefused(results[i], RefusalReason::kWrongNumber);
  EXPECT_EQ(LastCommit(store()).number, 2u);
  EXPECT_EQ(LoadAll({1}).size(), 2u);
  EXPECT_EQ(ReadAfter({})->size(), 2u);

  const std::vector<CommitRequest> again = NextCommits({.term = grant.term, .last = LastCommit(store())}, 6);
  for (const CommitResult& result : CommitInFlight(store(), again)) ExpectDurable(result);
  EXPECT_EQ(LoadAll({1}).size(), 8u);
}

TEST_P(StoreTest, WithEightInFlightAndTheThirdRefusedOnTheWayAllBehindItAreRefused) {
  FaultStore way(store());
  const TermGrant grant = TakeTerm();
  way.Script({CommitFault::kNone, CommitFault::kNone, CommitFault::kRefuse});
  const std::vector<CommitResult> results = CommitInFlight(way, NextCommits(grant, 8));
  ExpectDurable(results[1]);
  ExpectRefused(results[2], RefusalReason::kNoSpace);
  for (int i = 3; i < 8; ++i) ExpectRefused(results[i], RefusalReason::kWrongNumber);
  EXPECT_EQ(LastCommit(way).number, 2u);
}

TEST_P(StoreTest, AnUnknownThatWasAppliedIsFoundInTheChainAndHarmlessToSendAgain) {
  FaultStore way(store());
  const TermGrant grant = TakeTerm();
  const std::vector<CommitRequest> requests = NextCommits(grant, 2);
  way.Script({CommitFault::kNone, CommitFault::kLoseAnswer});
  const std::vector<CommitResult> results = CommitInFlight(way, requests);
  EXPECT_EQ(results[1].outcome, CommitOutcome::kUnknown);
  EXPECT_EQ(LastCommit(way).number, 2u);
  EXPECT_EQ(LastCommit(way).digest, requests[1].digest);
  ExpectDurable(Commit(way, requests[1]));
  EXPECT_EQ(ReadAfter({})->size(), 2u);
}

TEST_P(StoreTest, AnUnknownThatWasNotAppliedIsMissingInTheChainAndSentAgain) {
  FaultStore way(store());
  const TermGrant grant = TakeTerm();
  const std::vector<CommitRequest> requests = NextCommits(grant, 4);
  way.Script({CommitFault::kNone, CommitFault::kLoseRequest});
  const std::vector<CommitResult> results = CommitInFlight(way, requests);
  EXPECT_EQ(results[1].outcome, CommitOutcome::kUnknown);
  ExpectRefused(results[2], RefusalReason::kWrongNumber);
  ExpectRefused(results[3], RefusalReason::kWrongNumber);
  EXPECT_EQ(LastCommit(way).number, 1u);
  EXPECT_EQ(LastCommit(way).digest, requests[0].digest);
  for (int i = 1; i < 4; ++i) ExpectDurable(Commit(way, requests[i]));
  EXPECT_EQ(LoadAll({1}).size(), 4u);
}

TEST_P(StoreTest, LastCommitAnswersAfterWhatWasHandedInBefore) {
  const TermGrant grant = TakeTerm();
  bool answered = false;
  store().Commit(NextCommits(grant, 1)[0], [&](CommitResult) { answered = true; });
  const auto head = testing::Await<absl::StatusOr<ChainHead>>([&](auto done) {
    store().LastCommit(kShard, [&, done = std::move(done)](absl::StatusOr<ChainHead> answer) mutable {
      EXPECT_TRUE(answered);
      done(std::move(answer));
    });
  });
  EXPECT_EQ(head->number, 1u);
}

TEST_P(StoreTest, ARestartFindsTheChainAgain) {
  const TermGrant grant = TakeTerm();
  const std::vector<CommitRequest> requests = NextCommits(grant, 3);
  for (const CommitRequest& request : requests) ExpectDurable(Commit(request));
  Restart();
  EXPECT_EQ(LastCommit(store()).digest, requests[2].digest);
  const TermGrant next = TakeTerm();
  EXPECT_EQ(next.term, grant.term + 1);
  EXPECT_EQ(next.last.number, 3u);
  EXPECT_EQ(LoadAll({1}).size(), 3u);
  EXPECT_EQ(ReadAfter({})->size(), 3u);
}

}  // namespace
}  // namespace meridian
