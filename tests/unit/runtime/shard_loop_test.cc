#include "libs/runtime/shard_loop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/runtime/counter_world.h"

namespace meridian {
namespace {

using Fault = ScriptedStore::Fault;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

TEST(ShardLoopTest, TakesLeaseTermAndRecordsBeforeItServes) {
  CounterWorld world;
  world.BootAndServe();
  EXPECT_THAT(world.states(),
              ElementsAre(ShardState::kAcquiring, ShardState::kTakingTerm, ShardState::kLoading, ShardState::kServing));
  EXPECT_EQ(world.store().head().number, 1u) << "the first batch opens the term";
  EXPECT_THAT(world.store().log(), ElementsAre(::testing::HasSubstr("term;")));
}

TEST(ShardLoopTest, CommandsPostedBeforeServingWait) {
  CounterWorld world;
  world.Boot();
  ASSERT_TRUE(world.Add("a", 5).ok());
  world.Settle();
  EXPECT_THAT(world.TakeEvents(), ElementsAre("a: 5", "message a=5"));
}

TEST(ShardLoopTest, NothingLeavesBeforeItIsDurable) {
  CounterWorld world;
  world.BootAndServe();
  ASSERT_TRUE(world.Add("a", 5).ok());
  world.StepLoop();
  EXPECT_EQ(world.store().waiting(), 1u);
  EXPECT_THAT(world.TakeEvents(), IsEmpty());
  world.Query("a");
  ASSERT_TRUE(world.Add("a", 0).ok());  // reads through a command, writes nothing
  world.StepLoop();
  EXPECT_EQ(world.store().waiting(), 1u) << "a batch without writes needs no commit";
  EXPECT_THAT(world.TakeEvents(), IsEmpty()) << "both saw a state that is not durable";
  world.Settle();
  EXPECT_THAT(world.TakeEvents(), ElementsAre("a: 5", "a: 5", "message a=5", "query a: 5"));
}

TEST(ShardLoopTest, BatchWithoutWritesAndNothingInFlightIsReleasedAtOnce) {
  CounterWorld world;
  world.BootAndServe();
  const uint64_t before = world.store().head().number;
  world.Query("a");
  ASSERT_TRUE(world.Add("a", 0).ok());
  world.StepLoop();
  EXPECT_THAT(world.TakeEvents(), ElementsAre("a: 0", "query a: 0"));
  EXPECT_EQ(world.store().head().number, before);
}

TEST(ShardLoopTest, TwoCommitsInFlightAndTheThirdBatchWaitsAndGrows) {
  CounterWorld world;
  world.BootAndServe();
  const uint64_t before = world.store().head().number;
  for (int i = 1; i <= 5; ++i) {
    ASSERT_TRUE(world.Add("a", 1).ok());
    world.StepLoop();
  }
  EXPECT_EQ(world.store().waiting(), 2u);
  EXPECT_EQ(world.program().Value("a"), 2) << "no third batch is applied";
  ASSERT_TRUE(world.store().Step());
  world.StepLoop();
  EXPECT_THAT(world.TakeEvents(), ElementsAre("a: 1", "message a=1"));
  EXPECT_EQ(world.program().Value("a"), 5) << "the rest goes in one batch";
  world.Settle();
  EXPECT_EQ(world.store().head().number, before + 3);
  EXPECT_THAT(world.TakeEvents(),
              ElementsAre("a: 2", "message a=2", "a: 3", "a: 4", "a: 5", "message a=3", "message a=4", "message a=5"));
}

TEST(ShardLoopTest, SameCommandsTwiceGiveTheSameBytes) {
  auto run = [] {
    CounterWorld world;
    world.BootAndServe();
    for (int i = 0; i < 50; ++i) {
      EXPECT_TRUE(world.Post({"c" + std::to_string(i % 7), i, std::nullopt, world.Key(i)}, "x").ok());
      if (i % 3 == 0) world.StepLoop();
      if (i % 5 == 0) world.Pass(Duration::Milliseconds(10));
    }
    world.Settle();
    return world.store().received();
  };
  const auto first = run();
  const auto second = run();
  ASSERT_EQ(first.size(), second.size());
  ASSERT_GT(first.size(), 10u);
  for (size_t i = 0; i < first.size(); ++i) {
    EXPECT_EQ(first[i].digest, second[i].digest);
    EXPECT_EQ(first[i].log_entry, second[i].log_entry);
  }
}

TEST(ShardLoopTest, RepeatGetsTheFirstAnswerBeforeItIsDurableAfterItAndAfterACrash) {
  CounterWorld world;
  world.BootAndServe();
  const RequestKey key = world.Key(1);
  ASSERT_TRUE(world.Post({"a", 5, std::nullopt, key}, "first").ok());
  world.StepLoop();
  ASSERT_TRUE(world.Post({"a", 5, std::nullopt, key}, "in flight").ok());
  world.StepLoop();
  EXPECT_THAT(world.TakeEvents(), IsEmpty()) << "the repeat waits for the same commit";
  world.Settle();
  EXPECT_THAT(world.TakeEvents(), ElementsAre("first: 5", "in flight: 5", "message a=5"));
  ASSERT_TRUE(world.Add("a", 1).ok());
  ASSERT_TRUE(world.Post({"a", 5, std::nullopt, key}, "later").ok());
  world.Settle();
  EXPECT_THAT(world.TakeEvents(), ElementsAre("a: 6", "later: 5", "message a=6"));
  world.Crash();
  world.Boot();
  world.Pass(Duration::Seconds(11));
  ASSERT_TRUE(world.Post({"a", 5, std::nullopt, key}, "after the crash").ok());
  world.Settle();
  EXPECT_THAT(world.TakeEvents(), ElementsAre("after the crash: 5"));
}

TEST(ShardLoopTest, RepeatOfACommandWhoseCommitWasRefusedIsAppliedAnew) {
  CounterWorld world;
  world.BootAndServe();
  world.store().Expect(Fault::kRefuse, RefusalReason::kBroken);
  const RequestKey key = world.Key(1);
  ASSERT_TRUE(world.Post({"a", 5, std::nullopt, key}, "first").ok());
  world.Pass(Duration::Seconds(1));
  ASSERT_TRUE(world.Post({"a", 5, std::nullopt, key}, "again").ok());
  world.Settle();
  EXPECT_THAT(world.TakeEvents(), ElementsAre("first: SHARD_RELOADED", "again: 5", "message a=5"));
}

TEST(ShardLoopTest, RequestIdsOutsideTheWindowAreRefusedWithShardTime) {
  CounterWorld world;
  world.BootAndServe();
  ASSERT_TRUE(world.Post({"a", 1, std::nullopt, world.Key(1, Duration::Seconds(301))}, "old").ok());
  ASSERT_TRUE(world.Post({"a", 1, std::nullopt, world.Key(2, Duration::Seconds(-61))}, "ahead").ok());
  ASSERT_TRUE(world.Post({"a", 1, std::nullopt, RequestKey{"acme", Uuid{1, 2}, 7}}, "version").ok());
  ASSERT_TRUE(world.Post({"a", 1, std::nullopt, world.Key(3)}, "good").ok());
  ASSERT_TRUE(world.Post({"a", 1, std::nullopt, world.Key(3, Duration::Zero(), 8)}, "other body").ok());
  world.Settle();
  EXPECT_THAT(world.TakeEvents(),
              ElementsAre("old: REQUEST_TOO_OLD", "ahead: REQUEST_FROM_FUTURE", "version: REQUEST_ID_INVALID",
                          "good: 1", "other body: REQUEST_ID_REUSED", "message a=1"));
  EXPECT_EQ(world.refusal_time(), world.clock().WallNow());
}

TEST(ShardLoopTest, FullAnswersRefuseNewIdsUntilOldOnesAreForgotten) {
  ShardLoopOptions options;
  options.answers.max_answers = 2;
  CounterWorld world(options);
  world.BootAndServe();
  for (uint64_t i = 1; i <= 3; ++i) {
    ASSERT_TRUE(world.Post({"a", 1, std::nullopt, world.Key(i)}, "x").ok());
    world.Settle();
  }
  EXPECT_THAT(world.TakeEvents(), ElementsAre("x: 1", "message a=1", "x: 2", "message a=2", "x: ANSWERS_FULL"));
  world.Pass(Duration::Seconds(301));
  ASSERT_TRUE(world.Post({"a", 1, std::nullopt, world.Key(4)}, "x").ok());
  world.Settle();
  EXPECT_THAT(world.TakeEvents(), ElementsAre("x: 3", "message a=3"));
  EXPECT_EQ(world.store().records().count({AnswerTable::kTable, std::string("\0\0\0\0\0\0\0\2", 8)}), 0u);
}

TEST(ShardLoopTest, LiveWorkIsServedBeforeNewContactsBeforeReads) {
  ShardLoopOptions options;
  options.mailbox.capacity = {4, 3, 2};
  CounterWorld world(options);
  world.BootAndServe();
  for (int i = 0; i < 2; ++i) world.Query("q");
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(world.Add("new" + std::to_string(i), 1, Lane::kNewContacts).ok());
  EXPECT_EQ(ReasonOf(world.Add("new3", 1, Lane::kNewContacts)), "MAILBOX_FULL");
  world.Query("full");
  EXPECT_THAT(world.TakeEvents(), ElementsAre("query full: MAILBOX_FULL"));
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(world.Add("live", 1).ok()) << "other lanes are full, this one is not";
  EXPECT_EQ(ReasonOf(world.Add("live", 1)), "MAILBOX_FULL");
  world.Settle();
  EXPECT_THAT(world.program().applied(), ElementsAre("live", "live", "live", "live", "new0", "new1", "new2"));
}

TEST(ShardLoopTest, NewContactsOfABatchAreBounded) {
  ShardLoopOptions options;
  options.batch.per_lane = {8, 2, 1};
  CounterWorld world(options);
  world.BootAndServe();
  for (int i = 0; i < 6; ++i) ASSERT_TRUE(world.Add("new", 1, Lane::kNewContacts).ok());
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(world.Add("live", 1).ok());
  world.loop().Step();
  EXPECT_EQ(world.program().Value("live"), 3);
  EXPECT_EQ(world.program().Value("new"), 2);
  ASSERT_TRUE(world.Add("live", 1).ok());
  world.loop().Step();
  EXPECT_EQ(world.program().Value("live"), 4) << "what came meanwhile overtakes the new contacts that wait";
}

TEST(ShardLoopTest, WhatNobodyWaitsForWhenItsTurnComesIsNotApplied) {
  CounterWorld world;
  world.BootAndServe();
  const MonotonicInstant deadline = world.clock().MonotonicNow() + Duration::Milliseconds(10);
  ASSERT_TRUE(world.Post({"a", 1}, "waits no longer", Lane::kNewContacts, deadline).ok());
  ASSERT_TRUE(world.Post({"a", 2}, "waits", Lane::kNewContacts, deadline + Duration::Milliseconds(10)).ok());
  world.clock().Advance(Duration::Milliseconds(11));
  world.Settle();
  EXPECT_THAT(world.TakeEvents(), ElementsAre("waits no longer: DEADLINE_PASSED", "waits: 2", "message a=2"));
  EXPECT_EQ(world.program().Value("a"), 2);
}

TEST(ShardLoopTest, AStoreThatIsNearlyFullKeepsItsRoomForLiveWork) {
  CounterWorld world;
  world.BootAndServe();
  world.store().SetNearlyFull(true);
  EXPECT_EQ(ReasonOf(world.Add("new", 1, Lane::kNewContacts)), "NO_SPACE");
  ASSERT_TRUE(world.Add("live", 1).ok());
  world.Settle();
  EXPECT_THAT(world.TakeEvents(), ElementsAre("live: 1", "message live=1"));
  world.store().SetNearlyFull(false);
  EXPECT_TRUE(world.Add("new", 1, Lane::kNewContacts).ok());
}

TEST(ShardLoopTest, BatchesCloseBeforeTheyAreTooLargeForOneCommit) {
  CounterWorld world;
  world.BootAndServe();
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(world.Add("c" + std::to_string(i), 1).ok());
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(world.Post({"pad", 1, std::nullopt, {}, 90000}, "pad").ok());
  world.Settle();
  EXPECT_EQ(world.loop().state(), ShardState::kServing);
  EXPECT_EQ(world.program().loads, 1);
  EXPECT_EQ(world.store().records().at({1, "c999"}), "1");
  for (const CommitRequest& request : world.store().received()) {
    EXPECT_LE(request.puts.size() + request.deletes.size(), CommitRequest::kMaxRecords);
    EXPECT_LE(request.log_entry.size(), CommitRequest::kMaxBytes);
  }
}

TEST(ShardLoopTest, TimersRunWhenTheyAreDueAndOldestFirst) {
  CounterWorld world;
  world.BootAndServe();
  const Instant now = world.clock().WallNow();
  ASSERT_TRUE(world.Post({"b", 0, now + Duration::Seconds(2)}, "set").ok());
  ASSERT_TRUE(world.Post({"a", 0, now + Duration::Seconds(1)}, "set").ok());
  world.Settle();
  world.TakeEvents();
  world.Pass(Duration::Milliseconds(999));
  EXPECT_THAT(world.TakeEvents(), IsEmpty());
  world.Pass(Duration::Milliseconds(2));
  EXPECT_THAT(world.TakeEvents(), ElementsAre("message a=1"));
  world.Crash();
  world.Boot();
  world.Pass(Duration::Seconds(12));
  EXPECT_THAT(world.TakeEvents(), ElementsAre("message b=1")) << "the alarm is a record";
}

TEST(ShardLoopTest, SnapshotsShowDurableStateAndTheLastChange) {
  CounterWorld world;
  world.BootAndServe();
  world.Pass(Duration::Seconds(1));
  ASSERT_TRUE(world.Add("a", 1).ok());
  world.StepLoop();
  EXPECT_FALSE(world.snapshot()->contains("a"));
  world.Settle();
  EXPECT_THAT(*world.snapshot(), UnorderedElementsAre(Pair("a", 1)));
  ASSERT_TRUE(world.Add("a", 1).ok());
  world.Settle();
  EXPECT_THAT(*world.snapshot(), UnorderedElementsAre(Pair("a", 1))) << "at most one per interval";
  world.Pass(Duration::Seconds(1));
  EXPECT_THAT(*world.snapshot(), UnorderedElementsAre(Pair("a", 2)));
}

TEST(ShardLoopTest, ReplayWindowEndsWhenAllRegisteredHaveReplayedOrAfterTwoSeconds) {
  CounterWorld world;
  world.store().SetTailAtRisk(true);
  world.Boot();
  world.loop().RegisterReplayer("gateway-1");
  world.loop().RegisterReplayer("ingress-1");
  world.Pass(Duration::Seconds(1));
  EXPECT_TRUE(world.program().replay_window_open);
  world.loop().Replayed("gateway-1");
  world.Settle();
  EXPECT_TRUE(world.program().replay_window_open);
  world.loop().Replayed("ingress-1");
  world.Settle();
  EXPECT_FALSE(world.program().replay_window_open);

  world.Crash();
  world.Boot();
  world.loop().RegisterReplayer("gateway-1");
  world.Pass(Duration::Seconds(11));
  while (world.loop().state() != ShardState::kServing) world.Pass(Duration::Milliseconds(100));
  world.Pass(Duration::Seconds(2));
  EXPECT_FALSE(world.program().replay_window_open);
}

TEST(ShardLoopTest, ReloadGoesOnFromTheCommittedTime) {
  CounterWorld world;
  world.BootAndServe();
  world.Pass(Duration::Seconds(100));
  ASSERT_TRUE(world.Add("a", 1).ok());
  world.Settle();
  world.Crash();
  world.clock().SetWall(world.clock().WallNow() - Duration::Hours(1));
  world.Boot();
  world.Pass(Duration::Seconds(11));
  ASSERT_TRUE(world.Add("a", 1).ok());
  world.Settle();
  auto time = [&](size_t entry) {
    const std::string& text = world.store().log()[entry];
    return std::stoll(text.substr(text.find('@') + 1));
  };
  EXPECT_GE(time(3), time(1)) << "a wall clock that was set back does not turn shard time back";
}

TEST(ShardLoopTest, ATermBelowOneThatWasHeardOfIsLeftForOneAboveIt) {
  CounterWorld world;
  world.BootAndServe();
  const auto term = [&] { return world.loop().chain().term(); };
  const uint64_t known = term() + 3'600'000;  // of a process whose clock is an hour ahead
  world.loop().LeaveTermBelow(term());
  world.Settle();
  EXPECT_LT(term(), known) << "it is that term's owner";
  world.loop().LeaveTermBelow(known);
  world.Settle();
  EXPECT_EQ(world.loop().state(), ShardState::kLost);
  world.Pass(ShardLifecycle::kFirstRestart);
  EXPECT_GT(term(), known);
}

TEST(ShardLoopTest, TheNextPageIsReadWhileTheLastIsRestored) {
  CounterWorld world;
  for (int i = 0; i < 4; ++i) world.store().mutable_records()[{1, "k" + std::to_string(i)}] = "1";
  world.Boot();
  bool asked = false;
  world.program().on_restore = [&] { asked = asked || world.store().waiting() > 0; };
  world.Settle();
  EXPECT_TRUE(asked);
  EXPECT_EQ(world.loop().state(), ShardState::kServing);
}

}  // namespace
}  // namespace meridian
