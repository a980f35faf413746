// What routing is told about the customer, and what happens by itself.
#include <gmock/gmock.h>

#include "tests/unit/conversation/session_harness.h"

namespace meridian::conversation {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

const TenantId kDemo{"demo"};

class PresenceTest : public ::testing::Test {
 protected:
  PresenceTest() {
    session.Do(session.Submission(1, 1, "hola"));
    session.Accept(1);
    session.TakeOutbox();
  }
  void Watch(uint64_t connection) { session.Get<Done>(WatchConversation{kDemo, ConversationNo(1), connection}); }
  void Unwatch(uint64_t connection) { session.Get<Done>(UnwatchConversation{kDemo, ConversationNo(1), connection}); }
  const ContactRecord& Contact() { return session.core().FindByContact(ContactNo(1))->contacts.at(0); }
  // The one edge that was sent.
  Edge SentEdge() {
    auto told = session.Sent<TellRouting>();
    EXPECT_THAT(told, SizeIs(1));
    return told.empty() ? Edge{} : told[0].edge;
  }

  SessionHarness session;
};

TEST_F(PresenceTest, RoutingIsToldOnlyWhenWaitingChanges) {
  Watch(1);
  session.Assign(1, 1, "ana");
  session.Do(session.FromCustomer(1, 2, "¿hola?"));
  EXPECT_THAT(session.Sent<TellRouting>(), IsEmpty()) << "it waits from the start";
  session.Do(session.FromAgent(1, "ana", 1, "hola"));
  EXPECT_EQ(SentEdge(), (Edge{1, EdgeKind::kAgentAnswered, CustomerLeftReason::kNone, session.now()}));
  session.Do(session.FromAgent(1, "ana", 2, "dígame"));
  EXPECT_THAT(session.Sent<TellRouting>(), IsEmpty());
  session.Do(session.FromCustomer(1, 3, "pues"));
  EXPECT_EQ(SentEdge().kind, EdgeKind::kCustomerWaits);
}

TEST_F(PresenceTest, AnEdgeIsSentAgainUntilItIsAnsweredAndOnlyTheNewest) {
  Watch(1);
  session.Assign(1, 1, "ana");
  session.Do(session.FromAgent(1, "ana", 1, "hola"));
  session.Do(session.FromCustomer(1, 2, "pues"));
  session.TakeOutbox();
  session.AdvanceBy(Duration::Milliseconds(200));
  EXPECT_EQ(SentEdge().number, 2u);
  session.Do(EdgeAnswered{ContactNo(1), 1});
  session.AdvanceBy(Duration::Milliseconds(400));
  EXPECT_EQ(SentEdge().number, 2u);
  session.Do(EdgeAnswered{ContactNo(1), 2});
  session.AdvanceBy(Duration::Minutes(10));
  EXPECT_THAT(session.Sent<TellRouting>(), IsEmpty());
}

TEST_F(PresenceTest, WithoutAConnectionForTheGraceTheCustomerHasLeft) {
  Watch(1);
  Watch(2);
  Watch(2);
  session.AdvanceBy(Duration::Minutes(10));
  Unwatch(1);
  session.AdvanceBy(Duration::Minutes(10));
  Unwatch(2);
  session.AdvanceBy(Duration::Seconds(59));
  EXPECT_THAT(session.Sent<TellRouting>(), IsEmpty());
  session.AdvanceBy(Duration::Seconds(1));
  Edge edge = SentEdge();
  EXPECT_EQ(edge.kind, EdgeKind::kCustomerLeft);
  EXPECT_EQ(edge.left, CustomerLeftReason::kConnectionLost);
  EXPECT_TRUE(session.Stored(1).contacts.at(0).HasLeft());
}

TEST_F(PresenceTest, AReconnectionOrAMessageInTimeKeepsTheContact) {
  Watch(1);
  Unwatch(1);
  session.AdvanceBy(Duration::Seconds(59));
  Watch(3);
  Unwatch(3);
  session.AdvanceBy(Duration::Seconds(59));
  session.Do(session.FromCustomer(1, 2, "sigo aquí"));
  session.AdvanceBy(Duration::Seconds(59));
  EXPECT_THAT(session.Sent<TellRouting>(), IsEmpty());
}

TEST_F(PresenceTest, ThatTimeStartsAnewWithTheProcess) {
  Watch(1);
  Unwatch(1);
  session.AdvanceBy(Duration::Seconds(50));
  session.Restart(Duration::Minutes(5));
  session.AdvanceBy(Duration::Seconds(59));
  EXPECT_THAT(session.Sent<TellRouting>(), IsEmpty());
  session.AdvanceBy(Duration::Seconds(1));
  EXPECT_EQ(SentEdge().kind, EdgeKind::kCustomerLeft);
}

TEST_F(PresenceTest, AfterLeavingANewMessageOpensANewContact) {
  session.AdvanceBy(Duration::Seconds(60));
  session.TakeOutbox();
  SubmitContact back = session.Submission(1, 2, "he vuelto");
  back.spec.id = ContactNo(2);
  back.enqueue_request_id = RequestNo(2);
  Submitted answer = session.Get<Submitted>(back);
  EXPECT_FALSE(answer.joined);
  EXPECT_EQ(answer.contact, ContactNo(2));
  EXPECT_EQ(answer.conversation, ConversationNo(1));
  EXPECT_EQ(answer.number, 2u);
}

TEST_F(PresenceTest, EdgesOfAPendingContactWaitForItsAnswer) {
  session.Do(session.Submission(2, 1, "hola"));
  session.TakeOutbox();
  session.Get<Done>(CancelContact{kDemo, ConversationNo(2), ContactNo(2)});
  EXPECT_THAT(session.Sent<TellRouting>(), IsEmpty());
  session.Accept(2);
  EXPECT_EQ(SentEdge().kind, EdgeKind::kCustomerCanceled);
  session.Facts({ContactClosedFact{ContactNo(2), EndReason::kCanceledByCustomer}});
  session.AdvanceBy(Duration::Seconds(59));
  EXPECT_THAT(session.Sent<TellRouting>(), IsEmpty());
}

TEST_F(PresenceTest, CancelingTwiceTellsOnce) {
  session.Get<Done>(CancelContact{kDemo, ConversationNo(1), ContactNo(1)});
  session.Get<Done>(CancelContact{kDemo, ConversationNo(1), ContactNo(1)});
  EXPECT_EQ(SentEdge().number, 1u);
  session.Facts({ContactClosedFact{ContactNo(1), EndReason::kCanceledByCustomer}});
  session.Get<Done>(CancelContact{kDemo, ConversationNo(1), ContactNo(1)});
  Answer unknown = session.Do(CancelContact{kDemo, ConversationNo(1), ContactNo(9)});
  EXPECT_EQ(std::get<Refusal>(unknown), (Refusal{RefusalCode::kNotFound, "contact_id"}));
}

TEST_F(PresenceTest, ACancelThatComesTooLateBecomesLeaving) {
  session.Get<Done>(CancelContact{kDemo, ConversationNo(1), ContactNo(1)});
  session.TakeOutbox();
  session.Do(EdgeAnswered{ContactNo(1), 1, /*wrong_state=*/true});
  Edge edge = SentEdge();
  EXPECT_EQ(edge.number, 2u);
  EXPECT_EQ(edge.kind, EdgeKind::kCustomerLeft);
}

TEST_F(PresenceTest, ClosingEndsTheConversationWhenItsContactsAreGone) {
  session.Assign(1, 1, "ana");
  session.TakeOutbox();
  session.Get<Done>(CloseConversation{kDemo, ConversationNo(1)});
  session.Get<Done>(CloseConversation{kDemo, ConversationNo(1)});
  EXPECT_EQ(SentEdge().left, CustomerLeftReason::kClosed);
  EXPECT_THAT(session.Sent<ConversationClosed>(), SizeIs(1));
  Answer refused = session.Do(session.FromAgent(1, "ana", 1, "¿sigue ahí?"));
  EXPECT_EQ(std::get<Refusal>(refused), (Refusal{RefusalCode::kConversationClosed, "conversation_id"}));
  session.Restart();
  session.ExpectStoredEqualsLive();
  session.Facts({ContactClosedFact{ContactNo(1), EndReason::kCustomerLeft}});
  EXPECT_THAT(session.ended, IsEmpty());
  session.Participants(1, 2, {});
  EXPECT_THAT(session.conversations, IsEmpty());
  ASSERT_THAT(session.ended, SizeIs(1));
  EXPECT_EQ(session.ended.begin()->second.close_reason, CloseReason::kClosedByCustomer);
  EXPECT_EQ(session.core().NextDeadline(), Instant::Never());
}

TEST_F(PresenceTest, WhileLeavingTheIdentityIsFreeForANewConversation) {
  session.Get<Done>(CloseConversation{kDemo, ConversationNo(1)});
  SubmitContact anew = session.Submission(1, 1, "hola");
  anew.spec.id = ContactNo(2);
  anew.spec.conversation = ConversationNo(2);
  Submitted answer = session.Get<Submitted>(anew);
  EXPECT_EQ(answer.conversation, ConversationNo(2));
  EXPECT_EQ(answer.number, 1u);
  session.Restart();
  EXPECT_TRUE(session.Get<Submitted>(anew).repeated);
}

TEST_F(PresenceTest, TheLifetimeSlidesAndStartsWhenNoContactLives) {
  Watch(1);
  session.AdvanceBy(Duration::Hours(5));
  EXPECT_THAT(session.conversations, SizeIs(1));
  session.Facts({ContactClosedFact{ContactNo(1), EndReason::kExpiredInQueue}});
  session.AdvanceBy(Duration::Hours(1));
  AppendMessage note = session.FromCustomer(1, 1, "gracias");
  note.author = AuthorKind::kSystem;
  session.Get<Appended>(note);
  session.AdvanceBy(Duration::Hours(2) - Duration::Nanoseconds(1));
  EXPECT_THAT(session.ended, IsEmpty());
  session.AdvanceBy(Duration::Nanoseconds(1));
  ASSERT_THAT(session.ended, SizeIs(1));
  EXPECT_EQ(session.ended.begin()->second.close_reason, CloseReason::kExpired);
  EXPECT_THAT(session.conversations, IsEmpty());
  EXPECT_EQ(session.core().conversations(), 0u);
  EXPECT_EQ(session.TextOf(1, 2), "gracias");
}

TEST_F(PresenceTest, ThePerChannelGraceMayBeNone) {
  SubmitContact mail = session.Submission(2, 1, "hola");
  mail.leave_grace = Duration::Zero();
  session.Do(mail);
  session.Accept(2);
  session.TakeOutbox();
  session.AdvanceBy(Duration::Seconds(59));
  session.Do(session.FromCustomer(1, 2, "sigo"));
  session.AdvanceBy(Duration::Seconds(59));
  EXPECT_THAT(session.Sent<TellRouting>(), IsEmpty());
}

TEST_F(PresenceTest, AConversationHasSoManyConnections) {
  for (uint64_t i = 1; i <= kMaxConnections; ++i) Watch(i);
  Answer refused = session.Do(WatchConversation{kDemo, ConversationNo(1), 99});
  EXPECT_EQ(std::get<Refusal>(refused), (Refusal{RefusalCode::kTooMany, "connection"}));
}

}  // namespace
}  // namespace meridian::conversation
