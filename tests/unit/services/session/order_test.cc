// What one customer asks for is done in the order in which it was asked, and a conversation that has closed stays
// closed, whatever is under way.
#include <gtest/gtest.h>

#include "tests/unit/services/session/session_world.h"

namespace meridian {
namespace {

using Mode = FakeRouting::Mode;

class SessionOrderTest : public ::testing::Test {
 protected:
  // Of a visitor: its token names the conversation.
  conversation::SubmitContact Named(uint64_t n, uint64_t client_number, std::string text, uint64_t contact) {
    auto command = world_.Submission(n, client_number, std::move(text));
    command.conversation_named_before = true;
    command.spec.id = SessionWorld::Contact(contact);
    return command;
  }
  void Leave(const std::string& label, uint64_t n) {
    world_.service().Close({SessionWorld::Tenant(), SessionWorld::Conversation(n)},
                           [this, label](absl::StatusOr<conversation::Done> done) {
                             world_.answers[label] = done.ok() ? "OK" : std::string(done.status().message());
                           });
  }
  // Two messages of a contact that has ended.
  void TwoMessages() {
    world_.Submit("first", Named(1, 1, "one", 1));
    world_.Settle();
    world_.Say("second", 1, 2, "two");
    world_.Settle();
    ASSERT_EQ(world_.answers["first"], "OK 1");
    ASSERT_EQ(world_.answers["second"], "OK 2");
    world_.routing.CloseContact(SessionWorld::Contact(1), EndReason::kCanceledByCustomer);
    world_.Settle();
  }
  void ExpectTwoMessages() {
    const auto list = world_.List(1);
    ASSERT_TRUE(list.ok()) << list.status();
    ASSERT_EQ(list->messages_size(), 2);
    EXPECT_EQ(list->messages(0).parts(0).text().text(), "one");
    EXPECT_EQ(list->messages(1).parts(0).text().text(), "two");
  }

  SessionWorld world_;
};

TEST_F(SessionOrderTest, ASubmissionBehindAClosingOverwritesNothing) {
  TwoMessages();
  Leave("left", 1);
  world_.Submit("late", Named(1, 1, "OVERWRITTEN", 2));
  world_.Settle();
  EXPECT_EQ(world_.answers["left"], "OK");
  EXPECT_EQ(world_.answers["late"], "CONVERSATION_CLOSED");
  ExpectTwoMessages();
}

TEST_F(SessionOrderTest, ASubmissionWhileTheClosingIsBeingCommittedOverwritesNothing) {
  TwoMessages();
  Leave("left", 1);
  world_.StepShard();  // closed in memory, not durable
  ASSERT_EQ(world_.shard().program().core().conversations(), 0u);
  world_.Submit("late", Named(1, 1, "OVERWRITTEN", 2));
  world_.StepShard();
  world_.Settle();
  EXPECT_EQ(world_.answers["late"], "CONVERSATION_CLOSED");
  ExpectTwoMessages();
}

TEST_F(SessionOrderTest, ASubmissionThatRacesTheExpiryOverwritesNothing) {
  TwoMessages();
  world_.Pass(Duration::Hours(2) - Duration::Seconds(1));
  ASSERT_EQ(world_.shard().program().core().conversations(), 1u);
  world_.clock().Advance(Duration::Seconds(1));
  world_.StepShard();
  ASSERT_EQ(world_.shard().program().core().conversations(), 0u);
  world_.Submit("late", Named(1, 1, "OVERWRITTEN", 2));
  world_.Settle();
  EXPECT_EQ(world_.answers["late"], "CONVERSATION_CLOSED");
  ExpectTwoMessages();
}

TEST_F(SessionOrderTest, AConversationThatClosedBeforeARestartStaysClosed) {
  TwoMessages();
  Leave("left", 1);
  world_.Settle();
  world_.Crash();
  world_.Boot();
  world_.Submit("late", Named(1, 1, "OVERWRITTEN", 2));
  world_.Settle();
  EXPECT_EQ(world_.answers["late"], "CONVERSATION_CLOSED");
  ExpectTwoMessages();
}

TEST_F(SessionOrderTest, ASubmissionThatJoinsKeepsItsPlaceAmongMessages) {
  world_.Submit("1", Named(1, 1, "one", 1));
  world_.Settle();
  world_.Submit("2", Named(1, 2, "two", 2));
  world_.Say("3", 1, 3, "three");
  world_.Submit("4", Named(1, 4, "four", 3));
  world_.Settle();
  EXPECT_EQ(world_.answers["2"], "OK 2");
  EXPECT_EQ(world_.answers["3"], "OK 3");
  EXPECT_EQ(world_.answers["4"], "OK 4");
}

TEST_F(SessionOrderTest, WhatFollowsAnOpeningWaitsForIt) {
  world_.Submit("1", Named(1, 1, "one", 1));
  world_.Say("2", 1, 2, "two");
  world_.Submit("3", Named(1, 3, "three", 2));
  Leave("left", 1);
  world_.Submit("5", Named(1, 5, "five", 3));
  world_.Settle();
  EXPECT_EQ(world_.answers["1"], "OK 1");
  EXPECT_EQ(world_.answers["2"], "OK 2");
  EXPECT_EQ(world_.answers["3"], "OK 3");
  EXPECT_EQ(world_.answers["left"], "OK");
  EXPECT_EQ(world_.answers["5"], "CONVERSATION_CLOSED");
}

TEST_F(SessionOrderTest, SubmissionsOfOneAddressKeepTheirOrder) {
  for (uint64_t i = 1; i <= 300; ++i) {
    auto command = world_.Submission(1, i, "text");
    command.spec.id = SessionWorld::Contact(i);
    command.spec.conversation = SessionWorld::Conversation(i);
    world_.Submit(std::to_string(i), std::move(command));
    if (i % 100 == 0) world_.StepShard();
  }
  world_.Settle();
  for (uint64_t i = 1; i <= 300; ++i) EXPECT_EQ(world_.answers[std::to_string(i)], "OK " + std::to_string(i));
}

TEST_F(SessionOrderTest, WhatWaitsIsAnsweredWhenTheShardStops) {
  world_.Submit("1", Named(1, 1, "one", 1));
  world_.Say("2", 1, 2, "two");
  world_.Say("agent", 1, 1, "hola", "ana");
  world_.StepShard();
  world_.shard().RequestStop();
  world_.Settle();
  world_.Say("late", 1, 2, "sigo", "ana");
  world_.Settle();
  for (const char* label : {"1", "2", "agent", "late"}) EXPECT_TRUE(world_.answers.contains(label)) << label;
}

TEST_F(SessionOrderTest, AWithdrawalDoesNotOvertakeItsEnqueueing) {
  world_.routing.mode = Mode::kSlow;
  world_.Submit("a", world_.Submission(1, 1, "hola"));
  world_.Pass(Duration::Minutes(4) + Duration::Seconds(1));
  ASSERT_EQ(world_.answers["a"], "NOT_QUEUED");
  EXPECT_TRUE(world_.routing.Received<CancelContact>().empty()) << "the enqueueing is under way";
  world_.routing.mode = Mode::kAnswers;
  world_.routing.CatchUp();
  world_.Settle();
  EXPECT_EQ(world_.routing.Received<CancelContact>().size(), 1u);
  EXPECT_FALSE(world_.routing.IsLive(SessionWorld::Contact(1)));
}

}  // namespace
}  // namespace meridian
