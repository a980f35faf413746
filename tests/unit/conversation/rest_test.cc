#include <gmock/gmock.h>

#include "tests/unit/conversation/session_harness.h"

namespace meridian::conversation {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr size_t kMaxAwake = 4;
constexpr uint64_t kConversations = 50;

// All queued, nobody serves any.
void Fill(SessionHarness& session) {
  for (uint64_t n = 1; n <= kConversations; ++n) {
    session.Do(session.Submission(n, 1, "hola"));
    session.Accept(n);
  }
}

TEST(RestTest, OnlyTheLastFewStayAwakeAndAllGoOnAsTheyWere) {
  SessionHarness session(kMaxAwake);
  Fill(session);
  session.Facts({});
  EXPECT_EQ(session.core().conversations(), kConversations);
  EXPECT_LE(session.core().awake(), kMaxAwake);
  session.ExpectStoredEqualsLive();

  EXPECT_EQ(session.Get<Appended>(session.FromCustomer(3, 2, "¿hay alguien?")).number, 2u);
  EXPECT_EQ(session.Get<Appended>(session.FromCustomer(3, 2, "¿hay alguien?")), (Appended{2, true}));
  // Found by identity, by contact, and refused because the contact is in use.
  Submitted repeated = session.Get<Submitted>(session.Submission(5, 1, "hola"));
  EXPECT_TRUE(repeated.repeated);
  EXPECT_EQ(repeated.contact, ContactNo(5));
  session.Assign(7, 1, "ana");
  EXPECT_EQ(session.Get<Appended>(session.FromAgent(7, "ana", 1, "soy Ana")).number, 2u);
  SubmitContact taken = session.Submission(99, 1, "hola");
  taken.spec.id = ContactNo(9);
  EXPECT_EQ(std::get<Refusal>(session.Do(taken)).code, RefusalCode::kAlreadyExists);
  session.ExpectStoredEqualsLive();
}

TEST(RestTest, WhatIsUnderWayKeepsAConversationAwake) {
  SessionHarness session(kMaxAwake);
  Fill(session);
  session.Do(session.Submission(100, 1, "hola"));  // routing has not answered
  session.Get<Done>(WatchConversation{TenantId{"demo"}, ConversationNo(1), 1});
  session.TakeOutbox();
  for (uint64_t n = 2; n <= kConversations; ++n) session.Get<ReadingOpened>(session.ReadingOf(n, "", 0));
  session.AdvanceBy(Duration::Milliseconds(200));
  EXPECT_THAT(session.Sent<EnqueueContact>(), SizeIs(1));
  // The others are thought to have left after a minute without a connection.
  session.TakeOutbox();
  session.AdvanceBy(Duration::Minutes(2));
  EXPECT_EQ(session.Stored(1).contacts.at(0).edge.kind, EdgeKind::kNone);
  EXPECT_EQ(session.Stored(2).contacts.at(0).edge.kind, EdgeKind::kCustomerLeft);
}

TEST(RestTest, DeadlinesHoldAtRest) {
  SessionHarness session(kMaxAwake);
  Fill(session);
  session.AdvanceBy(Duration::Seconds(59));
  session.TakeOutbox();
  session.AdvanceBy(Duration::Seconds(1));
  EXPECT_THAT(session.Sent<TellRouting>(), SizeIs(kConversations));
  for (uint64_t n = 1; n <= kConversations; ++n)
    session.Facts({ContactClosedFact{ContactNo(n), EndReason::kAbandoned}});
  session.AdvanceBy(Duration::Hours(2));
  EXPECT_EQ(session.core().conversations(), 0u);
  EXPECT_THAT(session.ended, SizeIs(kConversations));
}

TEST(RestTest, AfterAStartAllRestAndTheirCustomersHaveTheirTimeAnew) {
  SessionHarness session(kMaxAwake);
  Fill(session);
  session.Facts({ContactClosedFact{ContactNo(1), EndReason::kCompletedByAgent}});
  session.Restart(Duration::Minutes(30));
  EXPECT_EQ(session.core().awake(), 0u);
  session.ExpectStoredEqualsLive();
  session.TakeOutbox();
  session.AdvanceBy(Duration::Seconds(59));
  EXPECT_THAT(session.Sent<TellRouting>(), IsEmpty());
  session.AdvanceBy(Duration::Seconds(1));
  EXPECT_THAT(session.Sent<TellRouting>(), SizeIs(kConversations - 1));
  // The one without a contact ends two hours after its last activity, start or not.
  session.AdvanceBy(Duration::Minutes(88));
  EXPECT_THAT(session.ended, IsEmpty());
  session.AdvanceBy(Duration::Minutes(1));
  EXPECT_THAT(session.ended, SizeIs(1));
}

}  // namespace
}  // namespace meridian::conversation
