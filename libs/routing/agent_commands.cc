#include <algorithm>
#include <utility>

#include "libs/routing/engine_core.h"

namespace meridian {

Answer EngineCore::CheckAttachment(const AgentId& agent, AttachmentNumber attachment) const {
  const uint32_t found = agents.Find(agent);
  if (found == kNoIndex || agents.at(found).profile == kNoIndex) {
    return Refuse(Refusal::kUnknownAgent, "the configuration has no agent " + agent.value);
  }
  if (replaying_) return {};
  const AgentRecord& record = agents.at(found).record;
  if (attachment < record.attachment) {
    return Refuse(Refusal::kStaleAttachment, "a newer connection acts for agent " + agent.value);
  }
  if (attachment > record.attachment || record.presence != AgentPresence::kAttached) {
    return Refuse(Refusal::kNotAttached, "agent " + agent.value + " is not attached under this number");
  }
  return {};
}

Answer EngineCore::Apply(const AttachAgent& command) {
  uint32_t agent = agents.Find(command.agent);
  // A new configuration may hold the agent although the slices have not come to it yet.
  if ((agent == kNoIndex || agents.at(agent).profile == kNoIndex) && IndexAhead(command.agent)) {
    agent = agents.Find(command.agent);
  }
  if (agent == kNoIndex || agents.at(agent).profile == kNoIndex) {
    return Refuse(Refusal::kUnknownAgent, "the configuration has no agent " + command.agent.value);
  }
  AgentRecord& record = agents.at(agent).record;
  const bool attached = record.presence == AgentPresence::kAttached;
  const bool same = command.attachment == record.attachment && command.gateway == record.gateway;
  // Numbers order the connections of an agent that has one. With none, a lower number is only of a clock that was set
  // back, and shall not keep the agent away.
  if (attached && command.attachment <= record.attachment && !same) {
    return Refuse(Refusal::kStaleAttachment, "a newer connection acts for agent " + command.agent.value);
  }
  if (attached && same) {
    Answer answer;
    answer.repeated = true;
    return answer;
  }
  if (attached) out.Send(record, AttachmentEnded{});
  if (record.presence == AgentPresence::kOffline) {
    record.activity = Activity::Away("signed_in");
    record.idle_since = now();
    record.strikes = 0;
  }
  if (command.activity && *command.activity != record.activity) {
    if (command.activity->IsAvailable()) record.idle_since = now();
    record.activity = *command.activity;
  }
  record.presence = AgentPresence::kAttached;
  record.absence = AbsenceReason::kNone;
  record.grace_until = Instant::Never();
  record.attached_term = out.head().term;
  record.attachment = command.attachment;
  record.gateway = command.gateway;
  out.EmitAgent(record, configs.revision(), AgentAttached{record.attachment, record.activity});
  MarkAgent(agent);
  SetAgentTimer(agent);
  Redeliver(agent);
  if (!record.activity.IsAvailable()) BeginDrain(agent);
  RefreshPlaces(agent, /*freed=*/true);
  return {};
}

Answer EngineCore::Apply(const DetachAgent& command) {
  const uint32_t agent = agents.Find(command.agent);
  if (agent == kNoIndex) return Refuse(Refusal::kUnknownAgent, "the configuration has no agent " + command.agent.value);
  AgentRecord& record = agents.at(agent).record;
  if (command.attachment != record.attachment) {
    return Refuse(command.attachment < record.attachment ? Refusal::kStaleAttachment : Refusal::kNotAttached,
                  "agent " + command.agent.value + " is not attached under this number");
  }
  // A new term has everybody detached: an end of the connection that is replayed is none that was known.
  if (record.presence == AgentPresence::kOffline || (record.presence == AgentPresence::kDetached && !replaying_)) {
    Answer answer;
    answer.repeated = true;
    return answer;
  }
  if (command.cause == DetachCause::kSignedOff) {
    GoOffline(agent, AbsenceReason::kSignedOff);
    return {};
  }
  record.presence = AgentPresence::kDetached;
  record.absence =
      command.cause == DetachCause::kSlowReader ? AbsenceReason::kSlowReader : AbsenceReason::kConnectionLost;
  record.grace_until = now() + configs.newest()->record.config->agent_grace;
  RefreshPlaces(agent, /*freed=*/false);
  out.EmitAgent(record, configs.revision(), AgentDetached{record.absence, record.grace_until});
  MarkAgent(agent);
  SetAgentTimer(agent);
  BeginDrain(agent);
  return {};
}

Answer EngineCore::Apply(const SetActivity& command) {
  if (Answer refusal = CheckAttachment(command.agent, command.attachment); !refusal.ok()) return refusal;
  const uint32_t agent = agents.Find(command.agent);
  AgentSlot& slot = agents.at(agent);
  if (command.activity.IsAvailable() && (slot.cooling || slot.record.strikes > 0)) {
    slot.record.strikes = 0;
    MarkAgent(agent);
    if (slot.cooling) EndCoolDown(agent);
  }
  Answer answer;
  answer.repeated = slot.record.activity == command.activity;
  if (answer.repeated) return answer;
  const bool was_available = slot.record.activity.IsAvailable();
  slot.record.activity = command.activity;
  if (!was_available && command.activity.IsAvailable()) slot.record.idle_since = now();
  out.EmitAgent(slot.record, configs.revision(), AgentActivityChanged{command.activity});
  MarkAgent(agent);
  RefreshPlaces(agent, /*freed=*/true);
  if (!command.activity.IsAvailable()) BeginDrain(agent);
  return answer;
}

}  // namespace meridian
