// What happens to a contact from the session's side: edges, acknowledgement, grants, its end.
#include <algorithm>
#include <utility>

#include "libs/base/check.h"
#include "libs/conversation/session_core.h"

namespace meridian::conversation {
namespace {

constexpr size_t kMaxRefusalBytes = 64;

const Grant* PrimaryOf(const ContactRecord& contact) {
  for (const Grant& grant : contact.grants) {
    if (grant.role == AssignmentRole::kPrimary) return &grant;
  }
  return nullptr;
}

}  // namespace

void SessionCore::CustomerWrote(Head& head, ContactRecord& contact, Instant now) {
  // Who writes is there, connection or not.
  head.absent_since = now;
  if (contact.customer_waits) return;
  contact.customer_waits = true;
  RaiseEdge(head, contact, EdgeKind::kCustomerWaits, CustomerLeftReason::kNone, {}, now);
}

void SessionCore::AgentWrote(Head& head, ContactRecord& contact, Instant now) {
  if (!contact.customer_waits || !contact.IsLive()) return;
  contact.customer_waits = false;
  RaiseEdge(head, contact, EdgeKind::kAgentAnswered, CustomerLeftReason::kNone, {}, now);
}

void SessionCore::RaiseEdge(Head& head, ContactRecord& contact, EdgeKind kind, CustomerLeftReason left,
                            CommandOrigin origin, Instant now) {
  contact.edge = {contact.edge.number + 1, kind, left, now, std::move(origin)};
  // Of a contact that routing may not have yet, nothing is told before its answer.
  if (contact.phase == ContactPhase::kPending) return;
  RetryOf(head, contact) = {};
  SendEdge(head, contact, now);
}

void SessionCore::SendEnqueue(Head& head, ContactRecord& contact, Instant now) {
  sink_.Send(EnqueueContact{contact.pending});
  ScheduleRetry(RetryOf(head, contact), now);
}

void SessionCore::SendEdge(Head& head, ContactRecord& contact, Instant now) {
  sink_.Send(TellRouting{head.record.tenant, contact.id, contact.edge});
  ScheduleRetry(RetryOf(head, contact), now);
}

void SessionCore::Acknowledge(Head& head, ContactRecord& contact, Instant now) {
  contact.phase = ContactPhase::kQueued;
  contact.pending = nullptr;
  sink_.Send(
      ContactAcknowledged{head.record.tenant, head.record.id, contact.id, {ContactStanding::Kind::kAcknowledged, ""}});
  TellCustomer(head, contact);
  RetryOf(head, contact) = {};
  if (contact.HasUnansweredEdge()) SendEdge(head, contact, now);
}

void SessionCore::GiveUpEnqueueing(Head& head, ContactRecord& contact, Instant now) {
  contact.phase = ContactPhase::kWithdrawing;
  contact.pending = nullptr;
  sink_.Send(
      ContactAcknowledged{head.record.tenant, head.record.id, contact.id, {ContactStanding::Kind::kNotQueued, ""}});
  CloseContact(head, contact, ContactClosing::kNotQueued, EndReason::kNone, "", now);
  RaiseEdge(head, contact, EdgeKind::kWithdrawn, CustomerLeftReason::kNone, SessionItself(), now);
}

// Both lists are sorted by agent.
void SessionCore::ReplaceGrants(Head& head, ContactRecord& contact, std::vector<Grant> grants) {
  const ConversationRecord& record = head.record;
  auto tell = [&](const AgentId& agent, std::optional<Grant> grant) {
    sink_.Send(GrantChanged{record.tenant, record.id, contact.id, agent, contact.grants_revision, std::move(grant),
                            record.last_number});
  };
  auto old = contact.grants.begin();
  for (Grant& grant : grants) {
    for (; old != contact.grants.end() && old->agent < grant.agent; ++old) tell(old->agent, std::nullopt);
    bool kept = old != contact.grants.end() && old->agent == grant.agent;
    grant.from_number = kept ? old->from_number : contact.first_number;
    if (kept) grant.agent_kind = old->agent_kind;  // as it was when the grant was given
    if (!kept || !(*old == grant)) tell(grant.agent, grant);
    if (kept) ++old;
  }
  for (; old != contact.grants.end(); ++old) tell(old->agent, std::nullopt);
  contact.grants = std::move(grants);
}

void SessionCore::CloseContact(Head& head, ContactRecord& contact, ContactClosing closing, EndReason reason,
                               std::string_view refusal, Instant now) {
  ConversationRecord& record = head.record;
  uint64_t last_number = record.last_number;
  for (size_t i = static_cast<size_t>(&contact - record.contacts.data()) + 1; i < record.contacts.size(); ++i) {
    const ContactRecord& later = record.contacts[i];
    if (later.channel == contact.channel) last_number = std::min(last_number, later.first_number - 1);
  }
  EndedContactRecord ended{contact.id,
                           contact.channel,
                           contact.first_number,
                           last_number,
                           closing,
                           reason,
                           std::string(refusal.substr(0, kMaxRefusalBytes))};
  record.last_activity_at = now;
  record.session_lifetime = contact.session_lifetime;
  sink_.Happened(record.tenant, now, ContactClosedEvent{record.id, contact.id, closing, reason, ended.refusal});
  if (record.state == ConversationState::kOpen) {
    sink_.Send(ContactChanged{record.tenant, record.id, contact.id, contact.phase, {}, {}, closing, reason});
  }
  record.ended_contacts.push_back(std::move(ended));
  if (record.ended_contacts.size() <= kMaxEndedContacts) return;
  const ContactId oldest = record.ended_contacts.front().id;
  record.ended_contacts.erase(record.ended_contacts.begin());
  ForgetContact(record, oldest);
}

bool SessionCore::RemoveContact(Head& head, ContactRecord& contact, Instant now) {
  MERIDIAN_CHECK(contact.grants.empty());
  ConversationRecord& record = head.record;
  ptrdiff_t at = &contact - record.contacts.data();
  directory_.RemoveContact(contact.id);
  record.contacts.erase(record.contacts.begin() + at);
  head.retries.erase(head.retries.begin() + at);
  if (record.state != ConversationState::kLeaving || !record.contacts.empty()) return true;
  Close(head, record.close_reason, now);
  return false;
}

void SessionCore::TellCustomer(Head& head, const ContactRecord& contact) {
  if (head.record.state != ConversationState::kOpen) return;
  ContactChanged change{head.record.tenant, head.record.id, contact.id, contact.phase};
  if (const Grant* primary = PrimaryOf(contact)) {
    change.primary = primary->agent;
    change.primary_kind = primary->agent_kind;
  }
  change.on_hold = contact.on_hold;
  sink_.Send(std::move(change));
}

}  // namespace meridian::conversation
