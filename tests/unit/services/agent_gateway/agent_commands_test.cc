#include "services/agent_gateway/agent_commands.h"

#include <gtest/gtest.h>

#include <functional>

#include "libs/error/error.h"

namespace meridian {
namespace {

using Frame = agent::v1::ConnectRequest;

constexpr char kContact[] = "eu1-019b7693-9c00-7000-8000-00000000000a";
constexpr char kToken[] = "019b7693-9c00-7000-8000-0000000000ff";
const AgentId kAna{"ana"};
constexpr AttachmentNumber kNumber{7};

std::string FieldOf(const absl::Status& status) {
  auto violations = FieldViolations(status);
  return violations.empty() ? "" : violations[0].field;
}

// A command about an offer or an assignment: its frame, filled in, and what routing gets.
struct Case {
  const char* field;
  std::function<void(Frame&, const std::string& contact, const std::string& token)> fill;
  std::function<bool(const CommandBody&)> is_right;
};

template <typename Command>
bool Names(const CommandBody& body) {
  const auto* command = std::get_if<Command>(&body);
  return command != nullptr && command->agent == kAna && command->attachment == kNumber &&
         command->contact.ToString() == kContact && command->token.ToString() == kToken;
}

template <typename Command, typename Proto>
Case AboutOffer(const char* field, Proto* (Frame::*part)()) {
  auto fill = [part](Frame& frame, const std::string& contact, const std::string& token) {
    (frame.*part)()->set_contact_id(contact);
    (frame.*part)()->set_offer_token(token);
  };
  return {field, fill, Names<Command>};
}

std::vector<Case> Cases() {
  Case transfer = AboutOffer<TransferContact>("transfer_contact", &Frame::mutable_transfer_contact);
  transfer.fill = [fill = transfer.fill](Frame& frame, const std::string& contact, const std::string& token) {
    fill(frame, contact, token);
    frame.mutable_transfer_contact()->mutable_next_step();
  };
  return {AboutOffer<AcceptOffer>("accept_offer", &Frame::mutable_accept_offer),
          AboutOffer<RejectOffer>("reject_offer", &Frame::mutable_reject_offer),
          AboutOffer<HoldContact>("hold_contact", &Frame::mutable_hold_contact),
          AboutOffer<ResumeContact>("resume_contact", &Frame::mutable_resume_contact),
          AboutOffer<CompleteContact>("complete_contact", &Frame::mutable_complete_contact),
          AboutOffer<EndWrapUp>("end_wrap_up", &Frame::mutable_end_wrap_up),
          AboutOffer<ReclaimAssignment>("reclaim", &Frame::mutable_reclaim),
          transfer};
}

TEST(AgentCommandsTest, EveryFrameAboutAnOfferBecomesItsCommand) {
  for (const Case& c : Cases()) {
    Frame frame;
    c.fill(frame, kContact, kToken);
    auto body = RoutingCommandOf(frame, kAna, kNumber);
    ASSERT_TRUE(body.ok()) << c.field << body.status();
    EXPECT_TRUE(c.is_right(*body)) << c.field;
  }
}

TEST(AgentCommandsTest, TwoBadIdsAreBothNamed) {
  Frame frame;
  frame.mutable_accept_offer();
  const auto violations = FieldViolations(RoutingCommandOf(frame, kAna, kNumber).status());
  ASSERT_EQ(violations.size(), 2u);
  EXPECT_EQ(violations[0].field, "accept_offer.contact_id");
  EXPECT_EQ(violations[1].field, "accept_offer.offer_token");
}

TEST(AgentCommandsTest, ABadIdNamesItsField) {
  for (const Case& c : Cases()) {
    for (const std::string& bad : {"", "7", "eu1-", "019b7693-9c00-7000-8000"}) {
      Frame frame;
      c.fill(frame, bad, kToken);
      EXPECT_EQ(FieldOf(RoutingCommandOf(frame, kAna, kNumber).status()), std::string(c.field) + ".contact_id") << bad;
      c.fill(frame, kContact, bad);
      EXPECT_EQ(FieldOf(RoutingCommandOf(frame, kAna, kNumber).status()), std::string(c.field) + ".offer_token") << bad;
    }
  }
}

TEST(AgentCommandsTest, ATransferNeedsATarget) {
  Frame frame;
  frame.mutable_transfer_contact()->set_contact_id(kContact);
  frame.mutable_transfer_contact()->set_offer_token(kToken);
  EXPECT_EQ(FieldOf(RoutingCommandOf(frame, kAna, kNumber).status()), "transfer_contact.target");
}

TEST(AgentCommandsTest, AnActivityIsAvailableOrTheNameOfAnAwayReason) {
  Frame frame;
  frame.mutable_set_activity()->set_activity("available");
  EXPECT_EQ(*RoutingCommandOf(frame, kAna, kNumber), CommandBody(SetActivity{kAna, kNumber, Activity::Available()}));
  frame.mutable_set_activity()->set_activity("lunch");
  EXPECT_EQ(*RoutingCommandOf(frame, kAna, kNumber), CommandBody(SetActivity{kAna, kNumber, Activity::Away("lunch")}));
  for (const char* bad : {"", "Out to lunch", "a/b"}) {
    frame.mutable_set_activity()->set_activity(bad);
    EXPECT_EQ(FieldOf(RoutingCommandOf(frame, kAna, kNumber).status()), "set_activity.activity") << bad;
  }
}

}  // namespace
}  // namespace meridian
