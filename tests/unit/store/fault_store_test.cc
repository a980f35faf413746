#include "libs/testing/fault_store.h"

#include <gtest/gtest.h>

#include "libs/store/memory_store.h"

namespace meridian {
namespace {

using testing::CommitFault;
using testing::FaultStore;

constexpr ShardId kShard{ShardKind::kRouting, 0};

class FaultStoreTest : public ::testing::Test {
 protected:
  FaultStoreTest() {
    store_.TakeTerm(kShard, 1, 1, [](auto) {});
  }

  void Commit(FaultStore& way, uint64_t number) {
    CommitRequest request{.shard = kShard, .term = 1, .number = number};
    request.digest = DigestOf(request);
    way.Commit(request, [this, number](CommitResult result) { answers_.push_back({number, result.outcome}); });
  }
  uint64_t Last() {
    uint64_t number = 0;
    store_.LastCommit(kShard, [&](absl::StatusOr<ChainHead> head) { number = head->number; });
    return number;
  }

  using Answers = std::vector<std::pair<uint64_t, CommitOutcome>>;
  MemoryStore store_;
  Answers answers_;
};

TEST_F(FaultStoreTest, ScriptedFaultsHappenInTheirOrder) {
  FaultStore way(store_);
  way.Script({CommitFault::kLoseAnswer, CommitFault::kLoseRequest, CommitFault::kRefuse, CommitFault::kNone});
  Commit(way, 1);
  EXPECT_EQ(Last(), 1u);
  Commit(way, 2);
  Commit(way, 2);
  EXPECT_EQ(Last(), 1u);
  Commit(way, 2);
  EXPECT_EQ(Last(), 2u);
  EXPECT_EQ(answers_, (Answers{{1, CommitOutcome::kUnknown},
                               {2, CommitOutcome::kUnknown},
                               {2, CommitOutcome::kRefused},
                               {2, CommitOutcome::kDurable}}));
}

TEST_F(FaultStoreTest, HeldAnswersComeByStepsInOrder) {
  FaultStore way(store_);
  way.Hold(true);
  Commit(way, 1);
  Commit(way, 2);
  EXPECT_TRUE(way.Step());
  EXPECT_TRUE(answers_.empty());
  EXPECT_EQ(Last(), 2u);
  way.Hold(false);
  while (way.Step()) {
  }
  EXPECT_EQ(answers_, (Answers{{1, CommitOutcome::kDurable}, {2, CommitOutcome::kDurable}}));
}

TEST_F(FaultStoreTest, AnAnswerOfTheWayWaitsForTheStoresEarlierOnes) {
  MemoryStore slow({.stepped = true});
  slow.TakeTerm(kShard, 1, 1, [](auto) {});
  slow.Step();
  FaultStore way(slow);
  way.Script({CommitFault::kNone, CommitFault::kRefuse});
  Commit(way, 1);
  Commit(way, 2);
  EXPECT_TRUE(answers_.empty());
  slow.Step();
  EXPECT_EQ(answers_, (Answers{{1, CommitOutcome::kDurable}, {2, CommitOutcome::kRefused}}));
}

TEST_F(FaultStoreTest, ADestroyedWayDropsWhatIsStillToCome) {
  auto way = std::make_unique<FaultStore>(store_);
  way->Hold(true);
  Commit(*way, 1);
  way.reset();
  EXPECT_TRUE(answers_.empty());
  EXPECT_EQ(Last(), 1u);
}

TEST_F(FaultStoreTest, EqualSeedsDrawEqualFaults) {
  const auto draw = [&](uint64_t seed) {
    MemoryStore store;
    store.TakeTerm(kShard, 1, 1, [](auto) {});
    FaultStore way(store);
    way.Draw(seed, {.refuse = 200, .lose_request = 200, .lose_answer = 200, .delay = 300});
    answers_.clear();
    for (int i = 0; i < 50; ++i) {
      uint64_t last = 0;
      store.LastCommit(kShard, [&](absl::StatusOr<ChainHead> head) { last = head->number; });
      Commit(way, last + 1);
    }
    while (way.Step()) {
    }
    return answers_;
  };
  const Answers first = draw(1);
  EXPECT_EQ(first.size(), 50u);
  EXPECT_EQ(draw(1), first);
  EXPECT_NE(draw(2), first);
}

}  // namespace
}  // namespace meridian
