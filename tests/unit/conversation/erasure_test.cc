// Closed conversations go when their time is over, all of them and nothing else, wherever the process dies meanwhile.
#include <gmock/gmock.h>

#include "tests/unit/conversation/session_harness.h"

namespace meridian::conversation {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

const TenantId kDemo{"demo"};
constexpr Duration kKept = Duration::Hours(30 * 24);

class ErasureTest : public ::testing::Test {
 protected:
  // A conversation of so many messages, closed by its customer; its contact has details.
  void Close(uint64_t n, uint64_t messages) {
    SubmitContact submission = session_.Submission(n, 1, "hola");
    submission.personal_attributes.push_back({AttributeName{"note"}, "alergia"});
    session_.Do(submission);
    session_.Accept(n);
    for (uint64_t i = 2; i <= messages; ++i) session_.Get<Appended>(session_.FromCustomer(n, i, "más"));
    session_.Do(CloseConversation{kDemo, ConversationNo(n)});
    session_.Facts({ContactClosedFact{ContactNo(n), EndReason::kCustomerLeft}});
    ASSERT_EQ(session_.core().Find(ConversationNo(n)), nullptr);
  }
  Erased Step(size_t most = 16) { return session_.Get<Erased>(session_.NextErasure(most)); }
  // As the eraser does. How many commits it took.
  int EraseAll() {
    int commits = 1;
    while (Step().wait == Duration::Zero()) ++commits;
    return commits;
  }
  void ExpectNothingLeft() {
    EXPECT_THAT(session_.ended, IsEmpty());
    EXPECT_THAT(session_.messages, IsEmpty());
    EXPECT_THAT(session_.details, IsEmpty());
    EXPECT_THAT(session_.closings, IsEmpty());
  }

  SessionHarness session_;
};

TEST_F(ErasureTest, NothingGoesBeforeItsTimeAndAllOfItThen) {
  Close(1, 3);
  EXPECT_THAT(session_.closings, SizeIs(1));
  session_.AdvanceBy(kKept - Duration::Seconds(1));
  EXPECT_EQ(Step().wait, Duration::Seconds(1));
  EXPECT_THAT(session_.messages, SizeIs(3));
  session_.AdvanceBy(Duration::Seconds(1));
  EXPECT_EQ(Step().wait, kKept) << "nothing else can be due sooner";
  ExpectNothingLeft();
}

TEST_F(ErasureTest, TheTimeCountsFromTheCloseOfTheConversation) {
  session_.Do(session_.Submission(1, 1, "hola"));
  session_.Accept(1);
  session_.Facts({ContactClosedFact{ContactNo(1), EndReason::kCompletedByAgent}});
  session_.AdvanceBy(Duration::Hours(1));
  SubmitContact second = session_.Submission(1, 2, "otra cosa");
  second.spec.id = ContactNo(2);
  session_.Do(second);
  session_.Accept(2);
  session_.AdvanceBy(kKept * 2);
  EXPECT_THAT(session_.closings, IsEmpty()) << "it is open as long as a contact lives";
  session_.Facts({ContactClosedFact{ContactNo(2), EndReason::kCompletedByAgent}});
  session_.AdvanceBy(Duration::Hours(2));
  ASSERT_THAT(session_.closings, SizeIs(1));
  EXPECT_EQ(session_.closings.begin()->second.at, session_.now());
  EXPECT_EQ(Step().wait, kKept);
  session_.AdvanceBy(kKept);
  EraseAll();
  ExpectNothingLeft();
}

TEST_F(ErasureTest, ThoseThatAreNotDueStay) {
  Close(1, 2);
  Close(2, 2);
  session_.AdvanceBy(Duration::Hours(5));
  Close(3, 2);
  session_.Do(session_.Submission(4, 1, "vivo"));
  session_.Accept(4);
  session_.AdvanceBy(kKept - Duration::Hours(5));
  EXPECT_EQ(Step().wait, Duration::Hours(5));
  EXPECT_THAT(session_.ended, SizeIs(1));
  EXPECT_THAT(session_.messages, SizeIs(3));
  EXPECT_EQ(session_.TextOf(3, 2), "más");
  EXPECT_EQ(session_.TextOf(4, 1), "vivo");
  EXPECT_THAT(session_.details, SizeIs(1));
}

TEST_F(ErasureTest, ALongConversationGoesInSlicesAndADeadProcessGoesOn) {
  Close(1, 500);
  Close(2, 3);
  session_.AdvanceBy(kKept);
  EXPECT_EQ(Step().wait, Duration::Zero());
  EXPECT_THAT(session_.ended, SizeIs(1)) << "nobody finds it any more";
  size_t left = session_.messages.size();
  for (int step = 0; !session_.messages.empty(); ++step) {
    ASSERT_LT(step, 30);
    session_.DoUncommitted(session_.NextErasure());  // lost with the process
    session_.Restart(Duration::Seconds(1));
    Step();
    EXPECT_LE(left - session_.messages.size(), 100u);
    left = session_.messages.size();
  }
  EraseAll();
  ExpectNothingLeft();
}

TEST_F(ErasureTest, ARepeatErasesNothingMore) {
  Close(1, 2);
  Close(2, 2);
  session_.AdvanceBy(kKept);
  EraseClosed one = session_.NextErasure(1);
  session_.Do(one);
  EXPECT_THAT(session_.closings, SizeIs(1));
  EXPECT_EQ(session_.Get<Erased>(one).wait, Duration::Zero()) << "to be read anew";
  EXPECT_THAT(session_.closings, SizeIs(1));
}

// Each load leaves numbers unused; so does one that closes nothing.
TEST_F(ErasureTest, GapsAreSteppedOver) {
  for (uint64_t n = 1; n <= 3; ++n) {
    Close(n, 1);
    session_.Restart();
    session_.Restart();
  }
  EXPECT_THAT(session_.closings, SizeIs(3));
  session_.AdvanceBy(kKept);
  EraseAll();
  ExpectNothingLeft();
  EXPECT_EQ(session_.core().next_erasure().count, 0u);
  Close(4, 1);
  session_.AdvanceBy(kKept);
  EraseAll();
  ExpectNothingLeft();
}

TEST_F(ErasureTest, AClosingOnItsWayToTheStoreIsNotSteppedOver) {
  Close(1, 1);
  EraseClosed unread = session_.NextErasure();
  unread.closings.front().reset();
  EXPECT_EQ(session_.Get<Erased>(unread).wait, kKept);
  session_.AdvanceBy(kKept);
  EraseAll();
  ExpectNothingLeft();
}

// A commit is refused, and the shard loads again: the numbers below are settled, but this was read before they were.
TEST_F(ErasureTest, WhatWasReadBeforeALoadDoesNothingAfterIt) {
  Close(1, 1);
  EraseClosed unread = session_.NextErasure();
  unread.closings.front().reset();
  session_.Reload();
  EXPECT_EQ(session_.Get<Erased>(unread).wait, Duration::Zero()) << "to be read anew";
  EXPECT_EQ(session_.core().next_erasure().first, 1u);
  session_.AdvanceBy(kKept);
  EraseAll();
  ExpectNothingLeft();
}

// The store came back without its tail: what was closed is open again, and no number is used.
TEST_F(ErasureTest, WhatIsOpenIsErasedByNothing) {
  session_.Do(session_.Submission(1, 1, "vivo"));
  session_.Accept(1);
  const EraseClosed::Found closed{{1, ConversationNo(1), session_.now()}, 1, {ContactNo(1)}};
  session_.AdvanceBy(kKept);
  EraseClosed command{session_.core().next_erasure().load, 1, {closed, closed}};
  session_.Do(command);
  EXPECT_EQ(session_.core().next_erasure().first, 1u) << "no closing has that number";
  Close(2, 1);
  command.closings = {closed};
  session_.AdvanceBy(kKept);
  session_.Do(command);
  EXPECT_EQ(session_.TextOf(1, 1), "vivo");
  EXPECT_NE(session_.core().Find(ConversationNo(1)), nullptr);
}

// An older build that does not know of the erasure opened it again, under the id that it had.
TEST_F(ErasureTest, AHalfErasedConversationThatIsOpenAgainIsLeftAlone) {
  session_.Do(session_.Submission(1, 1, "vivo"));
  session_.Accept(1);
  session_.erasure = ErasureRecord{2, 65, ConversationNo(1), 1};
  session_.Restart();
  EraseAll();
  EXPECT_EQ(session_.TextOf(1, 1), "vivo");
  EXPECT_TRUE(session_.erasure->erasing.IsNil());
}

TEST_F(ErasureTest, AClosingCostsOneSmallRecord) {
  for (uint64_t n = 1; n <= 64; ++n) Close(n, 1);
  EXPECT_THAT(session_.closings, SizeIs(64));
  EXPECT_EQ(session_.erasure->reserved, 65u) << "written with the first alone";
}

// A conversation keeps the newest of its ended contacts; of the others nothing stays.
TEST_F(ErasureTest, DetailsGoWithTheContactsThatAreForgotten) {
  for (uint64_t i = 1; i <= kMaxEndedContacts + 3; ++i) {
    SubmitContact command = session_.Submission(1, i, "hola");
    command.spec.id = ContactNo(i);
    command.enqueue_request_id = RequestNo(i);
    command.personal_attributes.push_back({AttributeName{"note"}, "alergia"});
    session_.Do(command);
    session_.Accept(i);
    session_.Facts({ContactClosedFact{ContactNo(i), EndReason::kCompletedByAgent}});
  }
  EXPECT_THAT(session_.details, SizeIs(kMaxEndedContacts));
  session_.AdvanceBy(Duration::Hours(2) + kKept);
  EraseAll();
  ExpectNothingLeft();
}

TEST_F(ErasureTest, AnIdThatMayHaveBeenErasedOpensNothing) {
  SubmitContact late = session_.Submission(1, 1, "hola");
  late.conversation_named_before = true;
  const int64_t made = (session_.now() - kKept).ToUnixMilliseconds();
  late.spec.conversation.uuid = Uuid::Version7(made, 1, 1);
  Answer answer = session_.Do(late);
  ASSERT_TRUE(std::holds_alternative<Refusal>(answer));
  EXPECT_EQ(std::get<Refusal>(answer).code, RefusalCode::kConversationClosed);
  late.spec.conversation.uuid = Uuid::Version7(made + 1, 1, 1);
  EXPECT_TRUE(std::holds_alternative<UnknownConversation>(session_.Do(late)));
}

TEST_F(ErasureTest, TheIdOfAHalfErasedConversationOpensNothing) {
  Close(1, 200);
  session_.AdvanceBy(kKept);
  Step();
  session_.Restart();
  SubmitContact late = session_.Submission(1, 1, "hola");
  late.conversation_named_before = true;
  late.not_ended_as_of = session_.core().closings();
  Answer answer = session_.Do(late);
  ASSERT_TRUE(std::holds_alternative<Refusal>(answer));
  EXPECT_EQ(std::get<Refusal>(answer).code, RefusalCode::kConversationClosed);
}

}  // namespace
}  // namespace meridian::conversation
