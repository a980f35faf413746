// What the disk refuses, and what the store makes of it.
#include <atomic>
#include <filesystem>

#include "tests/unit/store/sqlite_harness.h"

namespace meridian {
namespace {

using testing::WriteFault;

class SqliteFailureTest : public SqliteHarness {
 protected:
  void SetUp() override {
    Open();
    grant_ = TakeTerm();
    ASSERT_EQ(Commit(Request(grant_.term, 1)).outcome, CommitOutcome::kDurable);
  }

  // An empty commit, as the loop sends to see whether there is room again.
  CommitResult Probe(uint64_t number) {
    CommitRequest request{.shard = kShard, .term = grant_.term, .number = number};
    request.digest = DigestOf(request);
    return Commit(std::move(request));
  }

  TermGrant grant_;
};

TEST_F(SqliteFailureTest, AFullDiskRefusesAndServesAgainWhenThereIsRoom) {
  vfs_.FailWrites(WriteFault::kFull);
  for (const CommitResult& result : {Commit(Request(grant_.term, 2)), Probe(2), Probe(2)}) {
    EXPECT_EQ(result.outcome, CommitOutcome::kRefused);
    EXPECT_EQ(result.reason, RefusalReason::kNoSpace) << result.detail;
    EXPECT_FALSE(result.detail.empty());
  }
  EXPECT_EQ(LastCommit().number, 1u);
  EXPECT_EQ(ReadAfter({})->size(), 1u);
  vfs_.FailWrites(WriteFault::kNone);
  EXPECT_EQ(Probe(2).outcome, CommitOutcome::kDurable);
  EXPECT_EQ(Commit(Request(grant_.term, 3)).outcome, CommitOutcome::kDurable);
}

TEST_F(SqliteFailureTest, AResendOfTheLastCommitIsDurableAlsoInATransactionThatFails) {
  const TermGrant other = TakeTerm(kOther);
  HeldWriter held(*store_, kShard);
  std::vector<std::future<CommitResult>> answers;
  // The last two are of the transaction itself: what is repeated there goes with it.
  for (CommitRequest request :
       {Request(grant_.term, 1), Request(other.term, 1, kOther), Request(grant_.term, 2), Request(grant_.term, 2)}) {
    auto answer = std::make_shared<std::promise<CommitResult>>();
    answers.push_back(answer->get_future());
    store_->Commit(std::move(request), [answer](CommitResult result) { answer->set_value(std::move(result)); });
  }
  vfs_.FailWrites(WriteFault::kFull);
  held.Release();
  EXPECT_EQ(answers[0].get().outcome, CommitOutcome::kDurable);
  for (size_t i = 1; i < answers.size(); ++i) EXPECT_EQ(answers[i].get().outcome, CommitOutcome::kRefused) << i;
  vfs_.FailWrites(WriteFault::kNone);
  EXPECT_EQ(Commit(Request(grant_.term, 2)).outcome, CommitOutcome::kDurable);
}

TEST_F(SqliteFailureTest, AReadOnlyFileRefusesAndServesAgain) {
  vfs_.FailWrites(WriteFault::kReadOnly);
  const CommitResult refused = Commit(Request(grant_.term, 2));
  EXPECT_EQ(refused.outcome, CommitOutcome::kRefused);
  EXPECT_EQ(refused.reason, RefusalReason::kReadOnly) << refused.detail;
  EXPECT_EQ(LastCommit().number, 1u);
  vfs_.FailWrites(WriteFault::kNone);
  EXPECT_EQ(Probe(2).outcome, CommitOutcome::kDurable);
}

TEST_F(SqliteFailureTest, AFailedSyncIsUnknownAndTheChainTells) {
  vfs_.FailSyncs(true);
  EXPECT_EQ(Commit(Request(grant_.term, 2)).outcome, CommitOutcome::kUnknown);
  EXPECT_EQ(LastCommit().number, 1u);
  vfs_.FailSyncs(false);
  EXPECT_EQ(Commit(Request(grant_.term, 2)).outcome, CommitOutcome::kDurable);
  EXPECT_EQ(LastCommit().number, 2u);
}

TEST_F(SqliteFailureTest, AWriteErrorThatMayHaveWrittenIsUnknown) {
  vfs_.FailWrites(WriteFault::kIoError);
  EXPECT_EQ(Commit(Request(grant_.term, 2)).outcome, CommitOutcome::kUnknown);
  vfs_.FailWrites(WriteFault::kNone);
  EXPECT_EQ(LastCommit().number, 1u);
  EXPECT_EQ(Commit(Request(grant_.term, 2)).outcome, CommitOutcome::kDurable);
}

TEST_F(SqliteFailureTest, AFailedTransactionRefusesEveryCommitFoldedIntoIt) {
  const TermGrant other = TakeTerm(kOther);
  HeldWriter held(*store_, kShard);
  std::vector<std::future<CommitResult>> answers;
  for (CommitRequest request : {Request(grant_.term, 2), Request(other.term, 1, kOther), Request(grant_.term, 3),
                                Request(other.term, 2, kOther)}) {
    auto answer = std::make_shared<std::promise<CommitResult>>();
    answers.push_back(answer->get_future());
    store_->Commit(std::move(request), [answer](CommitResult result) { answer->set_value(std::move(result)); });
  }
  vfs_.FailWrites(WriteFault::kFull);
  held.Release();
  for (auto& answer : answers) EXPECT_EQ(answer.get().reason, RefusalReason::kNoSpace);
  vfs_.FailWrites(WriteFault::kNone);
  EXPECT_EQ(LastCommit().number, 1u);
  EXPECT_EQ(LastCommit(kOther).number, 0u);
  EXPECT_EQ(store_->counters().failed_transactions, 1);
}

TEST_F(SqliteFailureTest, WhatWaitsIsFoldedIntoOneTransactionWithOneSync) {
  const TermGrant other = TakeTerm(kOther);
  HeldWriter held(*store_, kShard);
  const int64_t syncs = vfs_.syncs();
  std::atomic<int> durable{0};
  const auto count = [&](CommitResult result) { durable += result.outcome == CommitOutcome::kDurable ? 1 : 0; };
  for (uint64_t number = 2; number < 52; ++number) store_->Commit(Request(grant_.term, number), count);
  for (uint64_t number = 1; number < 51; ++number) store_->Commit(Request(other.term, number, kOther), count);
  held.Release();
  LastCommit();
  EXPECT_EQ(durable, 100);
  EXPECT_EQ(vfs_.syncs() - syncs, 1);
}

TEST_F(SqliteFailureTest, ATermThatCannotBeWrittenSaysWhy) {
  vfs_.FailWrites(WriteFault::kFull);
  const auto grant =
      testing::Await<absl::StatusOr<TermGrant>>([&](auto done) { store_->TakeTerm(kShard, 2, 2000, std::move(done)); });
  EXPECT_EQ(grant.status().code(), absl::StatusCode::kResourceExhausted) << grant.status();
  vfs_.FailWrites(WriteFault::kNone);
  EXPECT_EQ(Commit(Request(grant_.term, 2)).outcome, CommitOutcome::kDurable) << "the old term is still in force";
}

class SqliteFreeSpaceTest : public SqliteHarness {};

TEST_F(SqliteFreeSpaceTest, BelowTheMinimumCommitsAreRefusedAndTrimGoesOn) {
  std::atomic<int64_t> free_bytes{1000};
  options_.min_free_bytes = 1000;
  options_.free_bytes = [&] { return free_bytes.load(); };
  Open();
  const TermGrant grant = TakeTerm();
  ASSERT_EQ(Commit(Request(grant.term, 1)).outcome, CommitOutcome::kDurable);
  free_bytes = 999;
  const CommitResult refused = Commit(Request(grant.term, 2));
  EXPECT_EQ(refused.outcome, CommitOutcome::kRefused);
  EXPECT_EQ(refused.reason, RefusalReason::kNoSpace);
  EXPECT_NE(refused.detail.find("999"), std::string::npos) << refused.detail;
  EXPECT_EQ(Commit(Request(grant.term, 1)).outcome, CommitOutcome::kDurable) << "a resend needs no room";
  const auto kept = testing::Await<absl::StatusOr<LogPosition>>([&](auto done) {
    store_->TrimTo(kShard, {grant.term, 1}, std::move(done));
  });
  EXPECT_TRUE(kept.ok()) << kept.status();
  const TermGrant reloaded = TakeTerm();
  EXPECT_GT(reloaded.term, grant.term);
  free_bytes = 1000;
  EXPECT_EQ(Commit(Request(reloaded.term, 2)).outcome, CommitOutcome::kDurable);
  store_.reset();
}

class SqliteCheckpointTest : public SqliteHarness {};

TEST_F(SqliteCheckpointTest, TheWalStartsAnewUnderLoad) {
  options_.vfs = "";
  options_.wal_bytes = 256 * 1024;
  Open();
  const TermGrant grant = TakeTerm();
  for (uint64_t number = 1; number <= 300; ++number) {
    CommitRequest request{.shard = kShard, .term = grant.term, .number = number};
    request.puts.push_back({{1, std::to_string(number % 10)}, std::string(60'000, 'v')});
    request.digest = DigestOf(request);
    ASSERT_EQ(Commit(std::move(request)).outcome, CommitOutcome::kDurable);
  }
  EXPECT_GT(store_->counters().checkpoints, 0);
  // 18 MB were written.
  EXPECT_LT(std::filesystem::file_size(options_.path + "-wal"), 9'000'000u);
}

}  // namespace
}  // namespace meridian
