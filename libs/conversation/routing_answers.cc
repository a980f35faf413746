// What routing says: answers to what it was sent, and the facts of its log.
#include <algorithm>
#include <utility>

#include "libs/conversation/session_core.h"

namespace meridian::conversation {
namespace {

ContactRecord& ContactIn(Head& head, const ContactId& id) {
  return *std::find_if(head.record.contacts.begin(), head.record.contacts.end(),
                       [&](const ContactRecord& contact) { return contact.id == id; });
}

// One per agent, the strongest role of each, sorted by agent; a primary is never among those cut off.
std::vector<Grant> GrantsOf(const std::vector<Participant>& participants) {
  std::vector<Grant> grants;
  for (const Participant& participant : participants) {
    if (participant.role == AssignmentRole::kNone || participant.agent.empty()) continue;
    auto same = std::find_if(grants.begin(), grants.end(),
                             [&](const Grant& grant) { return grant.agent == participant.agent; });
    Grant grant{participant.agent, participant.agent_kind, participant.role, participant.may_write, 0};
    if (same == grants.end()) {
      grants.push_back(std::move(grant));
    } else if (grant.role < same->role) {
      *same = std::move(grant);
    }
  }
  std::stable_sort(grants.begin(), grants.end(), [](const Grant& a, const Grant& b) { return a.role < b.role; });
  if (grants.size() > kMaxGrants) grants.resize(kMaxGrants);
  std::sort(grants.begin(), grants.end(), [](const Grant& a, const Grant& b) { return a.agent < b.agent; });
  return grants;
}

AgentId PrimaryIn(const std::vector<Grant>& grants) {
  for (const Grant& grant : grants) {
    if (grant.role == AssignmentRole::kPrimary) return grant.agent;
  }
  return {};
}

}  // namespace

Answer SessionCore::On(EnqueueAnswered& command, Instant now) {
  Head* head = directory_.FindByContact(command.contact);
  if (head == nullptr) return Done{};
  ContactRecord& contact = ContactIn(*head, command.contact);
  if (contact.phase != ContactPhase::kPending || contact.pending->request_id != command.request_id) return Done{};
  if (!command.refusal) {
    Acknowledge(*head, contact, now);
    Changed(*head);
    return Done{};
  }
  sink_.Send(ContactAcknowledged{
      head->record.tenant, head->record.id, contact.id, {ContactStanding::Kind::kRefused, *command.refusal}});
  CloseContact(*head, contact, ContactClosing::kRefused, EndReason::kNone, *command.refusal, now);
  if (RemoveContact(*head, contact, now)) Changed(*head);
  return Done{};
}

Answer SessionCore::On(EdgeAnswered& command, Instant now) {
  Head* head = directory_.FindByContact(command.contact);
  if (head == nullptr) return Done{};
  ContactRecord& contact = ContactIn(*head, command.contact);
  if (contact.phase == ContactPhase::kPending || command.edge <= contact.acknowledged_edge) return Done{};
  contact.acknowledged_edge = std::min(command.edge, contact.edge.number);
  if (contact.HasUnansweredEdge()) return Done{};
  RetryOf(*head, contact) = {};
  bool canceling = contact.edge.kind == EdgeKind::kCustomerCanceled || contact.edge.kind == EdgeKind::kWithdrawn;
  if (command.wrong_state && canceling) {
    RaiseEdge(*head, contact, EdgeKind::kCustomerLeft, CustomerLeftReason::kClosed, contact.edge.origin, now);
    Changed(*head);
  } else if (contact.phase == ContactPhase::kWithdrawing) {
    if (RemoveContact(*head, contact, now)) Changed(*head);
  } else {
    // The record goes without: after a restart routing takes the edge again and answers the same.
    Rearm(*head);
  }
  return Done{};
}

Answer SessionCore::On(ApplyRoutingFacts& command, Instant now) {
  if (command.facts.size() > kMaxFacts) return Refusal{RefusalCode::kTooMany, "facts"};
  auto followed = followed_.find(command.routing_shard);
  if (followed != followed_.end() && command.position <= followed->second) return Done{};
  for (const RoutingFact& fact : command.facts) {
    std::visit([&](const auto& body) { Take(body, now); }, fact);
  }
  if (!command.last_of_entry) return Done{};
  followed_[command.routing_shard] = command.position;
  sink_.Followed({command.routing_shard, command.position});
  sink_.Send(FollowerAdvanced{{command.routing_shard, command.position}});
  return Done{};
}

void SessionCore::Take(const ContactQueuedFact& fact, Instant now) {
  Head* head = directory_.FindByContact(fact.contact);
  if (head == nullptr) return;
  ContactRecord& contact = ContactIn(*head, fact.contact);
  if (contact.phase != ContactPhase::kPending) return;
  Acknowledge(*head, contact, now);
  Changed(*head);
}

void SessionCore::Take(const ParticipantsChangedFact& fact, Instant now) {
  Head* head = directory_.FindByContact(fact.contact);
  if (head == nullptr) return;
  ContactRecord& contact = ContactIn(*head, fact.contact);
  // The customer was told that nobody will come: whoever routing found meanwhile gets nothing to read.
  if (contact.phase == ContactPhase::kWithdrawing) return;
  if (contact.phase == ContactPhase::kPending) Acknowledge(*head, contact, now);
  if (fact.revision > contact.grants_revision) {
    contact.grants_revision = fact.revision;
    AgentId served_by = PrimaryIn(contact.grants);
    ReplaceGrants(*head, contact, GrantsOf(fact.participants));
    AgentId serves = PrimaryIn(contact.grants);
    if (contact.phase != ContactPhase::kClosing) {
      contact.phase = serves.empty() ? ContactPhase::kQueued : ContactPhase::kAssigned;
      if (serves != served_by) {
        contact.on_hold = false;
        TellCustomer(*head, contact);
      }
    } else if (contact.grants.empty()) {
      if (!RemoveContact(*head, contact, now)) return;
    }
  }
  Changed(*head);
}

void SessionCore::Take(const ContactClosedFact& fact, Instant now) {
  Head* head = directory_.FindByContact(fact.contact);
  if (head == nullptr) return;
  ContactRecord& contact = ContactIn(*head, fact.contact);
  if (contact.phase == ContactPhase::kClosing) return;
  if (contact.phase == ContactPhase::kPending) Acknowledge(*head, contact, now);
  if (contact.phase != ContactPhase::kWithdrawing) {
    CloseContact(*head, contact, ContactClosing::kEnded, fact.reason, "", now);
    contact.acknowledged_edge = contact.edge.number;
    contact.phase = ContactPhase::kClosing;
    contact.on_hold = false;
  }
  if (contact.grants.empty() && !RemoveContact(*head, contact, now)) return;
  Changed(*head);
}

void SessionCore::Take(const ContactHeldFact& fact, Instant) {
  Head* head = directory_.FindByContact(fact.contact);
  if (head == nullptr) return;
  ContactRecord& contact = ContactIn(*head, fact.contact);
  if (contact.phase != ContactPhase::kAssigned || contact.on_hold == fact.on_hold) return;
  contact.on_hold = fact.on_hold;
  TellCustomer(*head, contact);
  Changed(*head);
}

}  // namespace meridian::conversation
