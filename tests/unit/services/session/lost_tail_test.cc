// The session's store loses commits that it had acknowledged. What was acknowledged comes again, in its order and with
// its numbers, before anything new.
#include <gtest/gtest.h>

#include "tests/unit/services/session/session_world.h"

namespace meridian {
namespace {

constexpr ShardId kShard{ShardKind::kSession, 0};
const std::vector<std::string> kSaid{"hola", "buenos dias", "sigo aqui", "digame", "una cosa mas"};

std::vector<std::string> Texts(SessionWorld& world) {
  std::vector<std::string> texts;
  const auto list = world.List(1);
  if (!list.ok()) return {list.status().ToString()};
  for (const auto& message : list->messages()) texts.push_back(message.parts(0).text().text());
  return texts;
}

uint64_t Commits(SessionWorld& world) {
  uint64_t number = 0;
  world.store().LastCommit(kShard, [&](absl::StatusOr<ChainHead> head) { number = head->number; });
  world.Settle();
  return number;
}

// Both sides speak in turns; each message is in a commit of its own, and so are routing's facts between them.
void Talk(SessionWorld& world) {
  world.Submit("submit", world.Submission(1, 1, kSaid[0]));
  world.Settle();
  world.routing.SetParticipants(SessionWorld::Contact(1), {"ana"});
  world.Settle();
  world.Say("ana 1", 1, 1, kSaid[1], "ana");
  world.Settle();
  world.Say("customer 2", 1, 2, kSaid[2]);
  world.Settle();
  world.Say("ana 2", 1, 2, kSaid[3], "ana");
  world.Settle();
  EXPECT_EQ(world.answers["submit"], "OK 1");
  EXPECT_EQ(world.answers["ana 2"], "OK 4");
}

TEST(SessionLostTailTest, AcknowledgedMessagesComeAgainWithTheirNumbersBeforeNewOnes) {
  uint64_t most = 1;
  for (uint64_t lost = 1; lost <= most; ++lost) {
    SCOPED_TRACE("commits lost: " + std::to_string(lost));
    SessionWorld world(true);
    const uint64_t before = Commits(world);
    Talk(world);
    auto watch = world.Watch(1);
    world.Settle();
    most = Commits(world) - before;
    ASSERT_EQ(world.store().LoseTail(kShard, lost), lost);
    world.Say("refused", 1, 3, kSaid[4]);
    world.Settle();
    EXPECT_NE(world.answers["refused"], "OK 5");
    // Waits until the shard serves again, behind what is replayed.
    while (world.shard().state() == ShardState::kLost) world.Pass(Duration::Milliseconds(10));
    world.Say("new", 1, 3, kSaid[4]);
    world.Pass(Duration::Seconds(5));
    EXPECT_EQ(world.answers["new"], "OK 5");
    EXPECT_EQ(Texts(world), kSaid);
    EXPECT_EQ(watch->Numbers(), (std::vector<uint64_t>{1, 2, 3, 4}));
    auto again = world.Watch(1, 4);  // a reading ends with its owner's term; the customer comes back with its position
    world.Submit("later", world.Submission(2, 1, "hola"));
    world.Settle();
    EXPECT_EQ(again->Numbers(), (std::vector<uint64_t>{5}));
    EXPECT_EQ(world.answers["later"], "OK 1");
    EXPECT_EQ(world.routing.TimesQueued(SessionWorld::Contact(1)), 1);
    world.Say("again", 1, 2, kSaid[2]);
    world.Settle();
    EXPECT_EQ(world.answers["again"], "OK 3");
  }
  EXPECT_GE(most, 6u);
}

// Routing forgets an ended contact: one that is submitted again because the session forgot it is not queued again.
TEST(SessionLostTailTest, AContactThatRoutingServedAndEndedIsNotQueuedAgain) {
  SessionWorld world(true);
  const uint64_t before = Commits(world);
  Talk(world);
  world.routing.CloseContact(SessionWorld::Contact(1), EndReason::kCompletedByAgent);
  world.Settle();
  const uint64_t commits = Commits(world) - before;
  ASSERT_EQ(world.store().LoseTail(kShard, commits), commits);
  world.Submit("other", world.Submission(2, 1, "hola"));
  world.Pass(Duration::Seconds(10));
  EXPECT_EQ(world.routing.TimesQueued(SessionWorld::Contact(1)), 1);
  EXPECT_EQ(Texts(world), std::vector<std::string>(kSaid.begin(), kSaid.begin() + 4));
}

TEST(SessionLostTailTest, WhereTheStoreDoesNotSayThatItMayNothingIsKept) {
  SessionWorld world(true, /*says_so=*/false);
  Talk(world);
  ASSERT_EQ(world.store().LoseTail(kShard, 1), 1u);
  world.Say("refused", 1, 3, kSaid[4]);
  world.Pass(Duration::Seconds(5));
  EXPECT_LT(Texts(world).size(), 4u);
}

TEST(SessionLostTailTest, AnAgentWhoWritesWhileTheShardComesBackWaits) {
  SessionWorld world(true);
  Talk(world);
  ASSERT_EQ(world.store().LoseTail(kShard, 2), 2u);
  world.Say("refused", 1, 3, kSaid[4]);
  world.Settle();
  while (world.shard().state() == ShardState::kLost) {
    world.clock().Advance(Duration::Milliseconds(10));
    world.StepShard();
  }
  world.Say("ana 3", 1, 3, kSaid[4], "ana");
  world.Pass(Duration::Seconds(5));
  EXPECT_EQ(world.answers["ana 3"], "OK 5");
  EXPECT_EQ(Texts(world), kSaid);
}

// The store loses its end again while the first loss is being made good.
TEST(SessionLostTailTest, ALossAmongTheReplayedIsMadeGoodToo) {
  SessionWorld world(true);
  const uint64_t before = Commits(world);
  Talk(world);
  ASSERT_GT(world.store().LoseTail(kShard, Commits(world) - before), 0u);
  world.Say("refused", 1, 3, kSaid[4]);
  while (world.shard().state() != ShardState::kServing) world.Pass(Duration::Milliseconds(10));
  ASSERT_GT(world.store().LoseTail(kShard, 1), 0u);
  world.Say("refused again", 1, 3, kSaid[4]);
  world.Pass(Duration::Seconds(10));
  world.Say("new", 1, 3, kSaid[4]);
  world.Pass(Duration::Seconds(5));
  EXPECT_EQ(Texts(world), kSaid);
  EXPECT_EQ(world.routing.TimesQueued(SessionWorld::Contact(1)), 1);
}

}  // namespace
}  // namespace meridian
