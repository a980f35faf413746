#include "libs/runtime/shard_lifecycle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/runtime/counter_world.h"

namespace meridian {
namespace {

using Fault = ScriptedStore::Fault;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(ShardLifecycleTest, RefusedCommitRefusesWhatIsPipelinedBehindItAndReloads) {
  CounterWorld world;
  world.BootAndServe();
  ASSERT_TRUE(world.Add("a", 1).ok());
  world.Settle();
  world.TakeEvents();
  world.store().Expect(Fault::kRefuse, RefusalReason::kBroken);
  ASSERT_TRUE(world.Add("a", 10).ok());
  world.StepLoop();
  ASSERT_TRUE(world.Add("a", 100).ok());
  world.Settle();
  EXPECT_THAT(world.TakeEvents(), ElementsAre("a: SHARD_RELOADED", "a: SHARD_RELOADED"));
  ASSERT_TRUE(world.Add("a", 1).ok());
  world.Pass(Duration::Seconds(1));
  EXPECT_THAT(world.TakeEvents(), ElementsAre("a: 2", "message a=2"));
  EXPECT_EQ(world.program().loads, 2);
  EXPECT_EQ(world.loop().state(), ShardState::kServing);
}

TEST(ShardLifecycleTest, SecondOfTwoInFlightRefusedKeepsTheFirst) {
  CounterWorld world;
  world.BootAndServe();
  world.store().Expect(Fault::kNone);
  world.store().Expect(Fault::kRefuse, RefusalReason::kTooLarge);
  ASSERT_TRUE(world.Add("a", 1).ok());
  world.StepLoop();
  ASSERT_TRUE(world.Add("b", 1).ok());
  world.Pass(Duration::Seconds(1));
  EXPECT_THAT(world.TakeEvents(), ElementsAre("a: 1", "message a=1", "b: SHARD_RELOADED"));
  EXPECT_EQ(world.program().Value("a"), 1);
  EXPECT_EQ(world.program().Value("b"), 0);
}

TEST(ShardLifecycleTest, UnknownThatWasAppliedGoesOn) {
  CounterWorld world;
  world.BootAndServe();
  world.store().Expect(Fault::kUnknownApplied);
  ASSERT_TRUE(world.Add("a", 1).ok());
  world.StepLoop();
  ASSERT_TRUE(world.Add("a", 1).ok());
  world.Settle();
  EXPECT_THAT(world.TakeEvents(), ElementsAre("a: 1", "message a=1", "a: 2", "message a=2"));
  EXPECT_EQ(world.program().loads, 1) << "memory is kept";
}

TEST(ShardLifecycleTest, UnknownThatWasLostIsSentAgainWithWhatFollowed) {
  CounterWorld world;
  world.BootAndServe();
  world.store().Expect(Fault::kUnknownLost);
  ASSERT_TRUE(world.Add("a", 1).ok());
  world.StepLoop();
  ASSERT_TRUE(world.Add("a", 1).ok());
  world.StepLoop();
  ASSERT_TRUE(world.store().Step());
  world.StepLoop();
  EXPECT_THAT(world.TakeEvents(), IsEmpty());
  world.Settle();
  EXPECT_THAT(world.TakeEvents(), ElementsAre("a: 1", "message a=1", "a: 2", "message a=2"));
  EXPECT_EQ(world.program().loads, 1);
  EXPECT_EQ(world.store().records().at({1, "a"}), "2");
  const auto& sent = world.store().sent();
  EXPECT_EQ(std::count(sent.begin(), sent.end(), sent[sent.size() - 2]), 2) << "the very same, not a copy";
}

TEST(ShardLifecycleTest, UnknownAgainAndAgainWhileTheStoreIsDown) {
  CounterWorld world;
  world.BootAndServe();
  for (int i = 0; i < 3; ++i) world.store().Expect(Fault::kUnknownLost);
  world.store().SetDown(true);
  ASSERT_TRUE(world.Add("a", 1).ok());
  world.Pass(Duration::Seconds(3));
  EXPECT_THAT(world.TakeEvents(), IsEmpty());
  world.store().SetDown(false);
  world.Pass(Duration::Seconds(5));
  EXPECT_THAT(world.TakeEvents(), ElementsAre("a: 1", "message a=1"));
}

TEST(ShardLifecycleTest, UnknownAndAnotherChainInTheStoreReloads) {
  CounterWorld world;
  world.BootAndServe();
  world.store().Expect(Fault::kUnknownLost);
  ASSERT_TRUE(world.Add("a", 1).ok());
  world.StepLoop();
  // The same number, written by somebody else.
  CommitRequest other{{}, world.store().head().term, world.store().head().number + 1, {}, {}, "other", 0};
  other.digest = DigestOf(other);
  ASSERT_TRUE(world.store().Step());
  world.store().Commit(other, [](CommitResult) {});
  world.Pass(Duration::Seconds(1));
  EXPECT_THAT(world.TakeEvents(), ElementsAre("a: SHARD_RELOADED"));
  EXPECT_EQ(world.loop().state(), ShardState::kServing);
}

TEST(ShardLifecycleTest, NotYetReplicatedHoldsAnswersAndNeverReloads) {
  CounterWorld world;
  world.BootAndServe();
  world.store().Expect(Fault::kNotReplicated);
  ASSERT_TRUE(world.Add("a", 1).ok());
  world.Pass(Duration::Seconds(1));
  EXPECT_THAT(world.TakeEvents(), IsEmpty());
  world.store().Replicate();
  world.Pass(Duration::Milliseconds(100));
  EXPECT_THAT(world.TakeEvents(), ElementsAre("a: 1", "message a=1"));
  EXPECT_EQ(world.program().loads, 1);
}

TEST(ShardLifecycleTest, NotYetReplicatedAndLostWithItsServerIsLoadedAnew) {
  CounterWorld world;
  world.BootAndServe();
  const auto records = world.store().records();
  world.store().Expect(Fault::kNotReplicated);
  ASSERT_TRUE(world.Add("a", 1).ok());
  world.Pass(Duration::Seconds(1));
  world.store().SetDown(true);
  world.Pass(Duration::Seconds(1));
  world.store().LoseUnreplicated(records);
  world.store().SetDown(false);
  world.Pass(Duration::Seconds(5));
  EXPECT_THAT(world.TakeEvents(), ElementsAre("a: NOT_OWNER"));
  ASSERT_EQ(world.loop().state(), ShardState::kServing);
  ASSERT_TRUE(world.Add("a", 1).ok());
  world.Settle();
  EXPECT_THAT(world.TakeEvents(), ElementsAre("a: 1", "message a=1"));
}

// Nobody commits anything more that would be refused, and those who keep "b" to repeat it do so for 30 s only.
TEST(ShardLifecycleTest, ATailLostWhileNothingHappensIsNoticed) {
  CounterWorld world;
  world.store().SetMayLoseTail(true);
  world.BootAndServe();
  ASSERT_TRUE(world.Add("a", 1).ok());
  world.Pass(Duration::Seconds(1));
  const auto records = world.store().records();
  const ChainHead head = world.store().head();
  ASSERT_TRUE(world.Add("b", 1).ok());
  world.Pass(Duration::Seconds(10));
  ASSERT_EQ(world.program().Value("b"), 1);
  ASSERT_EQ(world.program().loads, 1) << "as long as nothing is lost nothing is loaded anew";
  world.store().LoseTail(head, records);
  world.store().SetDown(true);
  world.Pass(Duration::Seconds(2));
  ASSERT_EQ(world.loop().state(), ShardState::kServing) << "a store that cannot be asked has lost nothing yet";
  world.store().SetDown(false);
  world.Pass(Duration::Seconds(2));
  EXPECT_EQ(world.loop().state(), ShardState::kServing);
  EXPECT_EQ(world.program().loads, 2);
  EXPECT_EQ(world.program().Value("a"), 1);
  EXPECT_EQ(world.program().Value("b"), 0);
}

TEST(ShardLifecycleTest, AnotherOwnersCommitSeenAtRestLosesTheShard) {
  CounterWorld world;
  world.store().SetMayLoseTail(true);
  world.BootAndServe();
  world.store().SetLeaseDown(true);
  world.store().StealChain();
  world.Pass(CommitChain::kLookInterval);
  EXPECT_EQ(world.loop().state(), ShardState::kLost) << "it must not take the term from the one who serves";
}

TEST(ShardLifecycleTest, DurableCommitBehindOneNotYetReplicatedMakesBothDurable) {
  CounterWorld world;
  world.BootAndServe();
  world.store().Expect(Fault::kNotReplicated);
  ASSERT_TRUE(world.Add("a", 1).ok());
  world.Settle();
  ASSERT_TRUE(world.Add("a", 1).ok());
  world.Settle();
  EXPECT_THAT(world.TakeEvents(), ElementsAre("a: 1", "message a=1", "a: 2", "message a=2"));
}

TEST(ShardLifecycleTest, NotYetReplicatedIsSettledBeforeARefusalBehindIt) {
  CounterWorld world;
  world.BootAndServe();
  world.store().Expect(Fault::kNotReplicated);
  world.store().Expect(Fault::kRefuse, RefusalReason::kBroken);
  ASSERT_TRUE(world.Add("a", 1).ok());
  world.StepLoop();
  ASSERT_TRUE(world.Add("b", 1).ok());
  world.Pass(Duration::Milliseconds(500));
  EXPECT_THAT(world.TakeEvents(), IsEmpty());
  world.store().Replicate();
  world.Pass(Duration::Seconds(1));
  EXPECT_THAT(world.TakeEvents(), ElementsAre("a: 1", "message a=1", "b: SHARD_RELOADED"));
}

TEST(ShardLifecycleTest, NoSpaceRefusesWithReasonProbesAndServesAgain) {
  CounterWorld world;
  world.BootAndServe();
  ASSERT_TRUE(world.Add("a", 1).ok());
  world.Settle();
  world.TakeEvents();
  world.store().RefuseAll(RefusalReason::kNoSpace);
  ASSERT_TRUE(world.Add("a", 1).ok());
  world.Settle();
  EXPECT_THAT(world.TakeEvents(), ElementsAre("a: NO_SPACE"));
  ASSERT_TRUE(world.Add("a", 1).ok());
  world.Query("a");
  world.Settle();
  EXPECT_THAT(world.TakeEvents(), ElementsAre("a: NO_SPACE", "query a: NO_SPACE"));
  const size_t before = world.store().received().size();
  world.Pass(Duration::Milliseconds(5500));
  EXPECT_EQ(world.store().received().size(), before + 5) << "one probe a second";
  EXPECT_TRUE(world.store().received().back().puts.empty());
  world.store().RefuseAll(RefusalReason::kNone);
  world.Pass(Duration::Seconds(1));
  EXPECT_EQ(world.loop().state(), ShardState::kServing);
  EXPECT_EQ(world.program().loads, 2);
  ASSERT_TRUE(world.Add("a", 1).ok());
  world.Settle();
  EXPECT_THAT(world.TakeEvents(), ElementsAre("a: 2", "message a=2"));
  EXPECT_THAT(world.store().log(), ElementsAre(::testing::_, ::testing::_, ::testing::HasSubstr("a=2")))
      << "the term is opened once";
}

TEST(ShardLifecycleTest, ReadOnlyRefusesWithItsReason) {
  CounterWorld world;
  world.BootAndServe();
  world.store().RefuseAll(RefusalReason::kReadOnly);
  ASSERT_TRUE(world.Add("a", 1).ok());
  world.Settle();
  EXPECT_THAT(world.TakeEvents(), ElementsAre("a: READ_ONLY"));
}

TEST(ShardLifecycleTest, ProbeWhoseAnswerIsLostIsSettledLikeAnyCommit) {
  CounterWorld world;
  world.BootAndServe();
  world.store().Expect(Fault::kRefuse, RefusalReason::kNoSpace);
  world.store().Expect(Fault::kUnknownApplied);
  ASSERT_TRUE(world.Add("a", 1).ok());
  world.Pass(Duration::Milliseconds(1100));
  EXPECT_EQ(world.loop().state(), ShardState::kServing);
}

TEST(ShardLifecycleTest, WrongTermLosesTheShard) {
  CounterWorld world;
  world.BootAndServe();
  world.store().StealTerm();
  ASSERT_TRUE(world.Add("a", 1).ok());
  world.Settle();
  EXPECT_THAT(world.TakeEvents(), ElementsAre("a: NOT_OWNER"));
  EXPECT_EQ(world.loop().state(), ShardState::kLost);
  EXPECT_TRUE(world.loop().stopped());
  ASSERT_TRUE(world.Add("a", 1).ok());
  world.Settle();
  EXPECT_THAT(world.TakeEvents(), ElementsAre("a: NOT_OWNER"));
}

TEST(ShardLifecycleTest, ALostShardIsTakenAgainAfterAWhile) {
  CounterWorld world;
  world.BootAndServe();
  ASSERT_TRUE(world.Add("a", 1).ok());
  world.Settle();
  world.store().StealTerm();
  ASSERT_TRUE(world.Add("a", 1).ok());
  world.Pass(ShardLifecycle::kFirstRestart);
  EXPECT_EQ(world.loop().state(), ShardState::kServing);
  world.TakeEvents();
  ASSERT_TRUE(world.Add("a", 1).ok());
  world.Settle();
  EXPECT_THAT(world.TakeEvents(), ElementsAre("a: 2", "message a=2"));
}

TEST(ShardLifecycleTest, WhileAnotherOwnsALostShardCommandsAreRefused) {
  CounterWorld world;
  world.BootAndServe();
  world.store().StealLease();
  world.Pass(Duration::Seconds(5));
  EXPECT_EQ(world.loop().state(), ShardState::kAcquiring);
  ASSERT_TRUE(world.Add("a", 1).ok());
  world.Settle();
  EXPECT_THAT(world.TakeEvents(), ElementsAre("a: NOT_OWNER"));
  world.store().ReturnLease();
  world.Pass(Duration::Seconds(1));
  EXPECT_EQ(world.loop().state(), ShardState::kServing);
}

TEST(ShardLifecycleTest, AnswersStayWhileTheLeaseIsNotHeldAndLeaveWhenItIsAgain) {
  CounterWorld world;
  world.BootAndServe();
  ASSERT_TRUE(world.Add("a", 1).ok());
  world.StepLoop();
  world.store().SetLeaseDown(true);
  world.clock().Advance(Duration::Seconds(11));  // longer than the lease; its commit is answered only now
  world.Settle();
  EXPECT_THAT(world.TakeEvents(), IsEmpty());
  EXPECT_EQ(world.store().records().at({1, "a"}), "1") << "durable all the same";
  ASSERT_TRUE(world.Add("a", 1).ok());
  world.Settle();
  EXPECT_EQ(world.program().Value("a"), 1) << "nothing new is decided meanwhile";
  world.store().SetLeaseDown(false);
  world.Pass(Duration::Seconds(1));
  EXPECT_THAT(world.TakeEvents(), ElementsAre("a: 1", "message a=1", "a: 2", "message a=2"));
}

TEST(ShardLifecycleTest, LeaseTakenByAnotherLosesTheShard) {
  CounterWorld world;
  world.BootAndServe();
  world.store().StealLease();
  world.Pass(Duration::Seconds(4));
  EXPECT_THAT(world.states(), ::testing::Contains(ShardState::kLost));
}

TEST(ShardLifecycleTest, LeaseIsRenewedWhileNothingHappens) {
  CounterWorld world;
  world.BootAndServe();
  world.Pass(Duration::Minutes(1));
  ASSERT_TRUE(world.Add("a", 1).ok());
  world.Settle();
  EXPECT_THAT(world.TakeEvents(), ElementsAre("a: 1", "message a=1"));
}

TEST(ShardLifecycleTest, WaitsForTheLeaseOfADeadProcess) {
  CounterWorld world;
  world.BootAndServe();
  world.Crash();
  world.Boot();
  world.Settle();
  EXPECT_EQ(world.loop().state(), ShardState::kAcquiring);
  world.Pass(Duration::Seconds(11));
  EXPECT_EQ(world.loop().state(), ShardState::kServing);
}

TEST(ShardLifecycleTest, CommandsDoNotWaitForTheLeaseOfAnother) {
  CounterWorld world;
  world.BootAndServe();
  world.Crash();
  world.Boot();
  ASSERT_TRUE(world.Add("a", 1).ok());
  world.Settle();
  EXPECT_THAT(world.TakeEvents(), ElementsAre("a: NOT_OWNER")) << "not applied once the lease is over";
  world.Pass(Duration::Seconds(11));
  ASSERT_TRUE(world.Add("a", 1).ok());
  world.Settle();
  EXPECT_THAT(world.TakeEvents(), ElementsAre("a: 1", "message a=1"));
}

TEST(ShardLifecycleTest, WhatWasLoadedWhileTheLeaseEndedIsLoadedAgain) {
  CounterWorld world;
  world.Boot();
  while (world.loop().state() != ShardState::kLoading) {
    world.StepLoop();
    if (world.loop().state() != ShardState::kLoading) ASSERT_TRUE(world.store().Step());
  }
  world.store().SetLeaseDown(true);
  world.clock().Advance(Duration::Seconds(11));
  world.Settle();
  EXPECT_EQ(world.loop().state(), ShardState::kLoading) << "another owner's records may be among them";
  world.store().SetLeaseDown(false);
  world.Pass(Duration::Seconds(2));
  EXPECT_EQ(world.loop().state(), ShardState::kServing);
}

TEST(ShardLifecycleTest, StoreThatIsDownAtTheStartIsTriedAgain) {
  CounterWorld world;
  world.store().SetDown(true);
  world.Boot();
  world.Pass(Duration::Seconds(2));
  EXPECT_EQ(world.loop().state(), ShardState::kTakingTerm);
  world.store().SetDown(false);
  world.Pass(Duration::Seconds(2));
  EXPECT_EQ(world.loop().state(), ShardState::kServing);
}

TEST(ShardLifecycleTest, WhileTheStoreGivesNoTermCommandsAreRefusedWithTheReason) {
  CounterWorld world;
  world.store().SetDown(absl::ResourceExhaustedError("disk full"));
  world.Boot();
  ASSERT_TRUE(world.Add("a", 1).ok());
  world.Query("a");
  world.Pass(Duration::Seconds(1));
  EXPECT_THAT(world.TakeEvents(), ElementsAre("a: NO_SPACE", "query a: NO_SPACE"));
  world.store().SetDown(absl::InternalError("I/O error"));
  world.Pass(Duration::Seconds(2));
  ASSERT_TRUE(world.Add("a", 1).ok());
  world.Settle();
  EXPECT_THAT(world.TakeEvents(), ElementsAre("a: STORE_FAILED"));
  world.store().SetDown(false);
  world.Pass(Duration::Seconds(2));
  ASSERT_TRUE(world.Add("a", 1).ok());
  world.Settle();
  EXPECT_THAT(world.TakeEvents(), ElementsAre("a: 1", "message a=1"));
}

TEST(ShardLifecycleTest, WhileTheRecordsCannotBeLoadedCommandsAreRefusedWithTheReason) {
  CounterWorld world;
  world.Boot();
  world.StepLoop();
  ASSERT_TRUE(world.store().Step());  // the lease
  world.StepLoop();
  ASSERT_TRUE(world.store().Step());  // the term
  world.StepLoop();
  ASSERT_EQ(world.loop().state(), ShardState::kLoading);
  world.store().SetDown(absl::InternalError("I/O error"));
  ASSERT_TRUE(world.Add("a", 1).ok());
  world.Pass(Duration::Seconds(3));
  EXPECT_THAT(world.TakeEvents(), ElementsAre("a: STORE_FAILED"));
}

TEST(ShardLifecycleTest, RecordThatCannotBeReadFailsTheShardWithItsReason) {
  CounterWorld world;
  world.store().mutable_records()[{1, "a"}] = "broken";
  world.Boot();
  ASSERT_TRUE(world.Add("a", 1).ok());
  world.Settle();
  EXPECT_EQ(world.loop().state(), ShardState::kFailed);
  EXPECT_THAT(world.TakeEvents(), ElementsAre("a: LOAD_FAILED"));
}

TEST(ShardLifecycleTest, StopFinishesWhatIsInFlightRefusesTheRestAndReleasesTheLease) {
  CounterWorld world;
  world.BootAndServe();
  ASSERT_TRUE(world.Add("a", 1).ok());
  world.StepLoop();
  world.loop().RequestStop();
  ASSERT_TRUE(world.Add("b", 1).ok());
  world.StepLoop();
  EXPECT_THAT(world.TakeEvents(), ElementsAre("b: SHUTTING_DOWN"));
  EXPECT_FALSE(world.loop().stopped());
  world.Settle();
  EXPECT_THAT(world.TakeEvents(), ElementsAre("a: 1", "message a=1"));
  EXPECT_TRUE(world.loop().stopped());
  EXPECT_FALSE(world.store().lease_held());
  EXPECT_FALSE(world.Add("c", 1).ok());
  world.loop().Start();
  world.Settle();
  ASSERT_TRUE(world.Add("a", 1).ok());
  world.Settle();
  EXPECT_THAT(world.TakeEvents(), ElementsAre("a: 2", "message a=2")) << "a stopped loop can start again";
}

TEST(ShardLifecycleTest, AShardThatIsGivenAwayAndLostMeanwhileStaysAway) {
  CounterWorld world;
  world.BootAndServe();
  world.store().StealTerm();
  ASSERT_TRUE(world.Add("a", 1).ok());
  world.StepLoop();
  world.loop().RequestStop();
  world.Settle();
  EXPECT_THAT(world.TakeEvents(), ElementsAre("a: NOT_OWNER"));
  EXPECT_EQ(world.loop().state(), ShardState::kStopped);
  world.Pass(Duration::Minutes(1));
  EXPECT_EQ(world.loop().state(), ShardState::kStopped);
  EXPECT_FALSE(world.store().lease_held());
  world.loop().Start();
  world.Settle();
  EXPECT_EQ(world.loop().state(), ShardState::kServing) << "until it is opened again";
}

TEST(ShardLifecycleTest, CrashAtEveryCallLeavesAWholePrefixAndLosesNothingAnswered) {
  for (int calls = 0; calls < 12; ++calls) {
    CounterWorld world;
    world.Boot();
    for (int i = 0; i < 4; ++i) ASSERT_TRUE(world.Add("a", 1).ok());
    int answered = 0;
    for (int call = 0; call < calls; ++call) {
      world.StepLoop();
      world.store().Step();
      if (call == calls / 2) ASSERT_TRUE(world.Add("b", 1).ok());
    }
    world.StepLoop();
    for (const std::string& event : world.TakeEvents()) {
      if (event == "a: 4" || event == "b: 1") ++answered;
    }
    world.Crash();
    world.TakeEvents();
    world.Boot();
    world.Pass(Duration::Seconds(11));
    ASSERT_EQ(world.loop().state(), ShardState::kServing) << calls;
    const int64_t a = world.program().Value("a");
    EXPECT_TRUE(a == 0 || a == 4) << "a batch is there whole or not at all, after " << calls << " calls: " << a;
    EXPECT_GE(a / 4 + world.program().Value("b"), answered) << calls;
  }
}

}  // namespace
}  // namespace meridian
