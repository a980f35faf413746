#include "libs/domain/states.h"

#include <array>
#include <string>

#include "absl/strings/str_cat.h"

namespace meridian {
namespace {

// One row per line, whatever the formatter would pack.
// clang-format off
using C = ContactState;
using CT = ContactTrigger;
constexpr ContactTransition kContactTable[] = {
    {C::kQueued, CT::kOffer, C::kOffered, true},
    {C::kQueued, CT::kCustomerLeft, C::kAbandoned, true},
    {C::kQueued, CT::kCancel, C::kCanceled, true},
    {C::kQueued, CT::kExpire, C::kExpired, true},
    {C::kQueued, CT::kReclaim, C::kAssigned, true},
    {C::kQueued, CT::kPark, C::kParked, false},
    {C::kQueued, CT::kRequestCallback, C::kCallback, false},
    {C::kQueued, CT::kSupersede, C::kCanceled, false},

    {C::kOffered, CT::kAccept, C::kConnecting, true},
    {C::kOffered, CT::kReject, C::kQueued, true},
    {C::kOffered, CT::kOfferTimedOut, C::kQueued, true},
    {C::kOffered, CT::kOfferRescinded, C::kQueued, true},
    {C::kOffered, CT::kAgentLost, C::kQueued, true},
    {C::kOffered, CT::kCustomerLeft, C::kAbandoned, true},
    {C::kOffered, CT::kCancel, C::kCanceled, true},
    {C::kOffered, CT::kExpire, C::kExpired, true},
    {C::kOffered, CT::kSupersede, C::kCanceled, false},

    {C::kConnecting, CT::kConnect, C::kAssigned, true},
    {C::kConnecting, CT::kMediaFailed, C::kQueued, true},
    {C::kConnecting, CT::kAgentLost, C::kQueued, true},
    {C::kConnecting, CT::kCustomerLeft, C::kAbandoned, true},
    {C::kConnecting, CT::kCancel, C::kCanceled, true},
    {C::kConnecting, CT::kSupersede, C::kCanceled, false},

    {C::kAssigned, CT::kHold, C::kHeld, true},
    {C::kAssigned, CT::kCustomerLeft, C::kWrapping, true},
    {C::kAssigned, CT::kAgentCompleted, C::kWrapping, true},
    {C::kAssigned, CT::kAgentLost, C::kQueued, true},
    {C::kAssigned, CT::kTransferNextStep, C::kQueued, true},
    {C::kAssigned, CT::kTransferQueue, C::kQueued, false},
    {C::kAssigned, CT::kTransferAgent, C::kQueued, false},
    {C::kAssigned, CT::kPark, C::kParked, false},
    {C::kAssigned, CT::kSupersede, C::kCanceled, false},

    {C::kHeld, CT::kResume, C::kAssigned, true},
    {C::kHeld, CT::kCustomerLeft, C::kWrapping, true},
    {C::kHeld, CT::kAgentCompleted, C::kWrapping, true},
    {C::kHeld, CT::kAgentLost, C::kQueued, true},
    {C::kHeld, CT::kTransferNextStep, C::kQueued, true},
    {C::kHeld, CT::kTransferQueue, C::kQueued, false},
    {C::kHeld, CT::kTransferAgent, C::kQueued, false},
    {C::kHeld, CT::kPark, C::kParked, false},
    {C::kHeld, CT::kSupersede, C::kCanceled, false},

    {C::kWrapping, CT::kWrapUpDone, C::kCompleted, true},
    {C::kWrapping, CT::kWrapUpTimedOut, C::kCompleted, true},
    {C::kWrapping, CT::kAgentLost, C::kCompleted, true},
    {C::kWrapping, CT::kSupersede, C::kCompleted, false},

    {C::kParked, CT::kCustomerBack, C::kQueued, false},
    {C::kParked, CT::kCancel, C::kCanceled, false},
    {C::kParked, CT::kExpire, C::kExpired, false},
    {C::kParked, CT::kSupersede, C::kCanceled, false},

    {C::kCallback, CT::kCallbackDue, C::kQueued, false},
    {C::kCallback, CT::kCancel, C::kCanceled, false},
    {C::kCallback, CT::kExpire, C::kExpired, false},
    {C::kCallback, CT::kSupersede, C::kCanceled, false},
};

using O = OfferState;
using OT = OfferTrigger;
constexpr OfferTransition kOfferTable[] = {
    {O::kPending, OT::kDeliver, O::kDelivered, true},
    {O::kPending, OT::kRescind, O::kRescinded, true},
    {O::kPending, OT::kCancel, O::kCanceled, true},
    {O::kDelivered, OT::kAccept, O::kAccepted, true},
    {O::kDelivered, OT::kReject, O::kRejected, true},
    {O::kDelivered, OT::kTimeOut, O::kTimedOut, true},
    {O::kDelivered, OT::kRescind, O::kRescinded, true},
    {O::kDelivered, OT::kCancel, O::kCanceled, true},
};

using A = AgentPresence;
using AT = AgentTrigger;
constexpr AgentTransition kAgentTable[] = {
    {A::kOffline, AT::kAttach, A::kAttached, true},
    {A::kOffline, AT::kRemove, A::kOffline, true},
    {A::kDetached, AT::kAttach, A::kAttached, true},
    {A::kDetached, AT::kOwnerChanged, A::kDetached, true},
    {A::kDetached, AT::kGraceEnded, A::kOffline, true},
    {A::kDetached, AT::kRemove, A::kOffline, true},
    {A::kAttached, AT::kAttach, A::kAttached, true},
    {A::kAttached, AT::kConnectionLost, A::kDetached, true},
    {A::kAttached, AT::kOwnerChanged, A::kDetached, true},
    {A::kAttached, AT::kSignOff, A::kOffline, true},
    {A::kAttached, AT::kRemove, A::kOffline, true},
};

using R = AssignmentRole;
using RT = AssignmentTrigger;
constexpr AssignmentTransition kAssignmentTable[] = {
    {R::kNone, RT::kAccept, R::kPrimary, true},
    {R::kNone, RT::kConsult, R::kConsulted, false},
    {R::kNone, RT::kMonitor, R::kMonitoring, false},
    {R::kPrimary, RT::kEnd, R::kNone, true},
    {R::kConsulted, RT::kTakeOver, R::kPrimary, false},
    {R::kConsulted, RT::kEnd, R::kNone, false},
    {R::kMonitoring, RT::kTakeOver, R::kPrimary, false},
    {R::kMonitoring, RT::kEnd, R::kNone, false},
};

// clang-format on

constexpr int8_t kNoEntry = -1;

// Row of the table for each (state, trigger), so that a look-up costs one load. Fails to compile on a doubled entry.
template <int kStates, int kTriggers, typename State, typename Trigger, size_t kRows>
constexpr auto IndexTable(const Transition<State, Trigger> (&table)[kRows]) {
  static_assert(kRows <= 127);
  std::array<std::array<int8_t, kTriggers>, kStates> index{};
  for (auto& row : index) row.fill(kNoEntry);
  for (size_t i = 0; i < kRows; ++i) {
    auto& entry = index[static_cast<size_t>(table[i].from)][static_cast<size_t>(table[i].trigger)];
    if (entry != kNoEntry) throw "two transitions for one state and trigger";
    entry = static_cast<int8_t>(i);
  }
  return index;
}

constexpr auto kContactIndex = IndexTable<kContactStateCount, kContactTriggerCount>(kContactTable);
constexpr auto kOfferIndex = IndexTable<kOfferStateCount, kOfferTriggerCount>(kOfferTable);
constexpr auto kAgentIndex = IndexTable<kAgentPresenceCount, kAgentTriggerCount>(kAgentTable);
constexpr auto kAssignmentIndex = IndexTable<kAssignmentRoleCount, kAssignmentTriggerCount>(kAssignmentTable);

// nullptr when there is no such transition; out-of-range values (from a damaged record) have none either.
template <typename Table, typename Index, typename State, typename Trigger>
auto FindRow(const Table& table, const Index& index, State from, Trigger trigger) {
  const auto state = static_cast<size_t>(from);
  const auto column = static_cast<size_t>(trigger);
  if (state >= index.size() || column >= index[0].size()) return static_cast<decltype(&table[0])>(nullptr);
  const int8_t row = index[state][column];
  return row == kNoEntry ? nullptr : &table[row];
}

template <typename Row>
auto NextOf(const Row* row) -> std::optional<decltype(row->to)> {
  if (row == nullptr || !row->implemented) return std::nullopt;
  return row->to;
}

absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

template <typename Row, typename State, typename Trigger>
auto CheckOf(std::string_view noun, const Row* row, State from, Trigger trigger) -> absl::StatusOr<decltype(row->to)> {
  if (row == nullptr) {
    return absl::FailedPreconditionError(
        absl::StrCat(View(noun), " ", View(ToString(from)), " cannot take the trigger ", View(ToString(trigger))));
  }
  if (!row->implemented) {
    return absl::FailedPreconditionError(absl::StrCat("the trigger ", View(ToString(trigger)), " for ", View(noun), " ",
                                                      View(ToString(from)), " is not supported yet"));
  }
  return row->to;
}

const ContactTransition* Row(C from, CT trigger) { return FindRow(kContactTable, kContactIndex, from, trigger); }
const OfferTransition* Row(O from, OT trigger) { return FindRow(kOfferTable, kOfferIndex, from, trigger); }
const AgentTransition* Row(A from, AT trigger) { return FindRow(kAgentTable, kAgentIndex, from, trigger); }
const AssignmentTransition* Row(R from, RT trigger) {
  return FindRow(kAssignmentTable, kAssignmentIndex, from, trigger);
}

}  // namespace

std::span<const ContactTransition> ContactTransitions() { return kContactTable; }
std::span<const OfferTransition> OfferTransitions() { return kOfferTable; }
std::span<const AgentTransition> AgentTransitions() { return kAgentTable; }
std::span<const AssignmentTransition> AssignmentTransitions() { return kAssignmentTable; }

std::optional<C> NextState(C from, CT trigger) { return NextOf(Row(from, trigger)); }
std::optional<O> NextState(O from, OT trigger) { return NextOf(Row(from, trigger)); }
std::optional<A> NextState(A from, AT trigger) { return NextOf(Row(from, trigger)); }
std::optional<R> NextState(R from, RT trigger) { return NextOf(Row(from, trigger)); }

absl::StatusOr<C> CheckTransition(C from, CT trigger) {
  return CheckOf("a contact in state", Row(from, trigger), from, trigger);
}
absl::StatusOr<O> CheckTransition(O from, OT trigger) {
  return CheckOf("an offer in state", Row(from, trigger), from, trigger);
}
absl::StatusOr<A> CheckTransition(A from, AT trigger) {
  return CheckOf("an agent with presence", Row(from, trigger), from, trigger);
}
absl::StatusOr<R> CheckTransition(R from, RT trigger) {
  return CheckOf("an agent with role", Row(from, trigger), from, trigger);
}

bool IsEnded(ContactState state) { return state >= ContactState::kCompleted; }
bool IsEnded(OfferState state) { return state >= OfferState::kAccepted; }

}  // namespace meridian
