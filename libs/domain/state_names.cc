#include "libs/domain/states.h"

namespace meridian {
namespace {

using C = ContactState;
using CT = ContactTrigger;
using O = OfferState;
using OT = OfferTrigger;
using A = AgentPresence;
using AT = AgentTrigger;
using R = AssignmentRole;
using RT = AssignmentTrigger;

}  // namespace

std::string_view ToString(ContactState state) {
  switch (state) {
    case C::kQueued:
      return "queued";
    case C::kOffered:
      return "offered";
    case C::kConnecting:
      return "connecting";
    case C::kAssigned:
      return "assigned";
    case C::kHeld:
      return "held";
    case C::kWrapping:
      return "wrapping";
    case C::kParked:
      return "parked";
    case C::kCallback:
      return "callback";
    case C::kCompleted:
      return "completed";
    case C::kAbandoned:
      return "abandoned";
    case C::kCanceled:
      return "canceled";
    case C::kExpired:
      return "expired";
  }
  return "unknown";
}

std::string_view ToString(ContactTrigger trigger) {
  switch (trigger) {
    case CT::kOffer:
      return "offer";
    case CT::kAccept:
      return "accept";
    case CT::kReject:
      return "reject";
    case CT::kOfferTimedOut:
      return "offer_timed_out";
    case CT::kOfferRescinded:
      return "offer_rescinded";
    case CT::kAgentLost:
      return "agent_lost";
    case CT::kConnect:
      return "connect";
    case CT::kMediaFailed:
      return "media_failed";
    case CT::kHold:
      return "hold";
    case CT::kResume:
      return "resume";
    case CT::kCustomerLeft:
      return "customer_left";
    case CT::kAgentCompleted:
      return "agent_completed";
    case CT::kWrapUpDone:
      return "wrap_up_done";
    case CT::kWrapUpTimedOut:
      return "wrap_up_timed_out";
    case CT::kTransferNextStep:
      return "transfer_next_step";
    case CT::kTransferQueue:
      return "transfer_queue";
    case CT::kTransferAgent:
      return "transfer_agent";
    case CT::kPark:
      return "park";
    case CT::kCustomerBack:
      return "customer_back";
    case CT::kRequestCallback:
      return "request_callback";
    case CT::kCallbackDue:
      return "callback_due";
    case CT::kCancel:
      return "cancel";
    case CT::kExpire:
      return "expire";
    case CT::kSupersede:
      return "supersede";
    case CT::kReclaim:
      return "reclaim";
  }
  return "unknown";
}

std::string_view ToString(OfferState state) {
  switch (state) {
    case O::kPending:
      return "pending";
    case O::kDelivered:
      return "delivered";
    case O::kAccepted:
      return "accepted";
    case O::kRejected:
      return "rejected";
    case O::kTimedOut:
      return "timed_out";
    case O::kRescinded:
      return "rescinded";
    case O::kCanceled:
      return "canceled";
  }
  return "unknown";
}

std::string_view ToString(OfferTrigger trigger) {
  switch (trigger) {
    case OT::kDeliver:
      return "deliver";
    case OT::kAccept:
      return "accept";
    case OT::kReject:
      return "reject";
    case OT::kTimeOut:
      return "time_out";
    case OT::kRescind:
      return "rescind";
    case OT::kCancel:
      return "cancel";
  }
  return "unknown";
}

std::string_view ToString(AgentPresence presence) {
  switch (presence) {
    case A::kOffline:
      return "offline";
    case A::kDetached:
      return "detached";
    case A::kAttached:
      return "attached";
  }
  return "unknown";
}

std::string_view ToString(AgentTrigger trigger) {
  switch (trigger) {
    case AT::kAttach:
      return "attach";
    case AT::kConnectionLost:
      return "connection_lost";
    case AT::kOwnerChanged:
      return "owner_changed";
    case AT::kGraceEnded:
      return "grace_ended";
    case AT::kSignOff:
      return "sign_off";
    case AT::kRemove:
      return "remove";
  }
  return "unknown";
}

std::string_view ToString(AssignmentRole role) {
  switch (role) {
    case R::kNone:
      return "none";
    case R::kPrimary:
      return "primary";
    case R::kConsulted:
      return "consulted";
    case R::kMonitoring:
      return "monitoring";
  }
  return "unknown";
}

std::string_view ToString(AssignmentTrigger trigger) {
  switch (trigger) {
    case RT::kAccept:
      return "accept";
    case RT::kConsult:
      return "consult";
    case RT::kMonitor:
      return "monitor";
    case RT::kTakeOver:
      return "take_over";
    case RT::kEnd:
      return "end";
  }
  return "unknown";
}

}  // namespace meridian
