#include "libs/domain/reasons.h"

namespace meridian {

std::string_view ToString(RequeueReason reason) {
  switch (reason) {
    case RequeueReason::kNone:
      return "none";
    case RequeueReason::kRejected:
      return "rejected";
    case RequeueReason::kTimedOut:
      return "timed_out";
    case RequeueReason::kRescinded:
      return "rescinded";
    case RequeueReason::kAgentLost:
      return "agent_lost";
    case RequeueReason::kMediaFailed:
      return "media_failed";
    case RequeueReason::kTransferredNextStep:
      return "transferred_next_step";
    case RequeueReason::kTransferredQueue:
      return "transferred_queue";
    case RequeueReason::kTransferredAgent:
      return "transferred_agent";
    case RequeueReason::kCustomerBack:
      return "customer_back";
    case RequeueReason::kCallbackDue:
      return "callback_due";
  }
  return "unknown";
}

std::string_view ToString(EndReason reason) {
  switch (reason) {
    case EndReason::kNone:
      return "none";
    case EndReason::kCompletedByAgent:
      return "completed_by_agent";
    case EndReason::kCustomerLeft:
      return "customer_left";
    case EndReason::kAgentLost:
      return "agent_lost";
    case EndReason::kAbandoned:
      return "abandoned";
    case EndReason::kCanceledByCustomer:
      return "canceled_by_customer";
    case EndReason::kCanceledByOperator:
      return "canceled_by_operator";
    case EndReason::kExpiredInQueue:
      return "expired_in_queue";
    case EndReason::kSuperseded:
      return "superseded";
  }
  return "unknown";
}

std::string_view ToString(CustomerLeftReason reason) {
  switch (reason) {
    case CustomerLeftReason::kNone:
      return "none";
    case CustomerLeftReason::kClosed:
      return "closed";
    case CustomerLeftReason::kConnectionLost:
      return "connection_lost";
  }
  return "unknown";
}

std::string_view ToString(RescindReason reason) {
  switch (reason) {
    case RescindReason::kNone:
      return "none";
    case RescindReason::kUndelivered:
      return "undelivered";
    case RescindReason::kAgentLost:
      return "agent_lost";
    case RescindReason::kAgentUnavailable:
      return "agent_unavailable";
    case RescindReason::kConfiguration:
      return "configuration";
    case RescindReason::kCustomerLeft:
      return "customer_left";
    case RescindReason::kContactCanceled:
      return "contact_canceled";
    case RescindReason::kContactExpired:
      return "contact_expired";
  }
  return "unknown";
}

std::string_view ToString(AbsenceReason reason) {
  switch (reason) {
    case AbsenceReason::kNone:
      return "none";
    case AbsenceReason::kNeverAttached:
      return "never_attached";
    case AbsenceReason::kConnectionLost:
      return "connection_lost";
    case AbsenceReason::kSlowReader:
      return "slow_reader";
    case AbsenceReason::kOwnerChanged:
      return "owner_changed";
    case AbsenceReason::kGraceEnded:
      return "grace_ended";
    case AbsenceReason::kSignedOff:
      return "signed_off";
    case AbsenceReason::kRemoved:
      return "removed";
  }
  return "unknown";
}

std::string_view ToString(TransferTarget target) {
  switch (target) {
    case TransferTarget::kNextStep:
      return "next_step";
    case TransferTarget::kQueue:
      return "queue";
    case TransferTarget::kAgent:
      return "agent";
  }
  return "unknown";
}

}  // namespace meridian
