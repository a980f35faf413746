// What a customer is told of hold.
#include <gtest/gtest.h>

#include "tests/unit/conversation/session_harness.h"

namespace meridian::conversation {
namespace {

void Hold(SessionHarness& session, bool on_hold) { session.Facts({ContactHeldFact{ContactNo(1), on_hold}}); }

// One character for each time that the customer was told: q(ueued), a(ssigned), h(eld), e(nded).
std::string Told(SessionHarness& session) {
  std::string told;
  for (const ContactChanged& change : session.Sent<ContactChanged>()) {
    const bool is_assigned = change.phase == ContactPhase::kAssigned;
    told += change.closing ? 'e' : change.on_hold ? 'h' : is_assigned ? 'a' : 'q';
  }
  return told;
}

class HoldTest : public testing::Test {
 protected:
  HoldTest() {
    session_.Do(session_.Submission(1, 1, "hola"));
    session_.Accept(1);
    session_.Assign(1, 1, "ana");
    Told(session_);
  }
  SessionHarness session_;
};

TEST_F(HoldTest, TheCustomerIsToldOfEachChangeOnce) {
  Hold(session_, true);
  Hold(session_, true);
  EXPECT_EQ(Told(session_), "h");
  Hold(session_, false);
  Hold(session_, false);
  EXPECT_EQ(Told(session_), "a");
}

TEST_F(HoldTest, ItIsKnownAfterARestart) {
  Hold(session_, true);
  session_.Restart();
  session_.ExpectStoredEqualsLive();
  EXPECT_TRUE(session_.core().FindByContact(ContactNo(1))->contacts.at(0).on_hold);
  Hold(session_, false);
  EXPECT_EQ(Told(session_), "ha");
}

TEST_F(HoldTest, ItEndsWithTheAgentWhoHeld) {
  Hold(session_, true);
  session_.Participants(1, 2, {});
  session_.Assign(1, 3, "ben");
  EXPECT_EQ(Told(session_), "hqa");
  Hold(session_, true);
  session_.Facts({ContactClosedFact{ContactNo(1), EndReason::kCompletedByAgent}});
  Hold(session_, false);
  EXPECT_EQ(Told(session_), "he");
}

TEST_F(HoldTest, AContactThatIsNotHereIsPassedOver) {
  session_.Facts({ContactHeldFact{ContactNo(7), true}});
  EXPECT_EQ(Told(session_), "");
}

}  // namespace
}  // namespace meridian::conversation
