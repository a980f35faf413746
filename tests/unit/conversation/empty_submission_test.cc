// Submissions without parts: a repeat is known by its request id.
#include <gmock/gmock.h>

#include "tests/unit/conversation/session_harness.h"

namespace meridian::conversation {
namespace {

using ::testing::SizeIs;
using Standing = ContactStanding::Kind;

// Of customer 1, by voice.
SubmitContact Call(const SessionHarness& session, uint64_t request, uint64_t contact) {
  SubmitContact command = session.Submission(1, 0, "");
  command.parts.clear();
  command.spec.id = ContactNo(contact);
  command.spec.channel = ChannelId{"voice"};
  command.enqueue_request_id = RequestNo(request);
  return command;
}

void End(SessionHarness& session, uint64_t contact) {
  session.Facts({ContactClosedFact{ContactNo(contact), EndReason::kCompletedByAgent}});
}

TEST(EmptySubmissionTest, ARepeatGetsTheFirstAnswerWhileTheContactLives) {
  SessionHarness session;
  Submitted first = session.Get<Submitted>(Call(session, 1, 1));
  EXPECT_FALSE(first.joined);
  Submitted repeat = session.Get<Submitted>(Call(session, 1, 2));
  EXPECT_EQ(repeat.contact, ContactNo(1));
  EXPECT_FALSE(repeat.joined);
  EXPECT_TRUE(repeat.repeated);
  EXPECT_EQ(repeat.standing.kind, Standing::kPending);
  Submitted another = session.Get<Submitted>(Call(session, 2, 3));
  EXPECT_EQ(another.contact, ContactNo(1));
  EXPECT_TRUE(another.joined);
  EXPECT_FALSE(another.repeated);
}

TEST(EmptySubmissionTest, ARepeatGetsTheFirstAnswerAfterTheContactHasEnded) {
  SessionHarness session;
  session.Do(Call(session, 1, 1));
  session.Accept(1);
  session.Do(Call(session, 2, 2));
  session.Assign(1, 1, "ana");
  End(session, 1);
  session.Participants(1, 2, {});
  ASSERT_THAT(session.Stored(1).contacts, SizeIs(0));
  session.Restart();
  session.TakeOutbox();
  for (uint64_t request : {1, 2}) {
    Submitted repeat = session.Get<Submitted>(Call(session, request, 3));
    EXPECT_EQ(repeat.contact, ContactNo(1));
    EXPECT_EQ(repeat.joined, request == 2);
    EXPECT_TRUE(repeat.repeated);
    EXPECT_EQ(repeat.standing.kind, Standing::kAcknowledged);
  }
  EXPECT_THAT(session.Sent<EnqueueContact>(), SizeIs(0)) << "no second contact";
  EXPECT_EQ(session.Get<Submitted>(Call(session, 3, 3)).contact, ContactNo(3));
  EXPECT_EQ(session.Get<Submitted>(Call(session, 1, 4)).contact, ContactNo(1)) << "also beside a later one";
}

TEST(EmptySubmissionTest, ARepeatOfOneThatLeftDoesNotComeBack) {
  SessionHarness session;
  session.Do(Call(session, 1, 1));
  session.Accept(1);
  session.Do(CancelContact{TenantId{"demo"}, ConversationNo(1), ContactNo(1)});
  EXPECT_EQ(session.Get<Submitted>(Call(session, 1, 2)).contact, ContactNo(1));
}

TEST(EmptySubmissionTest, OneThatWasRefusedIsTriedAnew) {
  SessionHarness session;
  session.Do(Call(session, 1, 1));
  session.Do(EnqueueAnswered{ContactNo(1), RequestNo(1), "QUEUE_FULL"});
  Submitted again = session.Get<Submitted>(Call(session, 1, 2));
  EXPECT_EQ(again.contact, ContactNo(2));
  EXPECT_EQ(again.standing.kind, Standing::kPending);
  session.Accept(2);
  End(session, 2);
  EXPECT_EQ(session.Get<Submitted>(Call(session, 1, 3)).contact, ContactNo(2));
}

TEST(EmptySubmissionTest, OneIdOnTwoChannelsIsTwo) {
  SessionHarness session;
  session.Do(Call(session, 1, 1));
  SubmitContact other = Call(session, 1, 2);
  other.spec.channel = ChannelId{"callback"};
  EXPECT_EQ(session.Get<Submitted>(other).contact, ContactNo(2));
}

TEST(EmptySubmissionTest, TheNewestAreRemembered) {
  SessionHarness session;
  for (uint64_t request = 1; request <= kMaxEmptySubmissions + 1; ++request) session.Do(Call(session, request, 1));
  EXPECT_THAT(session.Stored(1).empty_submissions, SizeIs(kMaxEmptySubmissions));
  session.ExpectStoredEqualsLive();
  session.Accept(1);
  End(session, 1);
  EXPECT_EQ(session.Get<Submitted>(Call(session, 2, 2)).contact, ContactNo(1));
  EXPECT_EQ(session.Get<Submitted>(Call(session, 1, 2)).contact, ContactNo(2)) << "forgotten";
}

}  // namespace
}  // namespace meridian::conversation
