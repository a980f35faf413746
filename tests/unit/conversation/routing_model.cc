#include "tests/unit/conversation/routing_model.h"

#include <utility>

#include "tests/unit/conversation/session_harness.h"

namespace meridian::conversation {

bool OracleContact::MayWrite(const AgentId& agent) const {
  auto found = participants.find(agent);
  return found != participants.end() && !closed && found->second.may_write &&
         found->second.role != AssignmentRole::kMonitoring;
}

EnqueueAnswered RoutingModel::On(const EnqueueContact& message, bool refuse) {
  const EnqueueRequest& request = *message.request;
  auto known = answers_.find(request.request_id);
  if (known == answers_.end()) {
    std::optional<std::string> refusal;
    if (refuse) refusal = "QUEUE_FULL";
    known = answers_.emplace(request.request_id, refusal).first;
    if (!refuse) {
      contacts_[request.spec.id] = {};
      Log(request.spec.id, ContactQueuedFact{request.spec.id});
    }
  }
  return {request.spec.id, request.request_id, known->second};
}

EdgeAnswered RoutingModel::On(const TellRouting& message) {
  EdgeAnswered answer{message.contact, message.edge.number, false};
  auto found = contacts_.find(message.contact);
  if (found == contacts_.end() || found->second.closed || message.edge.number <= found->second.edge) return answer;
  found->second.edge = message.edge.number;
  bool served = !found->second.participants.empty();
  switch (message.edge.kind) {
    case EdgeKind::kCustomerCanceled:
    case EdgeKind::kWithdrawn:
      answer.wrong_state = served;
      if (!served) Close(message.contact, EndReason::kCanceledByCustomer);
      break;
    case EdgeKind::kCustomerLeft:
      Close(message.contact, EndReason::kCustomerLeft);
      break;
    case EdgeKind::kNone:
    case EdgeKind::kCustomerWaits:
    case EdgeKind::kAgentAnswered:
      break;
  }
  return answer;
}

bool RoutingModel::IsLive(const ContactId& contact) const {
  auto found = contacts_.find(contact);
  return found != contacts_.end() && (!found->second.closed || !found->second.participants.empty());
}

std::vector<ContactId> RoutingModel::Live() const {
  std::vector<ContactId> live;
  for (const auto& [id, contact] : contacts_) {
    if (IsLive(id)) live.push_back(id);
  }
  return live;
}

void RoutingModel::SetParticipants(const ContactId& contact, std::vector<Participant> participants) {
  Routed& routed = contacts_.at(contact);
  if (routed.closed) participants.clear();
  routed.participants = participants;
  Log(contact, ParticipantsChangedFact{contact, ++routed.revision, std::move(participants)});
}

void RoutingModel::Close(const ContactId& contact, EndReason reason) {
  Routed& routed = contacts_.at(contact);
  if (routed.closed) return;
  routed.closed = true;
  Log(contact, ContactClosedFact{contact, reason});
}

void RoutingModel::Finish(const ContactId& contact) {
  Close(contact, EndReason::kCompletedByAgent);
  if (!contacts_.at(contact).participants.empty()) SetParticipants(contact, {});
}

ApplyRoutingFacts RoutingModel::Entry(uint64_t n) const {
  return {SessionHarness::kRoutingShard, {1, n}, true, {log_.at(n - 1)}};
}

void RoutingModel::Log(const ContactId& contact, RoutingFact fact) {
  std::map<uint64_t, OracleContact>& history = history_[contact];
  OracleContact next = history.empty() ? OracleContact{} : history.rbegin()->second;
  if (const auto* changed = std::get_if<ParticipantsChangedFact>(&fact)) {
    next.participants.clear();
    for (const Participant& participant : changed->participants) next.participants[participant.agent] = participant;
  }
  if (std::holds_alternative<ContactClosedFact>(fact)) next.closed = true;
  log_.push_back(std::move(fact));
  history[log_.size()] = std::move(next);
}

const OracleContact& RoutingModel::After(uint64_t n, const ContactId& contact) const {
  static const OracleContact nobody;
  auto history = history_.find(contact);
  if (history == history_.end()) return nobody;
  auto later = history->second.upper_bound(n);
  return later == history->second.begin() ? nobody : std::prev(later)->second;
}

}  // namespace meridian::conversation
