#include "libs/domain/states.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "libs/domain/reasons.h"

namespace meridian {
namespace {

using ::testing::HasSubstr;

std::optional<ContactState> Walk(ContactState state, const std::vector<ContactTrigger>& triggers) {
  for (ContactTrigger trigger : triggers) {
    const auto next = NextState(state, trigger);
    if (!next) return std::nullopt;
    state = *next;
  }
  return state;
}

TEST(ContactStatesTest, WalksTheWholePath) {
  using T = ContactTrigger;
  using S = ContactState;
  EXPECT_EQ(
      Walk(S::kQueued, {T::kOffer, T::kAccept, T::kConnect, T::kHold, T::kResume, T::kAgentCompleted, T::kWrapUpDone}),
      S::kCompleted);
  EXPECT_EQ(Walk(S::kQueued, {T::kOffer, T::kReject, T::kOffer, T::kOfferTimedOut, T::kOffer, T::kOfferRescinded,
                              T::kOffer, T::kAgentLost, T::kOffer, T::kAccept, T::kMediaFailed}),
            S::kQueued);
  EXPECT_EQ(Walk(S::kQueued, {T::kOffer, T::kAccept, T::kConnect, T::kTransferNextStep, T::kOffer, T::kAccept,
                              T::kConnect, T::kCustomerLeft, T::kWrapUpTimedOut}),
            S::kCompleted);
  EXPECT_EQ(Walk(S::kQueued, {T::kOffer, T::kAccept, T::kConnect, T::kAgentLost, T::kReclaim}), S::kAssigned);
  EXPECT_EQ(Walk(S::kOffered, {T::kCustomerLeft}), S::kAbandoned);
  EXPECT_EQ(Walk(S::kOffered, {T::kCancel}), S::kCanceled);
  EXPECT_EQ(Walk(S::kQueued, {T::kExpire}), S::kExpired);
}

TEST(ContactStatesTest, EndedStatesHaveNoWayOut) {
  for (int state = 0; state < kContactStateCount; ++state) {
    const auto from = static_cast<ContactState>(state);
    bool leaves = false;
    for (const ContactTransition& transition : ContactTransitions()) leaves = leaves || transition.from == from;
    EXPECT_EQ(leaves, !IsEnded(from)) << ToString(from);
  }
}

TEST(OfferStatesTest, EndedStatesHaveNoWayOut) {
  for (int state = 0; state < kOfferStateCount; ++state) {
    const auto from = static_cast<OfferState>(state);
    bool leaves = false;
    for (const OfferTransition& transition : OfferTransitions()) leaves = leaves || transition.from == from;
    EXPECT_EQ(leaves, !IsEnded(from)) << ToString(from);
  }
}

// For every state and trigger NextState and CheckTransition say what the table says.
template <typename State, typename Trigger>
void ExpectAgreesWithTable(std::span<const Transition<State, Trigger>> table, int states, int triggers) {
  for (int s = 0; s < states; ++s) {
    for (int t = 0; t < triggers; ++t) {
      const auto from = static_cast<State>(s);
      const auto trigger = static_cast<Trigger>(t);
      const Transition<State, Trigger>* row = nullptr;
      for (const auto& candidate : table) {
        if (candidate.from == from && candidate.trigger == trigger) row = &candidate;
      }
      const bool works = row != nullptr && row->implemented;
      const std::string what = std::string(ToString(from)) + " " + std::string(ToString(trigger));
      const auto next = NextState(from, trigger);
      const auto checked = CheckTransition(from, trigger);
      ASSERT_EQ(next.has_value(), works) << what;
      ASSERT_EQ(checked.ok(), works) << what;
      if (works) {
        EXPECT_EQ(*next, row->to) << what;
        EXPECT_EQ(*checked, row->to) << what;
        continue;
      }
      const std::string message(checked.status().message());
      EXPECT_EQ(checked.status().code(), absl::StatusCode::kFailedPrecondition) << what;
      EXPECT_THAT(message, HasSubstr(std::string(ToString(from))));
      EXPECT_THAT(message, HasSubstr(std::string(ToString(trigger))));
      EXPECT_EQ(message.find("not supported yet") != std::string::npos, row != nullptr) << message;
    }
  }
}

TEST(StatesTest, LookUpsAgreeWithTheTables) {
  ExpectAgreesWithTable(ContactTransitions(), kContactStateCount, kContactTriggerCount);
  ExpectAgreesWithTable(OfferTransitions(), kOfferStateCount, kOfferTriggerCount);
  ExpectAgreesWithTable(AgentTransitions(), kAgentPresenceCount, kAgentTriggerCount);
  ExpectAgreesWithTable(AssignmentTransitions(), kAssignmentRoleCount, kAssignmentTriggerCount);
}

TEST(StatesTest, EveryStateIsReachedAndEveryTriggerUsed) {
  std::set<ContactState> reached = {ContactState::kQueued};
  std::set<ContactTrigger> used;
  for (const ContactTransition& transition : ContactTransitions()) {
    reached.insert(transition.to);
    used.insert(transition.trigger);
  }
  EXPECT_EQ(reached.size(), static_cast<size_t>(kContactStateCount));
  EXPECT_EQ(used.size(), static_cast<size_t>(kContactTriggerCount));
}

TEST(StatesTest, LaterTransitionsAreRefusedWithTheReason) {
  EXPECT_EQ(CheckTransition(ContactState::kQueued, ContactTrigger::kPark).status().message(),
            "the trigger park for a contact in state queued is not supported yet");
  EXPECT_EQ(CheckTransition(ContactState::kCompleted, ContactTrigger::kCancel).status().message(),
            "a contact in state completed cannot take the trigger cancel");
  EXPECT_FALSE(NextState(AssignmentRole::kNone, AssignmentTrigger::kConsult).has_value());
}

TEST(StatesTest, ValuesOfADamagedRecordLeadNowhere) {
  EXPECT_FALSE(NextState(static_cast<ContactState>(200), ContactTrigger::kOffer).has_value());
  EXPECT_FALSE(NextState(ContactState::kQueued, static_cast<ContactTrigger>(200)).has_value());
}

TEST(AgentPresenceTest, BrokenConnectionDetachesAndGraceEndsOffline) {
  EXPECT_EQ(NextState(AgentPresence::kAttached, AgentTrigger::kConnectionLost), AgentPresence::kDetached);
  EXPECT_EQ(NextState(AgentPresence::kDetached, AgentTrigger::kAttach), AgentPresence::kAttached);
  EXPECT_EQ(NextState(AgentPresence::kDetached, AgentTrigger::kGraceEnded), AgentPresence::kOffline);
  EXPECT_EQ(NextState(AgentPresence::kAttached, AgentTrigger::kGraceEnded), std::nullopt);
}

// Every enumerator below `count` has a name of its own.
template <typename Enum>
void ExpectNamed(int count) {
  std::set<std::string_view> names;
  for (int i = 0; i < count; ++i) names.insert(ToString(static_cast<Enum>(i)));
  EXPECT_EQ(names.size(), static_cast<size_t>(count));
  EXPECT_EQ(names.count("unknown"), 0u);
  EXPECT_EQ(ToString(static_cast<Enum>(count)), "unknown") << "the count is too small";
}

TEST(StatesTest, EverythingHasAName) {
  ExpectNamed<ContactState>(kContactStateCount);
  ExpectNamed<ContactTrigger>(kContactTriggerCount);
  ExpectNamed<OfferState>(kOfferStateCount);
  ExpectNamed<OfferTrigger>(kOfferTriggerCount);
  ExpectNamed<AgentPresence>(kAgentPresenceCount);
  ExpectNamed<AgentTrigger>(kAgentTriggerCount);
  ExpectNamed<AssignmentRole>(kAssignmentRoleCount);
  ExpectNamed<AssignmentTrigger>(kAssignmentTriggerCount);
  ExpectNamed<RequeueReason>(kRequeueReasonCount);
  ExpectNamed<EndReason>(kEndReasonCount);
  ExpectNamed<CustomerLeftReason>(kCustomerLeftReasonCount);
  ExpectNamed<RescindReason>(kRescindReasonCount);
  ExpectNamed<AbsenceReason>(kAbsenceReasonCount);
  ExpectNamed<TransferTarget>(kTransferTargetCount);
}

}  // namespace
}  // namespace meridian
