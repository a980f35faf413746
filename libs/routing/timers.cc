#include "libs/routing/engine_core.h"

namespace meridian {

void EngineCore::ContactDue(uint32_t contact) {
  ContactSlot& slot = contacts.at(contact);
  ContactRecord& record = slot.record;
  switch (record.state) {
    case ContactState::kQueued:
      if (record.expires_at <= now()) {
        End(contact, ContactTrigger::kExpire, EndReason::kExpiredInQueue);
      } else if (slot.line == Line::kPreferred && record.preferred_until <= now()) {
        StopPreferring(contact);
      } else {
        // A new step holds, or an agent who let it pass may be asked again.
        LeaveLine(contact);
        EnterLine(contact);
      }
      return;
    case ContactState::kOffered:
      OfferDue(contact);
      return;
    case ContactState::kConnecting:
      Requeue(contact,
              {.trigger = ContactTrigger::kMediaFailed, .reason = RequeueReason::kMediaFailed, .decline = true});
      return;
    case ContactState::kWrapping:
      End(contact, ContactTrigger::kWrapUpTimedOut, record.end_reason);
      return;
    default:
      return;
  }
}

void EngineCore::OfferDue(uint32_t contact) {
  const ContactRecord& record = contacts.at(contact).record;
  if (record.expires_at < record.deadline) {
    End(contact, ContactTrigger::kExpire, EndReason::kExpiredInQueue);
  } else if (record.offer_state == OfferState::kPending) {
    Requeue(contact, {.trigger = ContactTrigger::kOfferRescinded,
                      .reason = RequeueReason::kRescinded,
                      .rescind = RescindReason::kUndelivered,
                      .decline = true});
  } else {
    Requeue(contact, {.trigger = ContactTrigger::kOfferTimedOut,
                      .reason = RequeueReason::kTimedOut,
                      .decline = true,
                      .strike = true});
  }
}

void EngineCore::AgentDue(uint32_t agent) {
  AgentSlot& slot = agents.at(agent);
  if (slot.cooling && slot.record.cool_down_until <= now()) EndCoolDown(agent);
  if (slot.record.presence == AgentPresence::kDetached && slot.record.grace_until <= now()) {
    GoOffline(agent, AbsenceReason::kGraceEnded);
  }
}

}  // namespace meridian
