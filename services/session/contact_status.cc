#include "services/session/contact_status.h"

#include "libs/wire/contact_types.h"

namespace meridian {
namespace {

using conversation::ContactChanged;
using conversation::ContactClosing;
using conversation::ContactPhase;

ContactState EndOf(EndReason reason) {
  switch (reason) {
    case EndReason::kNone:
    case EndReason::kCompletedByAgent:
    case EndReason::kCustomerLeft:
    case EndReason::kAgentLost:
      return ContactState::kCompleted;
    case EndReason::kAbandoned:
      return ContactState::kAbandoned;
    case EndReason::kCanceledByCustomer:
    case EndReason::kCanceledByOperator:
    case EndReason::kSuperseded:
      return ContactState::kCanceled;
    case EndReason::kExpiredInQueue:
      return ContactState::kExpired;
  }
  return ContactState::kCompleted;
}

// What was never queued, or withdrawn before it was, ends as canceled for its customer.
ContactState StateOf(const ContactChanged& changed) {
  if (changed.closing) {
    return *changed.closing == ContactClosing::kEnded ? EndOf(changed.reason) : ContactState::kCanceled;
  }
  switch (changed.phase) {
    case ContactPhase::kPending:
    case ContactPhase::kQueued:
      return ContactState::kQueued;
    case ContactPhase::kAssigned:
      return changed.on_hold ? ContactState::kHeld : ContactState::kAssigned;
    case ContactPhase::kWithdrawing:
      return ContactState::kCanceled;
    case ContactPhase::kClosing:
      return ContactState::kCompleted;
  }
  return ContactState::kQueued;
}

}  // namespace

ingress::v1::ContactStatus ToContactStatus(const ContactChanged& changed, AgentDirectory& agents) {
  ingress::v1::ContactStatus status;
  status.set_contact_id(changed.contact.ToString());
  status.set_state(ToProto(StateOf(changed)));
  if (changed.closing || changed.primary.empty()) return status;
  status.set_agent_kind(ToProto(changed.primary_kind));
  const std::string* name = agents.FindDisplayName(changed.tenant, changed.primary);
  if (name != nullptr) status.set_agent_name(*name);
  return status;
}

}  // namespace meridian
