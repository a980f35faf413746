// Submissions are answered when session and routing have them, whatever happens on the way.
#include <gtest/gtest.h>

#include "tests/unit/services/session/session_world.h"

namespace meridian {
namespace {

using Mode = FakeRouting::Mode;

TEST(SessionSubmitTest, AnsweredOnlyWhenRoutingHasIt) {
  SessionWorld world;
  world.routing.mode = Mode::kSlow;
  world.Submit("a", world.Submission(1, 1, "hola"));
  world.Settle();
  EXPECT_FALSE(world.answers.contains("a"));
  EXPECT_EQ(world.routing.Received<EnqueueContact>().size(), 1u);
  world.Pass(Duration::Seconds(5));
  EXPECT_EQ(world.routing.Received<EnqueueContact>().size(), 1u) << "sent again while the first is under way";
  world.routing.CatchUp();
  world.StepShard();
  EXPECT_FALSE(world.answers.contains("a")) << "routing's answer is not durable in session yet";
  world.Settle();
  EXPECT_EQ(world.answers["a"], "OK 1");
}

TEST(SessionSubmitTest, AnOwnerWhoseTermRoutingTakesForAFormerOnesTakesALaterOne) {
  SessionWorld world;
  world.Boot();
  world.Settle();
  world.routing.newest_session_term = world.shard().program().term() + 3'600'000;  // of a clock an hour ahead
  world.Submit("a", world.Submission(1, 1, "hola"));
  world.Settle();
  EXPECT_FALSE(world.answers["a"].starts_with("OK"));
  world.Pass(Duration::Seconds(2));
  EXPECT_GT(world.shard().program().term(), world.clock().wall()->Now().ToUnixMilliseconds() + 3'000'000);
  EXPECT_EQ(world.routing.TimesQueued(SessionWorld::Contact(1)), 1) << "it was pending";
  world.Submit("again", world.Submission(1, 1, "hola"));
  world.Settle();
  EXPECT_EQ(world.answers["again"], "OK 1");
}

TEST(SessionSubmitTest, SeveralWaitForOneAcknowledgement) {
  SessionWorld world;
  world.routing.mode = Mode::kUnreachable;
  world.Submit("first", world.Submission(1, 1, "hola"));
  world.Submit("again", world.Submission(1, 1, "hola"));
  world.Submit("second", world.Submission(1, 2, "sigo aqui"));
  world.Settle();
  EXPECT_TRUE(world.answers.empty());
  world.routing.mode = Mode::kAnswers;
  world.Pass(Duration::Seconds(1));
  EXPECT_EQ(world.answers["first"], "OK 1");
  EXPECT_EQ(world.answers["again"], "OK 1");
  EXPECT_EQ(world.answers["second"], "OK 2");
  EXPECT_EQ(world.routing.TimesQueued(SessionWorld::Contact(1)), 1);
}

TEST(SessionSubmitTest, RefusalsOfRoutingAreStatuses) {
  const std::pair<Refusal, const char*> cases[] = {{Refusal::kQueueFull, "QUEUE_FULL"},
                                                   {Refusal::kEventLogFull, "EVENT_LOG_FULL"},
                                                   {Refusal::kQuotaExceeded, "QUOTA_EXCEEDED"},
                                                   {Refusal::kNoRule, "NO_RULE"},
                                                   {Refusal::kQueueClosed, "QUEUE_CLOSED"},
                                                   {Refusal::kInvalidContact, "INVALID_CONTACT"},
                                                   {Refusal::kNoConfiguration, "NO_CONFIGURATION"}};
  SessionWorld world;
  uint64_t n = 0;
  for (const auto& [refusal, reason] : cases) {
    world.routing.refuse_contacts = refusal;
    const std::string label = reason;
    world.Submit(label, world.Submission(++n, 1, "hola"));
    world.Settle();
    EXPECT_EQ(world.answers[label], reason);
    auto again = world.Submission(n, 1, "hola");
    again.spec.id = SessionWorld::Contact(100 + n);
    world.Submit(label + " again", again);
    world.Settle();
    EXPECT_EQ(world.answers[label + " again"], reason);
    world.routing.refuse_contacts = Refusal::kNone;
    again.spec.id = SessionWorld::Contact(200 + n);
    world.Submit(label + " once more", again);
    world.Settle();
    EXPECT_EQ(world.answers[label + " once more"], "OK 1");
    EXPECT_TRUE(world.routing.IsLive(again.spec.id));
    EXPECT_EQ(world.List(n)->messages_size(), 1);
  }
}

TEST(SessionSubmitTest, OverTheTenantsRateWhatOpensNothingIsTaken) {
  SessionWorld world;
  auto submission = world.Submission(1, 1, "hola");
  submission.may_only_join = true;
  world.Submit("new", submission);
  world.Settle();
  EXPECT_EQ(world.answers["new"], "QUOTA_EXCEEDED");
  submission.may_only_join = false;
  world.Submit("allowed", submission);
  world.Settle();
  EXPECT_EQ(world.answers["allowed"], "OK 1");
  auto further = world.Submission(1, 2, "sigo aqui");
  further.may_only_join = true;
  world.Submit("joins", further);
  world.Settle();
  EXPECT_EQ(world.answers["joins"], "OK 2");
}

TEST(SessionSubmitTest, TheRateOfNewContactsHoldsForAllWhoBringThem) {
  SessionWorld world;
  auto of_quota = [&](uint64_t n, uint64_t client_number, const char* tenant) {
    auto submission = world.Submission(n, client_number, "hola");
    submission.tenant = TenantId{tenant};
    submission.new_contacts = {.per_second = 10, .burst = 2};
    return submission;
  };
  for (uint64_t n = 1; n <= 3; ++n) world.Submit(std::to_string(n), of_quota(n, 1, "acme"));
  world.Submit("other", of_quota(4, 1, "other"));
  world.Settle();
  EXPECT_EQ(world.answers["1"], "OK 1");
  EXPECT_EQ(world.answers["2"], "OK 1");
  EXPECT_EQ(world.answers["3"], "QUOTA_EXCEEDED");
  EXPECT_EQ(world.answers["other"], "OK 1") << "each tenant has its own";
  EXPECT_EQ(world.routing.TimesQueued(SessionWorld::Contact(3)), 0);
  world.Submit("joins", of_quota(1, 2, "acme"));
  world.Submit("repeats", of_quota(2, 1, "acme"));
  world.Pass(Duration::Milliseconds(101));
  world.Submit("later", of_quota(3, 1, "acme"));
  world.Settle();
  EXPECT_EQ(world.answers["joins"], "OK 2");
  EXPECT_EQ(world.answers["repeats"], "OK 1");
  EXPECT_EQ(world.answers["later"], "OK 1");
}

TEST(SessionSubmitTest, AFurtherContactInAnOpenConversationCountsToo) {
  SessionWorld world;
  auto of_quota = [&](uint64_t client_number) {
    auto submission = world.Submission(1, client_number, "hola");
    submission.new_contacts = {.per_second = 10, .burst = 1};
    return submission;
  };
  world.Submit("first", of_quota(1));
  world.Settle();
  EXPECT_EQ(world.answers["first"], "OK 1");
  world.routing.CloseContact(SessionWorld::Contact(1), EndReason::kCompletedByAgent);
  world.Settle();
  world.Submit("repeats", of_quota(1));
  auto further = of_quota(2);
  further.spec.id = SessionWorld::Contact(2);
  world.Submit("further", further);
  world.Settle();
  EXPECT_EQ(world.answers["repeats"], "OK 1") << "which opens nothing";
  EXPECT_EQ(world.answers["further"], "QUOTA_EXCEEDED");
  world.Pass(Duration::Milliseconds(101));
  world.Submit("later", further);
  world.Settle();
  EXPECT_EQ(world.answers["later"], "OK 2");
}

TEST(SessionSubmitTest, WhoWaitsForARoutingThatCannotCommitIsToldAndTheContactIsTriedOn) {
  SessionWorld world;
  world.routing.mode = Mode::kNoSpace;
  world.Submit("a", world.Submission(1, 1, "hola"));
  world.Submit("b", world.Submission(1, 1, "hola"));
  world.Settle();
  EXPECT_EQ(world.answers["a"], "NO_SPACE");
  EXPECT_EQ(world.answers["b"], "NO_SPACE");
  world.Submit("again", world.Submission(1, 1, "hola"));
  world.Settle();
  EXPECT_FALSE(world.answers.contains("again")) << "joins the contact that is being tried";
  world.Pass(Duration::Seconds(1));
  EXPECT_EQ(world.answers["again"], "NO_SPACE");
  world.Submit("once more", world.Submission(1, 1, "hola"));
  world.routing.mode = Mode::kAnswers;
  world.Pass(Duration::Seconds(10));
  EXPECT_EQ(world.answers["once more"], "OK 1");
  EXPECT_EQ(world.routing.TimesQueued(SessionWorld::Contact(1)), 1);
  EXPECT_EQ(world.List(1)->messages_size(), 1);
}

TEST(SessionSubmitTest, AContactWhoseCallerNoLongerWaitsIsNotBegunAndCanBeSubmittedAgain) {
  SessionWorld world;
  auto of_patience = [&](uint64_t n, Duration patience) {
    auto submission = world.Submission(n, 1, "hola");
    submission.patience = patience;
    return submission;
  };
  world.Submit("impatient", of_patience(1, Duration::Milliseconds(10)));
  world.Submit("patient", of_patience(2, Duration::Seconds(10)));
  world.clock().Advance(Duration::Milliseconds(11));
  world.Settle();
  EXPECT_EQ(world.answers["impatient"], "DEADLINE_PASSED");
  EXPECT_EQ(world.answers["patient"], "OK 1");
  EXPECT_EQ(world.routing.TimesQueued(SessionWorld::Contact(1)), 0);
  world.Submit("again", of_patience(1, Duration::Seconds(10)));
  world.Settle();
  EXPECT_EQ(world.answers["again"], "OK 1");
  EXPECT_EQ(world.routing.TimesQueued(SessionWorld::Contact(1)), 1);
  auto joins = world.Submission(2, 2, "sigo aqui");
  joins.patience = Duration::Milliseconds(10);
  world.Submit("joins", joins);
  world.clock().Advance(Duration::Milliseconds(11));
  world.Settle();
  EXPECT_EQ(world.answers["joins"], "OK 2") << "live work is done whoever waits";
}

TEST(SessionSubmitTest, WhileRoutingHasNoRoomNoFurtherContactIsTaken) {
  SessionWorld world;
  world.routing.mode = Mode::kFull;
  world.Submit("a", world.Submission(1, 1, "hola"));
  world.Settle();
  EXPECT_FALSE(world.answers.contains("a")) << "it is sent again";
  world.Submit("b", world.Submission(2, 1, "hola"));
  world.Submit("joins", world.Submission(1, 2, "sigo aqui"));
  auto other = world.Submission(3, 1, "hola");
  other.tenant = TenantId{"other"};
  world.Submit("other", other);
  world.Settle();
  EXPECT_EQ(world.answers["b"], "MAILBOX_FULL");
  EXPECT_FALSE(world.answers.contains("joins"));
  EXPECT_FALSE(world.answers.contains("other")) << "of another tenant";
  world.routing.mode = Mode::kAnswers;
  world.Pass(Duration::Seconds(1));
  EXPECT_EQ(world.answers["a"], "OK 1");
  EXPECT_EQ(world.answers["joins"], "OK 2");
  EXPECT_EQ(world.answers["other"], "OK 1");
  world.Submit("b again", world.Submission(2, 1, "hola"));
  world.Settle();
  EXPECT_EQ(world.answers["b again"], "OK 1");
}

TEST(SessionSubmitTest, NotQueuedAfterFourMinutes) {
  SessionWorld world;
  world.routing.mode = Mode::kUnreachable;
  world.Submit("a", world.Submission(1, 1, "hola"));
  world.Pass(Duration::Seconds(239));
  EXPECT_FALSE(world.answers.contains("a"));
  world.Pass(Duration::Seconds(2));
  EXPECT_EQ(world.answers["a"], "NOT_QUEUED");
}

TEST(SessionSubmitTest, RoutingsLogAcknowledgesWhenItsAnswerIsLost) {
  SessionWorld world;
  world.routing.mode = Mode::kLosesAnswer;
  world.Submit("a", world.Submission(1, 1, "hola"));
  world.Settle();
  EXPECT_EQ(world.answers["a"], "OK 1") << "the log says that it is queued";
  EXPECT_EQ(world.routing.Received<EnqueueContact>().size(), 1u);
}

TEST(SessionSubmitTest, RefusalsOfSessionNameTheField) {
  SessionWorld world;
  auto submission = world.Submission(1, 1, "hola");
  submission.parts.clear();
  world.Submit("a", submission);
  world.Say("b", 7, 1, "nobody");
  world.Settle();
  EXPECT_EQ(world.answers["a"], "INVALID_FIELD");
  EXPECT_EQ(world.answers["b"], "CONVERSATION_NOT_FOUND");
}

// A process that dies anywhere on the way: after `steps` calls of its store.
class SessionCrashTest : public ::testing::TestWithParam<int> {};

TEST_P(SessionCrashTest, AcknowledgedOnceOrRetriedWithTheSameRequest) {
  SessionWorld world;
  world.Submit("a", world.Submission(1, 1, "hola"));
  for (int i = 0; i < GetParam(); ++i) {
    world.StepShard();
    world.store().Step();
  }
  const bool answered = world.answers.contains("a") && world.answers["a"] == "OK 1";
  world.Crash();
  world.answers.clear();
  world.Boot();
  world.Pass(Duration::Seconds(1));
  world.Submit("again", world.Submission(1, 1, "hola"));
  world.Settle();
  EXPECT_EQ(world.answers["again"], "OK 1");
  EXPECT_EQ(world.routing.TimesQueued(SessionWorld::Contact(1)), 1);
  const auto list = world.List(1);
  ASSERT_TRUE(list.ok()) << list.status();
  EXPECT_EQ(list->messages_size(), 1) << (answered ? "acknowledged" : "not acknowledged");
}

TEST_P(SessionCrashTest, WhatEndedMeanwhileIsNotQueuedAgain) {
  SessionWorld world;
  world.routing.mode = Mode::kSlow;
  world.Submit("a", world.Submission(1, 1, "hola"));
  world.Settle();
  world.Crash();
  // Queued, served and ended while the session was away; its log says so behind other entries.
  world.routing.CatchUp();
  world.routing.mode = Mode::kAnswers;
  ASSERT_EQ(world.routing.TimesQueued(SessionWorld::Contact(1)), 1);
  for (int i = 0; i < GetParam(); ++i) world.routing.SetParticipants(SessionWorld::Contact(1), {"ben"});
  world.routing.SetParticipants(SessionWorld::Contact(1), {"ana"});
  world.routing.CloseContact(SessionWorld::Contact(1), EndReason::kCompletedByAgent);
  world.Boot();
  world.Pass(Duration::Seconds(30));
  EXPECT_EQ(world.routing.TimesQueued(SessionWorld::Contact(1)), 1);
  world.Submit("again", world.Submission(1, 1, "hola"));
  world.Settle();
  EXPECT_EQ(world.answers["again"], "OK 1");
}

INSTANTIATE_TEST_SUITE_P(Steps, SessionCrashTest, ::testing::Range(0, 12));

TEST(SessionEdgeTest, EdgesReachRoutingAndAreRepeatedUntilAnswered) {
  SessionWorld world;
  world.Submit("a", world.Submission(1, 1, "hola"));
  world.Settle();
  world.routing.SetParticipants(SessionWorld::Contact(1), {"ana"});
  world.Settle();
  world.routing.mode = Mode::kUnreachable;
  world.Say("b", 1, 1, "buenos dias", "ana");
  world.Settle();
  EXPECT_EQ(world.answers["b"], "OK 2");
  EXPECT_TRUE(world.routing.Received<AgentAnswered>().empty());
  world.routing.mode = Mode::kAnswers;
  world.Pass(Duration::Seconds(1));
  EXPECT_EQ(world.routing.Received<AgentAnswered>().size(), 1u);
  world.Say("c", 1, 2, "gracias");
  world.Settle();
  ASSERT_EQ(world.routing.Received<CustomerWaits>().size(), 1u);
  EXPECT_EQ(world.routing.Received<CustomerWaits>().front().contact, SessionWorld::Contact(1));
}

CommandOrigin OriginOf(const SessionWorld& world, size_t nth) { return world.routing.received().at(nth).origin; }

TEST(SessionOriginTest, WhoSubmitsCancelsAndLeavesReachesRoutingWithItsTrace) {
  CommandOrigin shop{{ActorRole::kIntegrator, "shop"}, {{1, 2, 3}, {4, 5}, 1}};
  CommandOrigin visitor{{ActorRole::kCustomer, SessionWorld::Conversation(2).ToString()}, {{9}, {8}, 0}};
  SessionWorld world;
  auto submission = world.Submission(1, 1, "hola");
  submission.origin = shop;
  world.Submit("a", submission);
  submission = world.Submission(2, 1, "hola");
  submission.origin = visitor;
  world.Submit("b", submission);
  world.Settle();
  ASSERT_EQ(world.routing.received().size(), 2u);
  EXPECT_EQ(OriginOf(world, 0), shop);
  EXPECT_EQ(OriginOf(world, 1), visitor);
  shop.trace.span_id = {7};
  world.service().Cancel({SessionWorld::Tenant(), SessionWorld::Conversation(1), SessionWorld::Contact(1), shop},
                         [](auto) {});
  world.service().Close({SessionWorld::Tenant(), SessionWorld::Conversation(2), visitor}, [](auto) {});
  world.Settle();
  ASSERT_EQ(world.routing.received().size(), 4u);
  EXPECT_EQ(OriginOf(world, 2), shop);
  EXPECT_EQ(OriginOf(world, 3), visitor);
}

TEST(SessionOriginTest, ACancelThatBecomesALeaveKeepsItsOrigin) {
  const CommandOrigin shop{{ActorRole::kIntegrator, "shop"}, {{1}, {2}, 1}};
  SessionWorld world;
  world.Submit("a", world.Submission(1, 1, "hola"));
  world.Settle();
  world.routing.SetParticipants(SessionWorld::Contact(1), {"ana"});  // the session has not heard of it
  world.service().Cancel({SessionWorld::Tenant(), SessionWorld::Conversation(1), SessionWorld::Contact(1), shop},
                         [](auto) {});
  world.Settle();
  ASSERT_EQ(world.routing.Received<CustomerLeft>().size(), 1u);
  EXPECT_EQ(world.routing.received().back().origin, shop);
}

TEST(SessionOriginTest, OfAPendingContactItSurvivesARestart) {
  const CommandOrigin shop{{ActorRole::kIntegrator, "shop"}, {{1}, {2}, 1}};
  SessionWorld world;
  world.routing.mode = Mode::kUnreachable;
  auto submission = world.Submission(1, 1, "hola");
  submission.origin = shop;
  world.Submit("a", submission);
  world.Settle();
  world.service().Cancel({SessionWorld::Tenant(), SessionWorld::Conversation(1), SessionWorld::Contact(1), shop},
                         [](auto) {});
  world.Settle();
  world.Crash();
  world.routing.mode = Mode::kAnswers;
  world.Boot();
  world.Pass(Duration::Seconds(1));
  ASSERT_EQ(world.routing.received().size(), 2u);
  EXPECT_EQ(world.routing.Received<CancelContact>().size(), 1u);
  EXPECT_EQ(OriginOf(world, 0), shop);
  EXPECT_EQ(OriginOf(world, 1), shop);
}

TEST(SessionOriginTest, WhereTheSessionActsItNamesItself) {
  SessionWorld world;
  world.Submit("a", world.Submission(1, 1, "hola"));
  world.Pass(Duration::Seconds(61));
  ASSERT_EQ(world.routing.Received<CustomerLeft>().size(), 1u);
  EXPECT_EQ(world.routing.received().back().origin, (CommandOrigin{{ActorRole::kService, "session"}, {}}));
}

TEST(SessionEdgeTest, CancelAndClose) {
  SessionWorld world;
  world.Submit("a", world.Submission(1, 1, "hola"));
  world.Submit("b", world.Submission(2, 1, "hola"));
  world.Settle();
  absl::StatusOr<conversation::Done> canceled = absl::UnknownError("");
  absl::StatusOr<conversation::Done> closed = absl::UnknownError("");
  world.service().Cancel({SessionWorld::Tenant(), SessionWorld::Conversation(1), SessionWorld::Contact(1)},
                         [&](auto done) { canceled = std::move(done); });
  world.service().Close({SessionWorld::Tenant(), SessionWorld::Conversation(2)},
                        [&](auto done) { closed = std::move(done); });
  world.Settle();
  EXPECT_TRUE(canceled.ok());
  EXPECT_TRUE(closed.ok());
  EXPECT_EQ(world.routing.Received<CancelContact>().size(), 1u);
  EXPECT_EQ(world.routing.Received<CustomerLeft>().size(), 1u);
  EXPECT_FALSE(world.routing.IsLive(SessionWorld::Contact(1)));
  EXPECT_FALSE(world.routing.IsLive(SessionWorld::Contact(2)));
}

}  // namespace
}  // namespace meridian
