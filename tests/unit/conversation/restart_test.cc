#include <gmock/gmock.h>

#include "tests/unit/conversation/session_harness.h"

namespace meridian::conversation {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

const TenantId kDemo{"demo"};

TEST(RestartTest, EveryStepOfAConversationIsRebuiltFromTheRecords) {
  SessionHarness session;
  auto step = [&](const char* what) {
    SCOPED_TRACE(what);
    session.ExpectStoredEqualsLive();
    session.Restart();
    session.ExpectStoredEqualsLive();
  };
  session.Get<Submitted>(session.Submission(1, 1, "hola"));
  step("submitted");
  session.Accept(1);
  step("queued");
  session.Participants(1, 1, {{AgentId{"faq"}, AgentKind::kBot}});
  step("bot assigned");
  session.Get<Appended>(session.FromAgent(1, "faq", 1, "¿en qué ayudo?"));
  step("bot answered");
  session.Get<Appended>(session.FromCustomer(1, 2, "una persona"));
  step("customer asked");
  session.Participants(1, 2, {});
  step("handed over");
  session.Assign(1, 3, "ana");
  step("human assigned");
  EXPECT_EQ(session.Get<Appended>(session.FromAgent(1, "ana", 1, "soy Ana")).number, 4u);
  step("human answered");
  session.Facts({ContactClosedFact{ContactNo(1), EndReason::kCompletedByAgent}});
  step("after-contact work");
  session.Participants(1, 4, {});
  step("completed");
  EXPECT_EQ(session.Get<Appended>(session.FromCustomer(1, 2, "una persona")), (Appended{3, true}));
  session.AdvanceBy(Duration::Hours(2));
  step("expired");
  EXPECT_THAT(session.ended, SizeIs(1));
}

TEST(RestartTest, WhatWasNotCommittedNeverWas) {
  SessionHarness session;
  session.DoUncommitted(session.Submission(1, 1, "hola"));
  session.Restart();
  EXPECT_EQ(session.core().conversations(), 0u);
  Submitted again = session.Get<Submitted>(session.Submission(1, 1, "hola"));
  EXPECT_FALSE(again.repeated);
  EXPECT_EQ(again.number, 1u);
  session.DoUncommitted(session.FromCustomer(1, 2, "perdido"));
  session.Restart();
  EXPECT_EQ(session.Get<Appended>(session.FromCustomer(1, 2, "otra vez")), (Appended{2, false}));
}

TEST(RestartTest, WhatRoutingHasNotAnsweredIsSentAtOnce) {
  SessionHarness session;
  session.Do(session.Submission(1, 1, "hola"));
  session.Do(session.Submission(2, 1, "hola"));
  session.Accept(2);
  session.Assign(2, 1, "ana");
  session.Do(session.FromAgent(2, "ana", 1, "buenas"));
  session.TakeOutbox();
  session.Restart(Duration::Seconds(1));
  EXPECT_EQ(session.core().NextDeadline(), session.now());
  session.AdvanceBy(Duration::Zero());
  auto enqueued = session.Sent<EnqueueContact>();
  ASSERT_THAT(enqueued, SizeIs(1));
  EXPECT_EQ(enqueued[0].request->request_id, RequestNo(1));
  auto told = session.Sent<TellRouting>();
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].edge.kind, EdgeKind::kAgentAnswered);
}

TEST(RestartTest, AnOutageLongerThanTheRetriesEndsAsNotQueued) {
  SessionHarness session;
  session.Do(session.Submission(1, 1, "hola"));
  session.Restart(Duration::Minutes(5));
  session.TakeOutbox();
  session.AdvanceBy(Duration::Zero());
  EXPECT_THAT(session.Sent<EnqueueContact>(), IsEmpty());
  auto acknowledged = session.Sent<ContactAcknowledged>();
  ASSERT_THAT(acknowledged, SizeIs(1));
  EXPECT_EQ(acknowledged[0].standing.kind, ContactStanding::Kind::kNotQueued);
}

TEST(RestartTest, RoutingsLogIsFollowedFromWhereItWasAppliedDurably) {
  SessionHarness session;
  session.Do(session.Submission(1, 1, "hola"));
  ApplyRoutingFacts first{3, {1, 10}, true, {ContactQueuedFact{ContactNo(1)}}};
  session.Do(first);
  EXPECT_THAT(session.Sent<FollowerAdvanced>(), SizeIs(1));
  ApplyRoutingFacts second{3, {2, 11}, true, {ParticipantsChangedFact{ContactNo(1), 1, {{AgentId{"ana"}}}}}};
  session.DoUncommitted(second);
  session.Restart();
  EXPECT_EQ(session.core().FollowedTo(3), (RoutingPosition{1, 10}));
  EXPECT_EQ(session.core().FollowedTo(4), std::nullopt);
  session.Do(first);
  EXPECT_THAT(session.Sent<FollowerAdvanced>(), IsEmpty());
  session.Do(second);
  session.Do(second);
  EXPECT_THAT(session.Sent<GrantChanged>(), SizeIs(1));
  EXPECT_EQ(session.core().FollowedTo(3), (RoutingPosition{2, 11}));
}

TEST(RestartTest, APartOfAnEntryDoesNotMoveThePosition) {
  SessionHarness session;
  session.Do(session.Submission(1, 1, "hola"));
  session.Do(ApplyRoutingFacts{3, {1, 10}, false, {ContactQueuedFact{ContactNo(1)}}});
  EXPECT_EQ(session.core().FollowedTo(3), std::nullopt);
  EXPECT_EQ(session.Stored(1).contacts.at(0).phase, ContactPhase::kQueued);
  session.Do(ApplyRoutingFacts{3, {1, 10}, false, {ContactQueuedFact{ContactNo(1)}}});
  session.Do(ApplyRoutingFacts{3, {1, 10}, true, {}});
  EXPECT_EQ(session.core().FollowedTo(3), (RoutingPosition{1, 10}));
  EXPECT_THAT(session.Sent<ContactAcknowledged>(), SizeIs(1));
  std::vector<RoutingFact> many(kMaxFacts + 1, ContactQueuedFact{ContactNo(1)});
  EXPECT_EQ(std::get<Refusal>(session.Do(ApplyRoutingFacts{3, {1, 11}, true, many})),
            (Refusal{RefusalCode::kTooMany, "facts"}));
}

TEST(RestartTest, RecordsThatCannotBeOfOneStateAreRefused) {
  SessionHarness session;
  session.Do(session.Submission(1, 1, "hola"));
  ConversationRecord record = session.Stored(1);
  SessionCore core;
  core.BeginLoad();
  ASSERT_TRUE(core.Restore(record).ok());
  EXPECT_EQ(core.Restore(record).code(), absl::StatusCode::kDataLoss);
  ConversationRecord same_identity = record;
  same_identity.id = ConversationNo(2);
  same_identity.contacts.clear();
  EXPECT_EQ(core.Restore(same_identity).code(), absl::StatusCode::kDataLoss);
  ConversationRecord unasked = record;
  unasked.contacts[0].pending = nullptr;
  SessionCore other;
  other.BeginLoad();
  EXPECT_EQ(other.Restore(unasked).code(), absl::StatusCode::kDataLoss);
}

TEST(DeadlineTest, EqualDeadlinesRunInTheOrderOfIdsHoweverTheyCame) {
  std::vector<std::vector<ContactId>> orders;
  for (bool backwards : {false, true}) {
    SessionHarness session;
    for (uint64_t i = 1; i <= 50; ++i) {
      uint64_t n = backwards ? 51 - i : i;
      session.Do(session.Submission(n, 1, "hola"));
    }
    session.TakeOutbox();
    session.AdvanceBy(Duration::Milliseconds(200));
    std::vector<ContactId> order;
    for (const auto& sent : session.Sent<EnqueueContact>()) order.push_back(sent.request->spec.id);
    ASSERT_THAT(order, SizeIs(50));
    EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
    orders.push_back(std::move(order));
  }
  EXPECT_EQ(orders[0], orders[1]);
}

}  // namespace
}  // namespace meridian::conversation
