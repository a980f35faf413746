#include <gmock/gmock.h>

#include <algorithm>

#include "tests/unit/conversation/session_harness.h"

namespace meridian::conversation {
namespace {

using ::testing::SizeIs;
using Standing = ContactStanding::Kind;

Refusal RefusedBy(SessionHarness& session, Command command) {
  Answer answer = session.Do(std::move(command));
  const Refusal* refusal = std::get_if<Refusal>(&answer);
  return refusal == nullptr ? Refusal{RefusalCode::kMissing, "it was not refused"} : *refusal;
}

TEST(SubmitTest, WritesTheMessageAndAPendingContactBeforeRoutingIsAsked) {
  SessionHarness session;
  Submitted answer = session.Get<Submitted>(session.Submission(1, 1, "hola"));
  EXPECT_EQ(answer.conversation, ConversationNo(1));
  EXPECT_EQ(answer.customer, CustomerNo(1));
  EXPECT_EQ(answer.contact, ContactNo(1));
  EXPECT_EQ(answer.number, 1u);
  EXPECT_FALSE(answer.joined);
  EXPECT_EQ(answer.standing.kind, Standing::kPending);
  EXPECT_EQ(session.TextOf(1, 1), "hola");
  EXPECT_EQ(session.Stored(1).contacts.at(0).phase, ContactPhase::kPending);

  auto enqueued = session.Sent<EnqueueContact>();
  ASSERT_THAT(enqueued, SizeIs(1));
  EXPECT_EQ(enqueued[0].request->request_id, RequestNo(1));
  EXPECT_EQ(enqueued[0].request->spec.conversation, ConversationNo(1));
  EXPECT_EQ(enqueued[0].request->spec.enqueued_at, session.now());
  EXPECT_THAT(session.Sent<ContactAcknowledged>(), SizeIs(0));
}

TEST(SubmitTest, RoutingsAnswerAcknowledgesOnce) {
  SessionHarness session;
  session.Do(session.Submission(1, 1, "hola"));
  session.Accept(1);
  session.Do(EnqueueAnswered{ContactNo(1), RequestNo(1), std::nullopt});
  session.Do(EnqueueAnswered{ContactNo(1), RequestNo(1), "QUEUE_FULL"});
  auto acknowledged = session.Sent<ContactAcknowledged>();
  ASSERT_THAT(acknowledged, SizeIs(1));
  EXPECT_EQ(acknowledged[0].standing.kind, Standing::kAcknowledged);
  EXPECT_EQ(session.Stored(1).contacts.at(0).phase, ContactPhase::kQueued);
  EXPECT_EQ(session.Stored(1).contacts.at(0).pending, nullptr);
}

TEST(SubmitTest, AFactAboutTheContactAcknowledgesToo) {
  SessionHarness session;
  session.Do(session.Submission(1, 1, "hola"));
  session.Facts({ContactQueuedFact{ContactNo(1)}});
  EXPECT_THAT(session.Sent<ContactAcknowledged>(), SizeIs(1));
  session.Do(EnqueueAnswered{ContactNo(1), RequestNo(1), "REQUEST_TOO_OLD"});
  EXPECT_THAT(session.Sent<ContactAcknowledged>(), SizeIs(0));
  EXPECT_EQ(session.Stored(1).contacts.at(0).phase, ContactPhase::kQueued);
}

TEST(SubmitTest, AnAnswerToAnotherRequestIsNoAnswer) {
  SessionHarness session;
  session.Do(session.Submission(1, 1, "hola"));
  session.Do(EnqueueAnswered{ContactNo(1), RequestNo(2), std::nullopt});
  EXPECT_EQ(session.Stored(1).contacts.at(0).phase, ContactPhase::kPending);
}

// A repeat as an edge makes it: with fresh ids.
SubmitContact Again(const SessionHarness& session, uint64_t contact, uint64_t client_number, std::string text) {
  SubmitContact command = session.Submission(1, client_number, std::move(text));
  command.spec.id = ContactNo(contact);
  command.spec.conversation = ConversationNo(contact);
  return command;
}

void Refuse(SessionHarness& session, uint64_t contact) {
  session.Do(EnqueueAnswered{ContactNo(contact), RequestNo(1), "QUEUE_FULL"});
}

TEST(ResubmitTest, ARepeatAfterARefusalOpensAnotherContactForTheSameMessage) {
  SessionHarness session;
  session.Do(session.Submission(1, 1, "hola"));
  Refuse(session, 1);
  auto acknowledged = session.Sent<ContactAcknowledged>();
  ASSERT_THAT(acknowledged, SizeIs(1));
  EXPECT_EQ(acknowledged[0].standing, (ContactStanding{Standing::kRefused, "QUEUE_FULL"}));
  EXPECT_THAT(session.Stored(1).contacts, SizeIs(0));
  session.TakeOutbox();
  session.Restart();

  Submitted repeat = session.Get<Submitted>(Again(session, 2, 1, "hola"));
  EXPECT_TRUE(repeat.repeated);
  EXPECT_FALSE(repeat.joined);
  EXPECT_EQ(repeat.conversation, ConversationNo(1));
  EXPECT_EQ(repeat.number, 1u);
  EXPECT_EQ(repeat.contact, ContactNo(2));
  EXPECT_EQ(repeat.standing.kind, Standing::kPending);
  EXPECT_THAT(session.messages, SizeIs(1));
  EXPECT_EQ(session.Stored(1).last_number, 1u);
  EXPECT_THAT(session.Sent<Deliver>(), SizeIs(0)) << "the customer has read it";
  session.ExpectStoredEqualsLive();
  session.Accept(2);
  EXPECT_EQ(session.Sent<ContactAcknowledged>().at(0).contact, ContactNo(2));

  session.Assign(2, 1, "ana");
  auto opened = session.Get<ReadingOpened>(session.ReadingOf(1, "ana", 0));
  EXPECT_THAT(opened.ranges, ::testing::ElementsAre(ReadRange{ContactNo(2), 0, 1}));
  EXPECT_EQ(session.messages.at(MessageKey(ConversationNo(1), 1)).message.contact, ContactNo(2));
  Submitted third = session.Get<Submitted>(Again(session, 3, 1, "hola"));
  EXPECT_EQ(third.contact, ContactNo(2)) << "a repeat of what was queued changes nothing";
  EXPECT_EQ(third.standing.kind, Standing::kAcknowledged);
  EXPECT_THAT(session.Stored(1).contacts, SizeIs(1));
}

TEST(ResubmitTest, ARepeatWhileItIsStillFullIsRefusedAgainAndTheNextOneTriesOnceMore) {
  SessionHarness session;
  session.Do(session.Submission(1, 1, "hola"));
  for (uint64_t contact = 1; contact <= kMaxEndedContacts + 2; ++contact) {
    Refuse(session, contact);
    EXPECT_EQ(session.Sent<ContactAcknowledged>().at(0).standing.refusal, "QUEUE_FULL");
    session.Restart();
    Submitted repeat = session.Get<Submitted>(Again(session, contact + 1, 1, "hola"));
    EXPECT_EQ(repeat.contact, ContactNo(contact + 1));
    EXPECT_EQ(repeat.number, 1u);
    EXPECT_EQ(repeat.standing.kind, Standing::kPending);
    session.Sent<EnqueueContact>();
  }
  EXPECT_THAT(session.messages, SizeIs(1));
  EXPECT_THAT(session.Stored(1).contacts, SizeIs(1));
}

TEST(ResubmitTest, WordsSubmittedAnewInTheBatchThatStoredThemAreInItOnce) {
  SessionHarness session;
  session.DoUncommitted(session.Submission(1, 1, "hola"));
  session.DoUncommitted(EnqueueAnswered{ContactNo(1), RequestNo(1), "QUEUE_FULL"});
  session.DoUncommitted(Again(session, 2, 1, "hola"));
  const Effects effects = session.core().TakeEffects();
  ASSERT_EQ(effects.messages.size(), 1u);
  EXPECT_EQ(effects.messages[0]->message.contact, ContactNo(2));
}

TEST(ResubmitTest, AnIdOfARefusedContactIsNotTakenAgain) {
  SessionHarness session;
  session.Do(session.Submission(1, 1, "hola"));
  Refuse(session, 1);
  EXPECT_EQ(RefusedBy(session, Again(session, 1, 1, "hola")), (Refusal{RefusalCode::kAlreadyExists, "contact_id"}));
}

TEST(ResubmitTest, WhatJoinedARefusedContactIsSubmittedAnewInAnyOrder) {
  const std::string words[] = {"", "hola", "sigo aquí", "¿nadie?"};
  std::vector<uint64_t> order = {1, 2, 3};
  do {
    SessionHarness session;
    session.Do(session.Submission(1, 1, words[1]));
    ASSERT_TRUE(session.Get<Submitted>(Again(session, 2, 2, words[2])).joined);
    ASSERT_TRUE(session.Get<Submitted>(Again(session, 2, 3, words[3])).joined);
    Refuse(session, 1);
    uint64_t proposed = 10;
    for (uint64_t number : order) {
      Submitted repeat = session.Get<Submitted>(Again(session, proposed++, number, words[number]));
      EXPECT_EQ(repeat.number, number);
      EXPECT_EQ(repeat.contact, ContactNo(10));
      EXPECT_EQ(repeat.standing.kind, Standing::kPending);
      session.ExpectStoredEqualsLive();
    }
    session.Accept(10);
    session.Assign(10, 1, "ana");
    EXPECT_EQ(session.Get<ReadingOpened>(session.ReadingOf(1, "ana", 0)).ranges.at(0).after_number, 0u);
    for (uint64_t number : order) {
      EXPECT_EQ(session.messages.at(MessageKey(ConversationNo(1), number)).message.contact, ContactNo(10));
      Submitted repeat = session.Get<Submitted>(Again(session, proposed++, number, words[number]));
      EXPECT_EQ(repeat.contact, ContactNo(10));
      EXPECT_EQ(repeat.standing.kind, Standing::kAcknowledged);
    }
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST(ResubmitTest, OnceAnAgentHasALaterContactTheRefusedWordsNeedANewNumber) {
  SessionHarness session;
  session.Do(session.Submission(1, 1, "hola"));
  Refuse(session, 1);
  SubmitContact next = Again(session, 2, 2, "sigo aquí");
  Submitted second = session.Get<Submitted>(next);
  EXPECT_EQ(second.conversation, ConversationNo(1));
  EXPECT_EQ(second.contact, ContactNo(2));
  EXPECT_EQ(second.number, 2u);
  session.Accept(2);
  session.Assign(2, 1, "ana");
  EXPECT_EQ(RefusedBy(session, Again(session, 3, 1, "hola")),
            (Refusal{RefusalCode::kClientNumberTooOld, "client_number"}));
  EXPECT_EQ(session.Get<Submitted>(Again(session, 3, 2, "sigo aquí")).contact, ContactNo(2));
}

TEST(ResubmitTest, WhatALaterContactHadStaysAsItWas) {
  SessionHarness session;
  session.Do(session.Submission(1, 1, "hola"));
  Refuse(session, 1);
  session.Do(Again(session, 2, 2, "sigo aquí"));
  session.Accept(2);
  session.Facts({ContactClosedFact{ContactNo(2), EndReason::kCompletedByAgent}});
  EXPECT_EQ(RefusedBy(session, Again(session, 3, 1, "hola")),
            (Refusal{RefusalCode::kClientNumberTooOld, "client_number"}));
  Submitted repeat = session.Get<Submitted>(Again(session, 3, 2, "sigo aquí"));
  EXPECT_EQ(repeat.contact, ContactNo(2));
  EXPECT_EQ(repeat.standing.kind, Standing::kAcknowledged);
  EXPECT_THAT(session.Stored(1).contacts, SizeIs(0));
}

TEST(ResubmitTest, AMessageThatWasMovedTwiceIsInItsLastContact) {
  SessionHarness session;
  session.Do(session.Submission(1, 1, "hola"));
  session.Do(Again(session, 2, 2, "sigo aquí"));
  Refuse(session, 1);
  session.Do(Again(session, 2, 1, "hola"));
  Refuse(session, 2);  // which reaches over the second message, still the first contact's
  session.Do(Again(session, 3, 2, "sigo aquí"));
  session.Accept(3);
  session.Assign(3, 1, "ana");
  Submitted repeat = session.Get<Submitted>(Again(session, 4, 2, "sigo aquí"));
  EXPECT_EQ(repeat.contact, ContactNo(3));
  EXPECT_EQ(repeat.standing.kind, Standing::kAcknowledged);
}

TEST(ResubmitTest, WhatWasNotQueuedInTimeIsTriedAnewWhileTheFirstIsWithdrawn) {
  SessionHarness session;
  session.Do(session.Submission(1, 1, "hola"));
  session.Do(WatchConversation{TenantId{"demo"}, ConversationNo(1), 1});
  session.AdvanceBy(Duration::Minutes(4));
  ASSERT_EQ(session.Sent<ContactAcknowledged>().at(0).standing.kind, Standing::kNotQueued);
  Submitted repeat = session.Get<Submitted>(Again(session, 2, 1, "hola"));
  EXPECT_EQ(repeat.contact, ContactNo(2));
  EXPECT_EQ(repeat.standing.kind, Standing::kPending);
  EXPECT_EQ(session.Get<Submitted>(Again(session, 3, 1, "hola")).contact, ContactNo(2));
  EXPECT_THAT(session.Stored(1).contacts, SizeIs(2)) << "the one that is withdrawn, and the new one";
  session.ExpectStoredEqualsLive();
}

TEST(SubmitTest, ARepeatWithOtherProposalsChangesNothing) {
  SessionHarness session;
  session.Do(session.Submission(1, 1, "hola"));
  SubmitContact again = session.Submission(1, 1, "hola");
  again.spec.id = ContactNo(8);
  again.spec.conversation = ConversationNo(8);
  again.enqueue_request_id = RequestNo(8);
  Submitted repeat = session.Get<Submitted>(again);
  EXPECT_TRUE(repeat.repeated);
  EXPECT_EQ(repeat.contact, ContactNo(1));
  EXPECT_EQ(repeat.conversation, ConversationNo(1));
  EXPECT_EQ(repeat.standing.kind, Standing::kPending);
  EXPECT_THAT(session.messages, SizeIs(1));
  EXPECT_THAT(session.Sent<EnqueueContact>(), SizeIs(1));
}

TEST(SubmitTest, OverTheTenantsRateASubmissionJoinsOrRepeatsAndOpensNothing) {
  SessionHarness session;
  SubmitContact first = session.Submission(1, 1, "hola");
  first.may_only_join = true;
  EXPECT_EQ(RefusedBy(session, first).code, RefusalCode::kQuotaExceeded);
  EXPECT_THAT(session.Sent<EnqueueContact>(), SizeIs(0));

  first.may_only_join = false;
  session.Do(first);
  session.Accept(1);
  SubmitContact again = session.Submission(2, 1, "hola");
  again.identity = first.identity;
  again.may_only_join = true;
  EXPECT_TRUE(session.Get<Submitted>(again).repeated);
  SubmitContact further = session.Submission(3, 2, "sigo aqui");
  further.identity = first.identity;
  further.may_only_join = true;
  EXPECT_TRUE(session.Get<Submitted>(further).joined);
  SubmitContact other_channel = session.Submission(4, 3, "llamame");
  other_channel.identity = first.identity;
  other_channel.spec.channel = ChannelId{"voice"};
  other_channel.may_only_join = true;
  EXPECT_EQ(RefusedBy(session, other_channel).code, RefusalCode::kQuotaExceeded);
}

TEST(SubmitTest, AFurtherMessageJoinsTheLiveContactOfItsChannel) {
  SessionHarness session;
  session.Do(session.Submission(1, 1, "hola"));
  SubmitContact second = session.Submission(1, 2, "¿hay alguien?");
  second.spec.id = ContactNo(2);
  Submitted answer = session.Get<Submitted>(second);
  EXPECT_TRUE(answer.joined);
  EXPECT_EQ(answer.contact, ContactNo(1));
  EXPECT_EQ(answer.number, 2u);
  EXPECT_EQ(answer.standing.kind, Standing::kPending);
  EXPECT_EQ(session.core().FindByContact(ContactNo(2)), nullptr);
  EXPECT_TRUE(session.Get<Submitted>(second).joined) << "a repeat says the same";
}

TEST(SubmitTest, AnotherChannelOpensAnotherContactInTheSameConversation) {
  SessionHarness session;
  session.Do(session.Submission(1, 1, "hola"));
  SubmitContact voice = session.Submission(1, 0, "");
  voice.parts.clear();
  voice.spec.id = ContactNo(2);
  voice.spec.channel = ChannelId{"voice"};
  voice.enqueue_request_id = RequestNo(2);
  Submitted answer = session.Get<Submitted>(voice);
  EXPECT_EQ(answer.conversation, ConversationNo(1));
  EXPECT_EQ(answer.contact, ContactNo(2));
  EXPECT_EQ(answer.number, 0u);
  EXPECT_FALSE(answer.joined);
  EXPECT_THAT(session.Stored(1).contacts, SizeIs(2));
}

TEST(SubmitTest, OneAddressOfTwoTenantsAreTwoCustomers) {
  SessionHarness session;
  session.Do(session.Submission(1, 1, "hola"));
  SubmitContact other = session.Submission(1, 1, "hola");
  other.tenant = TenantId{"other"};
  other.spec.id = ContactNo(2);
  EXPECT_EQ(RefusedBy(session, other), (Refusal{RefusalCode::kAlreadyExists, "conversation_id"}));
  other.spec.conversation = ConversationNo(2);
  EXPECT_EQ(session.Get<Submitted>(other).conversation, ConversationNo(2));
  AppendMessage foreign = session.FromCustomer(1, 2, "leak?");
  foreign.tenant = TenantId{"other"};
  EXPECT_EQ(RefusedBy(session, foreign), (Refusal{RefusalCode::kNotFound, "conversation_id"}));
}

TEST(SubmitTest, RetriesWithTheSameRequestUntilFourMinutesThenIsNotQueued) {
  SessionHarness session;
  session.Do(session.Submission(1, 1, "hola"));
  session.Do(WatchConversation{TenantId{"demo"}, ConversationNo(1), 1});
  Instant start = session.now();
  session.Sent<EnqueueContact>();
  session.AdvanceBy(Duration::Milliseconds(199));
  EXPECT_THAT(session.Sent<EnqueueContact>(), SizeIs(0));
  session.AdvanceBy(Duration::Milliseconds(1));
  EXPECT_THAT(session.Sent<EnqueueContact>(), SizeIs(1));
  session.AdvanceBy(Duration::Milliseconds(400));
  EXPECT_THAT(session.Sent<EnqueueContact>(), SizeIs(1));
  session.AdvanceBy(Duration::Minutes(4) - Duration::Milliseconds(601));
  auto retries = session.Sent<EnqueueContact>();
  EXPECT_GT(retries.size(), 20u);
  EXPECT_LT(retries.size(), 40u);
  for (const auto& retry : retries) EXPECT_EQ(retry.request->request_id, RequestNo(1));
  EXPECT_THAT(session.Sent<ContactAcknowledged>(), SizeIs(0));

  session.AdvanceBy(Duration::Milliseconds(1));
  EXPECT_EQ(session.now(), start + Duration::Minutes(4));
  auto acknowledged = session.Sent<ContactAcknowledged>();
  ASSERT_THAT(acknowledged, SizeIs(1));
  EXPECT_EQ(acknowledged[0].standing.kind, Standing::kNotQueued);
  auto told = session.Sent<TellRouting>();
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].edge.kind, EdgeKind::kWithdrawn);
}

TEST(SubmitTest, AContactThatRoutingHadAllTheSameIsWithdrawnAndShownToNobody) {
  SessionHarness session;
  session.Do(session.Submission(1, 1, "hola"));
  session.Do(WatchConversation{TenantId{"demo"}, ConversationNo(1), 1});
  session.AdvanceBy(Duration::Minutes(4));
  session.TakeOutbox();
  session.Facts({ContactQueuedFact{ContactNo(1)}});
  session.Assign(1, 1, "ana");
  EXPECT_THAT(session.Sent<GrantChanged>(), SizeIs(0));
  EXPECT_EQ(RefusedBy(session, session.ReadingOf(1, "ana", 0)), (Refusal{RefusalCode::kNoGrant, "agent"}));
  session.Do(EdgeAnswered{ContactNo(1), 1, /*wrong_state=*/true});
  auto told = session.Sent<TellRouting>();
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].edge.kind, EdgeKind::kCustomerLeft);
  EXPECT_EQ(told[0].edge.number, 2u);
  session.Do(EdgeAnswered{ContactNo(1), 2});
  EXPECT_EQ(session.core().FindByContact(ContactNo(1)), nullptr);
  session.ExpectStoredEqualsLive();
}

TEST(SubmitTest, PersonalAttributesStayApartFromWhatRoutingGets) {
  SessionHarness session;
  SubmitContact command = session.Submission(1, 1, "hola");
  command.personal_attributes = {{AttributeName{"order"}, "A-17"}};
  session.Do(command);
  EXPECT_EQ(session.details.at(ContactDetailsKey(ContactNo(1))).attributes.at(0).value, "A-17");
  EXPECT_TRUE(session.Sent<EnqueueContact>().at(0).request->spec.attributes.empty());
}

TEST(SubmitTest, RefusesByTheFieldThatIsWrong) {
  SessionHarness session;
  auto refused = [&](auto change) {
    SubmitContact command = session.Submission(1, 1, "hola");
    change(command);
    return RefusedBy(session, command);
  };
  EXPECT_EQ(refused([](auto& c) { c.identity.address.clear(); }), (Refusal{RefusalCode::kMissing, "identity.address"}));
  EXPECT_EQ(refused([](auto& c) { c.identity.address = std::string(257, 'x'); }),
            (Refusal{RefusalCode::kTooLong, "identity.address", "must be at most 256 bytes"}));
  EXPECT_EQ(refused([](auto& c) { c.spec.channel = {}; }), (Refusal{RefusalCode::kMissing, "channel"}));
  EXPECT_EQ(refused([](auto& c) { c.client_number = 0; }), (Refusal{RefusalCode::kMissing, "client_number"}));
  EXPECT_EQ(refused([](auto& c) { c.client_number = 1ull << 32; }),
            (Refusal{RefusalCode::kOutOfRange, "client_number", "must be between 1 and 4294967295"}));
  EXPECT_EQ(refused([](auto& c) { c.parts = std::vector<MessagePart>(17, Text("x")[0]); }),
            (Refusal{RefusalCode::kTooMany, "parts", "must have at most 16 entries"}));
  EXPECT_EQ(refused([](auto& c) {
              c.parts.push_back(TextPart{std::string(8193, 'x'), {}, {}});
            }),
            (Refusal{RefusalCode::kTooLong, "parts[1].text", "must be at most 8192 bytes"}));
  EXPECT_EQ(refused([](auto& c) {
              c.parts = std::vector<MessagePart>(5, TextPart{std::string(8192, 'x'), {}, {}});
            }),
            (Refusal{RefusalCode::kTooLong, "parts", "must be at most 32768 bytes together"}));
  EXPECT_EQ(
      refused([](auto& c) {
        c.personal_attributes = std::vector<PersonalAttribute>(9, {AttributeName{"note"}, std::string(1024, 'x')});
      }),
      (Refusal{RefusalCode::kTooLong, "attributes", "must be at most 8192 bytes together, those for routing aside"}));
  EXPECT_EQ(refused([](auto& c) {
              c.personal_attributes = {{AttributeName{"note"}, std::string(1025, 'x')}};
            }),
            (Refusal{RefusalCode::kTooLong, "attributes.note", "must be at most 1024 bytes"}));
  EXPECT_EQ(refused([](auto& c) {
              c.personal_attributes = {{AttributeName{""}, "x"}};
            }),
            (Refusal{RefusalCode::kMissing, "attributes", "must have a name for each entry"}));
  EXPECT_THAT(session.conversations, SizeIs(0));
  EXPECT_THAT(session.messages, SizeIs(0));
  EXPECT_THAT(session.TakeOutbox(), SizeIs(0));
}

// A visitor's: its token named the conversation before.
SubmitContact Named(const SessionHarness& session, std::optional<uint64_t> not_ended_as_of) {
  SubmitContact command = session.Submission(1, 1, "hola");
  command.conversation_named_before = true;
  command.not_ended_as_of = not_ended_as_of;
  return command;
}

void EndConversation(SessionHarness& session) {
  session.Accept(1);
  session.Facts({ContactClosedFact{ContactNo(1), EndReason::kCompletedByAgent}});
  session.Do(CloseConversation{session.Submission(1, 1, "").tenant, ConversationNo(1)});
  ASSERT_EQ(session.core().conversations(), 0u);
}

const Refusal kClosed{RefusalCode::kConversationClosed, "conversation_id"};

TEST(NamedBeforeTest, OpensOnlyWithProofThatNoneOfItsIdHasEnded) {
  SessionHarness session;
  const auto unknown = session.Get<UnknownConversation>(Named(session, std::nullopt));
  EXPECT_EQ(session.core().conversations(), 0u);
  EXPECT_EQ(session.Get<Submitted>(Named(session, unknown.closings)).number, 1u);
  EXPECT_TRUE(session.Get<Submitted>(Named(session, std::nullopt)).repeated) << "an open one needs no proof";
}

TEST(NamedBeforeTest, AClosedOneIsRefusedWhateverTheStoreSaid) {
  SessionHarness session;
  const auto unknown = session.Get<UnknownConversation>(Named(session, std::nullopt));
  session.Do(Named(session, unknown.closings));
  EndConversation(session);
  EXPECT_EQ(RefusedBy(session, Named(session, std::nullopt)), kClosed);
  EXPECT_EQ(RefusedBy(session, Named(session, unknown.closings)), kClosed);
}

TEST(NamedBeforeTest, OneThatIsBeingLeftIsClosed) {
  SessionHarness session;
  const auto unknown = session.Get<UnknownConversation>(Named(session, std::nullopt));
  session.Do(Named(session, unknown.closings));
  session.Do(CloseConversation{session.Submission(1, 1, "").tenant, ConversationNo(1)});
  ASSERT_EQ(session.core().conversations(), 1u) << "its contact lives";
  SubmitContact late = Named(session, unknown.closings);
  late.spec.id = ContactNo(2);
  EXPECT_EQ(RefusedBy(session, late), kClosed);
}

TEST(NamedBeforeTest, AProofFromBeforeALoadIsNone) {
  SessionHarness session;
  const auto unknown = session.Get<UnknownConversation>(Named(session, std::nullopt));
  session.Do(Named(session, unknown.closings));
  EndConversation(session);
  session.core().BeginLoad();
  session.core().FinishLoad(session.now());
  EXPECT_GT(session.Get<UnknownConversation>(Named(session, unknown.closings)).closings, unknown.closings);
}

TEST(RecentlyClosedTest, ForgetsTheOldestAndSaysSo) {
  RecentlyClosed closed;
  EXPECT_TRUE(closed.RemembersSince(0));
  for (uint64_t n = 1; n <= RecentlyClosed::kRemembered; ++n) closed.Add(ConversationNo(n));
  EXPECT_TRUE(closed.Contains(ConversationNo(1)));
  EXPECT_TRUE(closed.RemembersSince(0));
  closed.Add(ConversationNo(RecentlyClosed::kRemembered + 1));
  EXPECT_FALSE(closed.Contains(ConversationNo(1)));
  EXPECT_TRUE(closed.Contains(ConversationNo(2)));
  EXPECT_FALSE(closed.RemembersSince(0));
  EXPECT_TRUE(closed.RemembersSince(1));
  const uint64_t before = closed.closings();
  closed.Forget();
  EXPECT_FALSE(closed.Contains(ConversationNo(2)));
  EXPECT_FALSE(closed.RemembersSince(before));
  EXPECT_TRUE(closed.RemembersSince(closed.closings()));
}

}  // namespace
}  // namespace meridian::conversation
