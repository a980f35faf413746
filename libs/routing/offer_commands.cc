#include <utility>

#include "libs/routing/engine_core.h"

namespace meridian {

template <typename Command>
EngineCore::Held EngineCore::FindHeld(const Command& command) {
  if (Answer refusal = CheckAttachment(command.agent, command.attachment); !refusal.ok()) {
    return {kNoIndex, std::move(refusal)};
  }
  const uint32_t contact = contacts.Find(command.contact);
  if (contact == kNoIndex) return {kNoIndex, Refuse(Refusal::kUnknownContact, "no live contact has this id")};
  const ContactRecord& record = contacts.at(contact).record;
  if (record.agent != command.agent || record.token != command.token) {
    if (replaying_ && RestoreOffer(contact, command.agent, command.token)) return {contact, {}};
    return {kNoIndex, Refuse(Refusal::kStaleToken, "the token is not of the contact's current offer to this agent")};
  }
  return {contact, {}};
}

Answer EngineCore::Apply(const OfferDelivered& command) {
  const Held held = FindHeld(command);
  if (held.contact == kNoIndex) return held.refusal;
  ContactRecord& record = contacts.at(held.contact).record;
  if (record.state != ContactState::kOffered || record.offer_state != OfferState::kPending) {
    return Done(held.contact, /*repeated=*/true);
  }
  record.offer_state = OfferState::kDelivered;
  record.deadline = now() + QueueOf(record).offer_timeout;
  Mark(held.contact);
  SetTimer(held.contact);
  return Done(held.contact);
}

Answer EngineCore::Apply(const AcceptOffer& command) {
  const Held held = FindHeld(command);
  if (held.contact == kNoIndex) return held.refusal;
  ContactSlot& slot = contacts.at(held.contact);
  ContactRecord& record = slot.record;
  if (record.state != ContactState::kOffered) return Done(held.contact, /*repeated=*/true);
  record.offer_state = OfferState::kAccepted;
  AgentSlot& agent = agents.at(slot.agent);
  if (agent.record.strikes > 0) {
    agent.record.strikes = 0;
    MarkAgent(slot.agent);
  }
  Move(held.contact, ContactTrigger::kAccept);
  if (configs.channel(slot.channel).joins_media) {
    record.deadline = now() + kConnectTimeout;
    Announce(held.contact, ContactConnecting{record.agent, record.token});
    SetTimer(held.contact);
  } else {
    Assign(held.contact);
  }
  out.Send(agent.record, AssignmentStarted{record.spec.id, record.spec.conversation, record.token, record.state,
                                           slot.queue->counts.queue, record.spec.channel, record.spec.language,
                                           /*resumed=*/replaying_});
  return Done(held.contact);
}

Answer EngineCore::Apply(const RejectOffer& command) {
  const Held held = FindHeld(command);
  if (held.contact == kNoIndex) return held.refusal;
  const ContactRecord& record = contacts.at(held.contact).record;
  if (record.state != ContactState::kOffered) return RefuseState(record.state, ContactTrigger::kReject);
  Requeue(held.contact, {.trigger = ContactTrigger::kReject,
                         .reason = RequeueReason::kRejected,
                         .decline = true,
                         .strike = QueueOf(record).no_answer.rejects_count});
  return Done(held.contact);
}

Answer EngineCore::Apply(const ReclaimAssignment& command) {
  const uint32_t lost = contacts.Find(command.contact);
  if (lost != kNoIndex && contacts.at(lost).record.past->lost_agent == command.agent &&
      contacts.at(lost).record.past->lost_token == command.token) {
    if (Answer refusal = CheckAttachment(command.agent, command.attachment); !refusal.ok()) return refusal;
    const AgentSlot& agent = agents.at(agents.Find(command.agent));
    if (!HasRoom(agent, contacts.at(lost).channel)) {
      return Refuse(Refusal::kWrongState, "the agent has no capacity left for the contact");
    }
    Reclaim(lost);
    return Done(lost);
  }
  const Held held = FindHeld(command);
  if (held.contact == kNoIndex) return held.refusal;
  const ContactState state = contacts.at(held.contact).record.state;
  if (state == ContactState::kOffered) {
    return Refuse(Refusal::kWrongState, "the offer was not accepted yet");
  }
  return Done(held.contact, /*repeated=*/true);
}

Answer EngineCore::Apply(const MediaConnected& command) {
  const uint32_t contact = contacts.Find(command.contact);
  if (contact == kNoIndex) return Refuse(Refusal::kUnknownContact, "no live contact has this id");
  const ContactRecord& record = contacts.at(contact).record;
  if (record.token != command.token) return Refuse(Refusal::kStaleToken, "the token is not of the current assignment");
  if (record.state == ContactState::kAssigned || record.state == ContactState::kHeld) return Done(contact, true);
  if (record.state != ContactState::kConnecting) return RefuseState(record.state, ContactTrigger::kConnect);
  Assign(contact);
  out.Send(agents.at(contacts.at(contact).agent).record, AssignmentChanged{record.spec.id, record.token, record.state});
  return Done(contact);
}

Answer EngineCore::Apply(const MediaFailed& command) {
  const uint32_t contact = contacts.Find(command.contact);
  if (contact == kNoIndex) return Refuse(Refusal::kUnknownContact, "no live contact has this id");
  const ContactRecord& record = contacts.at(contact).record;
  if (record.token != command.token) return Refuse(Refusal::kStaleToken, "the token is not of the current assignment");
  if (record.state != ContactState::kConnecting) return RefuseState(record.state, ContactTrigger::kMediaFailed);
  Requeue(contact, {.trigger = ContactTrigger::kMediaFailed, .reason = RequeueReason::kMediaFailed, .decline = true});
  return Done(contact);
}

Answer EngineCore::Apply(const HoldContact& command) {
  const Held held = FindHeld(command);
  if (held.contact == kNoIndex) return held.refusal;
  const ContactRecord& record = contacts.at(held.contact).record;
  if (record.state == ContactState::kHeld) return Done(held.contact, /*repeated=*/true);
  if (record.state != ContactState::kAssigned) return RefuseState(record.state, ContactTrigger::kHold);
  Move(held.contact, ContactTrigger::kHold);
  Announce(held.contact, ContactHeld{record.agent});
  return Done(held.contact);
}

Answer EngineCore::Apply(const ResumeContact& command) {
  const Held held = FindHeld(command);
  if (held.contact == kNoIndex) return held.refusal;
  const ContactRecord& record = contacts.at(held.contact).record;
  if (record.state == ContactState::kAssigned) return Done(held.contact, /*repeated=*/true);
  if (record.state != ContactState::kHeld) return RefuseState(record.state, ContactTrigger::kResume);
  Move(held.contact, ContactTrigger::kResume);
  Announce(held.contact, ContactResumed{record.agent});
  return Done(held.contact);
}

Answer EngineCore::Apply(const CompleteContact& command) {
  const Held held = FindHeld(command);
  if (held.contact == kNoIndex) return held.refusal;
  const ContactState state = contacts.at(held.contact).record.state;
  if (state == ContactState::kWrapping) return Done(held.contact, /*repeated=*/true);
  if (!NextState(state, ContactTrigger::kAgentCompleted)) return RefuseState(state, ContactTrigger::kAgentCompleted);
  EndTalk(held.contact, ContactTrigger::kAgentCompleted, EndReason::kCompletedByAgent);
  Answer answer;
  answer.contact_state =
      contacts.Find(command.contact) == kNoIndex ? ContactState::kCompleted : ContactState::kWrapping;
  return answer;
}

Answer EngineCore::Apply(const EndWrapUp& command) {
  const Held held = FindHeld(command);
  if (held.contact == kNoIndex) return held.refusal;
  const ContactRecord& record = contacts.at(held.contact).record;
  if (record.state != ContactState::kWrapping) return RefuseState(record.state, ContactTrigger::kWrapUpDone);
  End(held.contact, ContactTrigger::kWrapUpDone, record.end_reason);
  Answer answer;
  answer.contact_state = ContactState::kCompleted;
  return answer;
}

Answer EngineCore::Apply(const TransferContact& command) {
  const Held held = FindHeld(command);
  if (held.contact == kNoIndex) return held.refusal;
  const ContactRecord& record = contacts.at(held.contact).record;
  const ContactTrigger trigger = command.target == TransferTarget::kNextStep ? ContactTrigger::kTransferNextStep
                                 : command.target == TransferTarget::kQueue  ? ContactTrigger::kTransferQueue
                                                                             : ContactTrigger::kTransferAgent;
  if (!NextState(record.state, trigger)) return RefuseState(record.state, trigger);
  if (record.offer_step + 1u >= RuleOf(record).steps.size()) {
    return Refuse(Refusal::kNoNextStep, "the plan has no step after the one that found this agent");
  }
  Requeue(held.contact, {.trigger = trigger, .reason = RequeueReason::kTransferredNextStep, .decline = true});
  return Done(held.contact);
}

}  // namespace meridian
