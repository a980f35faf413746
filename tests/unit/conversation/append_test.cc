#include <gmock/gmock.h>

#include "tests/unit/conversation/session_harness.h"

namespace meridian::conversation {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const AgentId kAna{"ana"};
const AgentId kBob{"bob"};

class AppendTest : public ::testing::Test {
 protected:
  AppendTest() {
    session.Do(session.Submission(1, 1, "hola"));
    session.Accept(1);
  }
  Refusal RefusedBy(Command command) {
    Answer answer = session.Do(std::move(command));
    const Refusal* refusal = std::get_if<Refusal>(&answer);
    return refusal == nullptr ? Refusal{RefusalCode::kMissing, "it was not refused"} : *refusal;
  }
  uint64_t Number(AppendMessage command) { return session.Get<Appended>(std::move(command)).number; }

  SessionHarness session;
};

TEST_F(AppendTest, NumbersRiseByOneOverAllAuthors) {
  session.Assign(1, 1, "ana");
  EXPECT_EQ(Number(session.FromAgent(1, "ana", 1, "buenos días")), 2u);
  EXPECT_EQ(Number(session.FromCustomer(1, 2, "una pregunta")), 3u);
  EXPECT_EQ(Number(session.FromAgent(1, "ana", 2, "dígame")), 4u);
  AppendMessage system = session.FromCustomer(1, 1, "grabamos esta conversación");
  system.author = AuthorKind::kSystem;
  EXPECT_EQ(Number(system), 5u);
  EXPECT_EQ(session.TextOf(1, 4), "dígame");
  EXPECT_THAT(session.messages, SizeIs(5));
}

TEST_F(AppendTest, ARepeatIsAnsweredTheSameAndWrittenOnce) {
  session.Assign(1, 1, "ana");
  AppendMessage message = session.FromAgent(1, "ana", 1, "buenos días");
  EXPECT_EQ(Number(message), 2u);
  session.TakeOutbox();
  Appended repeat = session.Get<Appended>(message);
  EXPECT_EQ(repeat, (Appended{2, true}));
  EXPECT_THAT(session.TakeOutbox(), IsEmpty());
  session.Participants(1, 2, {});
  EXPECT_EQ(session.Get<Appended>(message), (Appended{2, true})) << "also after the grant is over";
  EXPECT_THAT(session.messages, SizeIs(2));
}

TEST_F(AppendTest, OldAndReusedNumbersAreRefused) {
  Number(session.FromCustomer(1, 5, "cinco"));
  EXPECT_EQ(RefusedBy(session.FromCustomer(1, 3, "tres")),
            (Refusal{RefusalCode::kClientNumberTooOld, "client_number"}));
  EXPECT_EQ(RefusedBy(session.FromCustomer(1, 5, "otra cosa")),
            (Refusal{RefusalCode::kClientNumberReused, "client_number"}));
  EXPECT_EQ(RefusedBy(session.FromCustomer(1, 6, "")), (Refusal{RefusalCode::kMissing, "parts[0].text"}));
}

TEST_F(AppendTest, AgentsWriteOnlyUnderTheirCurrentGrant) {
  EXPECT_EQ(RefusedBy(session.FromAgent(1, "ana", 1, "antes")), (Refusal{RefusalCode::kNoGrant, "agent"}));
  session.Assign(1, 1, "ana");
  EXPECT_EQ(RefusedBy(session.FromAgent(1, "bob", 1, "otro")), (Refusal{RefusalCode::kNoGrant, "agent"}));
  EXPECT_EQ(Number(session.FromAgent(1, "ana", 1, "ahora")), 2u);
  session.Participants(1, 2, {});
  EXPECT_EQ(RefusedBy(session.FromAgent(1, "ana", 2, "después")), (Refusal{RefusalCode::kNoGrant, "agent"}));
}

TEST_F(AppendTest, WhoListensOrWrapsUpDoesNotWrite) {
  session.Participants(1, 1, {{kAna}, {kBob, AgentKind::kHuman, AssignmentRole::kMonitoring}});
  EXPECT_EQ(RefusedBy(session.FromAgent(1, "bob", 1, "psst")), (Refusal{RefusalCode::kReadOnly, "agent"}));
  session.Participants(1, 2, {{kAna, AgentKind::kHuman, AssignmentRole::kPrimary, /*may_write=*/false}});
  EXPECT_EQ(RefusedBy(session.FromAgent(1, "ana", 1, "tarde")), (Refusal{RefusalCode::kReadOnly, "agent"}));
}

TEST_F(AppendTest, AGrantSaysWhetherItsHolderIsABot) {
  session.Participants(1, 1, {{AgentId{"faq"}, AgentKind::kBot}});
  Number(session.FromAgent(1, "faq", 1, "¿en qué ayudo?"));
  EXPECT_EQ(session.messages.at(MessageKey(ConversationNo(1), 2)).message.author,
            (Author{AuthorKind::kBot, AgentId{"faq"}}));
}

TEST_F(AppendTest, AHoldersKindIsTheOneThatTheGrantCameWith) {
  session.Participants(1, 1, {{AgentId{"faq"}, AgentKind::kBot}});
  session.Participants(1, 2, {{AgentId{"faq"}, AgentKind::kHuman, AssignmentRole::kPrimary, false}});
  EXPECT_EQ(session.Stored(1).contacts.at(0).grants.at(0).agent_kind, AgentKind::kBot);
  EXPECT_FALSE(session.Stored(1).contacts.at(0).grants.at(0).may_write);
}

TEST_F(AppendTest, DeliversEachMessage) {
  session.TakeOutbox();
  Number(session.FromCustomer(1, 2, "¿hay alguien?"));
  auto delivered = session.Sent<Deliver>();
  ASSERT_EQ(delivered.size(), 1u);
  EXPECT_EQ(delivered[0].conversation, ConversationNo(1));
  EXPECT_EQ(delivered[0].message->message.number, 2u);
}

TEST_F(AppendTest, AHumanAfterABotReadsTheContactFromItsFirstMessage) {
  session.Participants(1, 1, {{AgentId{"faq"}, AgentKind::kBot}});
  Number(session.FromAgent(1, "faq", 1, "¿en qué ayudo?"));
  Number(session.FromCustomer(1, 2, "una persona, por favor"));
  session.Participants(1, 2, {});
  session.Sent<GrantChanged>();
  session.Assign(1, 3, "ana");
  auto granted = session.Sent<GrantChanged>();
  ASSERT_THAT(granted, SizeIs(1));
  EXPECT_EQ(granted[0].agent, kAna);
  EXPECT_EQ(granted[0].grant->from_number, 1u);
  EXPECT_EQ(granted[0].last_number, 3u);
  EXPECT_THAT(session.Get<ReadingOpened>(session.ReadingOf(1, "ana", 0)).ranges,
              ElementsAre(ReadRange{ContactNo(1), 0, 3}));
  EXPECT_THAT(session.Get<ReadingOpened>(session.ReadingOf(1, "ana", 2)).ranges,
              ElementsAre(ReadRange{ContactNo(1), 2, 3}));
  EXPECT_EQ(RefusedBy(session.ReadingOf(1, "faq", 0)), (Refusal{RefusalCode::kNoGrant, "agent"}));
}

TEST_F(AppendTest, AnAgentOfALaterContactDoesNotReadTheEarlierOne) {
  Number(session.FromCustomer(1, 2, "adiós"));
  session.Facts({ContactClosedFact{ContactNo(1), EndReason::kCompletedByAgent}});
  SubmitContact later = session.Submission(1, 3, "otra cosa");
  later.spec.id = ContactNo(2);
  later.enqueue_request_id = RequestNo(2);
  EXPECT_EQ(session.Get<Submitted>(later).number, 3u);
  session.Assign(2, 1, "bob");
  EXPECT_THAT(session.Get<ReadingOpened>(session.ReadingOf(1, "bob", 0)).ranges,
              ElementsAre(ReadRange{ContactNo(2), 2, 3}));
  EXPECT_THAT(session.Get<ReadingOpened>(session.ReadingOf(1, "", 0)).ranges, ElementsAre(ReadRange{{}, 0, 3}));
}

TEST_F(AppendTest, DoubledAndLateFactsOfGrantsChangeNothing) {
  session.Participants(1, 3, {{kAna}, {kAna, AgentKind::kHuman, AssignmentRole::kMonitoring}});
  EXPECT_THAT(session.Stored(1).contacts.at(0).grants, SizeIs(1));
  EXPECT_EQ(session.Stored(1).contacts.at(0).grants[0].role, AssignmentRole::kPrimary);
  EXPECT_THAT(session.Sent<GrantChanged>(), SizeIs(1));
  session.Assign(1, 2, "bob");
  session.Assign(1, 3, "bob");
  EXPECT_THAT(session.Sent<GrantChanged>(), IsEmpty());
  EXPECT_EQ(RefusedBy(session.FromAgent(1, "bob", 1, "yo")), (Refusal{RefusalCode::kNoGrant, "agent"}));
}

TEST_F(AppendTest, AfterTheEndNobodyWritesAndReadingEndsWithTheGrant) {
  session.Assign(1, 1, "ana");
  Number(session.FromAgent(1, "ana", 1, "adiós"));
  session.Facts({ContactClosedFact{ContactNo(1), EndReason::kCompletedByAgent}});
  EXPECT_EQ(RefusedBy(session.FromCustomer(1, 2, "¿y?")), (Refusal{RefusalCode::kNoLiveContact, "conversation_id"}));
  EXPECT_EQ(RefusedBy(session.FromAgent(1, "ana", 2, "una cosa más")), (Refusal{RefusalCode::kReadOnly, "agent"}));
  EXPECT_THAT(session.Get<ReadingOpened>(session.ReadingOf(1, "ana", 0)).ranges, SizeIs(1)) << "after-contact work";
  session.TakeOutbox();
  session.AdvanceBy(Duration::Minutes(1));
  EXPECT_THAT(session.Sent<TellRouting>(), IsEmpty()) << "routing has ended it, and need not hear more";
  session.Participants(1, 2, {});
  EXPECT_THAT(session.Sent<GrantChanged>(), SizeIs(1));
  EXPECT_EQ(RefusedBy(session.ReadingOf(1, "ana", 0)), (Refusal{RefusalCode::kNoGrant, "agent"}));
  EXPECT_EQ(session.core().FindByContact(ContactNo(1)), nullptr);
  session.Facts({ContactClosedFact{ContactNo(1), EndReason::kCompletedByAgent}});
  session.Assign(1, 9, "bob");
  EXPECT_THAT(session.Sent<GrantChanged>(), IsEmpty()) << "facts after the end";
  session.ExpectStoredEqualsLive();
}

TEST_F(AppendTest, AReaderLearnsWhereItsOwnNumbersStand) {
  session.Assign(1, 1, "ana");
  Number(session.FromAgent(1, "ana", 4, "hola"));
  EXPECT_EQ(session.Get<ReadingOpened>(session.ReadingOf(1, "ana", 0)).last_client_number, 4u);
  ReadingOpened customer = session.Get<ReadingOpened>(session.ReadingOf(1, "", 0));
  EXPECT_EQ(customer.last_client_number, 1u);
  EXPECT_EQ(customer.contact, ContactNo(1));
  EXPECT_EQ(customer.contact_phase, ContactPhase::kAssigned);
}

TEST_F(AppendTest, AuthorsOfThePastAreForgottenButNeverTakenTwice) {
  for (uint64_t i = 0; i < 40; ++i) {
    std::string agent = "agent-" + std::to_string(i);
    session.Assign(1, i + 1, agent);
    Number(session.FromAgent(1, agent, 1, "hola"));
  }
  session.Assign(1, 41, "ana");
  const ConversationRecord& record = session.Stored(1);
  EXPECT_LE(record.authors.size(), kMaxAuthors + 2);
  size_t full = 0;
  for (const AuthorRecord& author : record.authors) full += author.numbers.entries().empty() ? 0 : 1;
  EXPECT_LE(full, kFullAuthors + 2);
  EXPECT_EQ(RefusedBy(session.FromAgent(1, "agent-30", 1, "hola")),
            (Refusal{RefusalCode::kClientNumberTooOld, "client_number"}));
}

TEST_F(AppendTest, TheCustomersRepeatIsKnownHoweverManyAgentsCame) {
  for (uint64_t i = 0; i < 40; ++i) {
    std::string agent = "agent-" + std::to_string(i);
    session.Assign(1, i + 1, agent);
    Number(session.FromAgent(1, agent, 1, "hola"));
  }
  EXPECT_EQ(session.Get<Submitted>(session.Submission(1, 1, "hola")).number, 1u);
}

}  // namespace
}  // namespace meridian::conversation
