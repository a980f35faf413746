#include "libs/store/memory_store.h"

#include <gtest/gtest.h>

namespace meridian {
namespace {

constexpr ShardId kShard{ShardKind::kRouting, 0};

CommitRequest Request(uint64_t term, uint64_t number) {
  CommitRequest request{.shard = kShard, .term = term, .number = number};
  request.digest = DigestOf(request);
  return request;
}

TEST(MemoryStoreTest, AnswersInsideTheCallUnlessStepped) {
  MemoryStore store;
  uint64_t term = 0;
  store.TakeTerm(kShard, 1, 50, [&](absl::StatusOr<TermGrant> grant) { term = grant->term; });
  EXPECT_EQ(term, 50u);
  EXPECT_FALSE(store.Step());
}

TEST(MemoryStoreTest, SteppedItAppliesAndAnswersOneCallAtATimeInOrder) {
  MemoryStore store({.stepped = true});
  std::vector<std::string> answered;
  store.TakeTerm(kShard, 1, 50, [&](auto) { answered.push_back("term"); });
  store.Commit(Request(50, 1), [&](CommitResult result) {
    EXPECT_EQ(result.outcome, CommitOutcome::kDurable) << result.detail;
    answered.push_back("commit");
  });
  EXPECT_EQ(store.waiting(), 2u);
  EXPECT_TRUE(answered.empty());
  EXPECT_TRUE(store.Step());
  EXPECT_EQ(answered, std::vector<std::string>{"term"});
  EXPECT_TRUE(store.Step());
  EXPECT_EQ(answered.back(), "commit");
  EXPECT_FALSE(store.Step());
}

TEST(MemoryStoreTest, CallsOfAProcessThatDiedAreForgottenAndTheRestIsKept) {
  MemoryStore store({.stepped = true});
  int answers = 0;
  const auto count = [&](const auto&) { ++answers; };
  store.TakeTerm(kShard, 1, 50, count);
  store.Commit(Request(50, 1), count);
  store.Step();
  store.Step();
  store.Commit(Request(50, 2), count);
  store.DropWaiting();
  EXPECT_FALSE(store.Step());
  EXPECT_EQ(answers, 2);
  store.LastCommit(kShard, [&](absl::StatusOr<ChainHead> head) { EXPECT_EQ(head->number, 1u); });
  EXPECT_TRUE(store.Step());
}

TEST(MemoryStoreDeathTest, AKeyTwiceInOneCommitIsABrokenProgram) {
  MemoryStore store;
  store.TakeTerm(kShard, 1, 50, [](auto) {});
  CommitRequest request{.shard = kShard, .term = 50, .number = 1};
  request.puts = {{{1, "k"}, "v"}};
  request.deletes = {{1, "k"}};
  EXPECT_DEATH(store.Commit(request, [](CommitResult) {}), "insert");
}

}  // namespace
}  // namespace meridian
