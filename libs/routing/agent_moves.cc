#include <algorithm>
#include <utility>

#include "libs/base/check.h"
#include "libs/routing/engine_core.h"

namespace meridian {

void EngineCore::MarkAgent(uint32_t agent) {
  AgentSlot& slot = agents.at(agent);
  if (slot.changed) return;
  slot.changed = true;
  out.changed_agents.push_back(agent);
  out.bytes += kAgentRecordBytes;
}

bool EngineCore::CanTake(const AgentSlot& slot, const ProfileEntry& profile, const ChannelLoad& takes) const {
  const ChannelRules& rules = configs.channel(takes.channel);
  if (rules.units == 0 || slot.exclusive > 0) return false;
  if (rules.exclusive && slot.load > 0) return false;
  return slot.load + rules.units <= profile.profile.capacity_units &&
         slot.LoadOn(takes.channel) + rules.units <= takes.units;
}

bool EngineCore::HasRoom(const AgentSlot& slot, uint8_t channel) const {
  const ProfileEntry& profile = index.profile(slot.profile);
  return std::any_of(profile.takes.begin(), profile.takes.end(), [&](const ChannelLoad& takes) {
    return takes.channel == channel && CanTake(slot, profile, takes);
  });
}

void EngineCore::ClearPlaces(uint32_t agent) {
  AgentSlot& slot = agents.at(agent);
  for (const FreePlace& place : slot.places) {
    index.RemoveFree(slot.profile, place.channel, {place.load_order, slot.placed_idle_since, slot.tie, agent});
  }
  slot.places.clear();
}

void EngineCore::RefreshPlaces(uint32_t agent, bool freed) {
  ClearPlaces(agent);
  AgentSlot& slot = agents.at(agent);
  if (!slot.Takes()) return;
  const ProfileEntry& profile = index.profile(slot.profile);
  slot.placed_idle_since = slot.record.idle_since;
  for (const ChannelLoad& takes : profile.takes) {
    if (!CanTake(slot, profile, takes)) continue;
    const Packing packing = configs.channel(takes.channel).packing;
    const int32_t order = LoadOrder(packing, slot.load, profile.profile.capacity_units);
    index.AddFree(slot.profile, takes.channel, {order, slot.placed_idle_since, slot.tie, agent});
    slot.places.push_back({takes.channel, order});
  }
  if (!freed || slot.places.empty()) return;
  MarkDirty(slot.profile);
  if (preferred_lines_.contains(agent)) freed_agents_.insert(agent);
}

void EngineCore::MarkDirty(uint32_t profile) {
  ProfileEntry& entry = index.profile(profile);
  if (entry.dirty || !entry.open) return;
  entry.dirty = true;
  dirty_profiles_.push_back(profile);
}

void EngineCore::SetAgentTimer(uint32_t agent) {
  const AgentSlot& slot = agents.at(agent);
  Instant at = Instant::Never();
  if (slot.record.presence == AgentPresence::kDetached) at = slot.record.grace_until;
  if (slot.cooling) at = std::min(at, slot.record.cool_down_until);
  timers_.Set(TimerKind::kAgent, agent, Uuid{slot.tie, agent}, at);
}

std::vector<uint32_t> EngineCore::ContactsOf(uint32_t agent) const {
  std::vector<uint32_t> held = agents.at(agent).contacts;
  std::sort(held.begin(), held.end(),
            [this](uint32_t a, uint32_t b) { return contacts.at(a).record.spec.id < contacts.at(b).record.spec.id; });
  return held;
}

void EngineCore::BeginDrain(uint32_t agent) {
  draining_.emplace(agents.at(agent).record.agent, agent);
  if (drain_of_ == agent) drain_of_ = kNoIndex;  // it may have others by now
  DrainSlice();
}

void EngineCore::DrainSlice() {
  while (!draining_.empty()) {
    const uint32_t agent = draining_.begin()->second;
    if (drain_of_ != agent) {
      drain_of_ = agent;
      drain_left_.clear();
      for (const uint32_t contact : ContactsOf(agent)) drain_left_.push_back(contacts.at(contact).record.spec.id);
      std::reverse(drain_left_.begin(), drain_left_.end());
    }
    for (; !drain_left_.empty(); drain_left_.pop_back()) {
      if (drain_budget_ == 0 || !MayChangeMore()) return;
      const uint32_t contact = contacts.Find(drain_left_.back());
      if (contact == kNoIndex || contacts.at(contact).agent != agent) continue;  // it went meanwhile
      if (DrainContact(contact, agents.at(agent).record)) --drain_budget_;
    }
    drain_of_ = kNoIndex;
    draining_.erase(draining_.begin());
  }
}

bool EngineCore::DrainContact(uint32_t contact, const AgentRecord& agent) {
  const ContactRecord& record = contacts.at(contact).record;
  if (record.state == ContactState::kOffered) {
    const bool unwanted = !agent.activity.IsAvailable() && record.offer_state == OfferState::kPending;
    if (agent.presence == AgentPresence::kAttached && !unwanted) return false;
    const bool lost = agent.presence != AgentPresence::kAttached;
    Requeue(contact, {ContactTrigger::kOfferRescinded, RequeueReason::kRescinded,
                      lost ? RescindReason::kAgentLost : RescindReason::kAgentUnavailable});
    return true;
  }
  if (agent.presence != AgentPresence::kOffline) return false;
  if (record.state == ContactState::kWrapping) {
    End(contact, ContactTrigger::kAgentLost, EndReason::kAgentLost);
  } else {
    Requeue(contact, {ContactTrigger::kAgentLost, RequeueReason::kAgentLost});
  }
  return true;
}

void EngineCore::GoOffline(uint32_t agent, AbsenceReason reason) {
  AgentRecord& record = agents.at(agent).record;
  const bool was_offline = record.presence == AgentPresence::kOffline;
  record.presence = AgentPresence::kOffline;
  record.absence = reason;
  record.grace_until = Instant::Never();
  RefreshPlaces(agent, /*freed=*/false);
  if (!was_offline) {
    out.EmitAgent(record, configs.revision(), AgentOffline{reason});
    MarkAgent(agent);
  }
  SetAgentTimer(agent);
  BeginDrain(agent);
}

void EngineCore::Redeliver(uint32_t agent) {
  for (const uint32_t contact : ContactsOf(agent)) {
    ContactRecord& record = contacts.at(contact).record;
    if (record.state == ContactState::kOffered) {
      // Not marked: whoever reads the record delivers the offer anew in any case.
      record.offer_state = OfferState::kPending;
      record.deadline = now() + kDeliveryTimeout;
      SendOffer(contact);
      SetTimer(contact);
      continue;
    }
    const AgentRecord& holder = agents.at(agent).record;
    out.Send(holder, AssignmentStarted{record.spec.id, record.spec.conversation, record.token, record.state,
                                       contacts.at(contact).queue->counts.queue, record.spec.channel,
                                       record.spec.language, /*resumed=*/true});
    if (record.state == ContactState::kWrapping) {
      out.Send(holder, AssignmentChanged{record.spec.id, record.token, record.state, record.deadline});
    }
  }
}

void EngineCore::Strike(uint32_t agent, const NoAnswerPolicy& policy) {
  AgentSlot& slot = agents.at(agent);
  if (policy.strikes == 0) return;
  MarkAgent(agent);
  if (++slot.record.strikes < policy.strikes) return;
  const uint8_t strikes = std::exchange(slot.record.strikes, uint8_t{0});
  slot.record.cool_down_until = now() + policy.cool_down;
  slot.cooling = policy.cool_down > Duration::Zero();
  if (!slot.cooling) return;
  out.EmitAgent(slot.record, configs.revision(), AgentCoolingDown{strikes, slot.record.cool_down_until});
  out.Send(slot.record, CoolDownStarted{slot.record.cool_down_until});
  RefreshPlaces(agent, /*freed=*/false);
  SetAgentTimer(agent);
}

void EngineCore::EndCoolDown(uint32_t agent) {
  AgentSlot& slot = agents.at(agent);
  slot.cooling = false;
  if (slot.record.cool_down_until > now()) {
    out.EmitAgent(slot.record, configs.revision(), AgentCoolingDown{0, now()});
  }
  slot.record.cool_down_until = Instant{0};
  MarkAgent(agent);
  out.Send(slot.record, CoolDownEnded{});
  SetAgentTimer(agent);
  RefreshPlaces(agent, /*freed=*/true);
}

void EngineCore::AssignProfile(uint32_t agent, const Profile& profile) {
  AgentSlot& slot = agents.at(agent);
  if (slot.profile == kNoIndex || index.profile(slot.profile).profile != profile) {
    DropProfile(agent);
    slot.profile = index.AcquireProfile(profile);
    ProfileEntry& entry = index.profile(slot.profile);
    if (entry.agents == 1) {
      entry.shift = configs.ShiftLineOf(profile, now());
      if (entry.shift != kNoIndex) {
        ShiftLine& line = configs.shift(entry.shift);
        line.profiles.push_back(slot.profile);
        entry.open = line.open;
        timers_.Set(TimerKind::kShift, entry.shift, line.tie, line.next_change);
      }
    }
  }
  RefreshPlaces(agent, /*freed=*/true);
}

void EngineCore::DropProfile(uint32_t agent) {
  AgentSlot& slot = agents.at(agent);
  if (slot.profile == kNoIndex) return;
  ClearPlaces(agent);
  const ProfileEntry& entry = index.profile(slot.profile);
  if (entry.agents == 1) {
    if (entry.shift != kNoIndex) std::erase(configs.shift(entry.shift).profiles, slot.profile);
    std::erase(dirty_profiles_, slot.profile);
  }
  index.ReleaseProfile(slot.profile);
  slot.profile = kNoIndex;
}

void EngineCore::RemoveAgent(uint32_t agent) {
  out.Send(agents.at(agent).record, AttachmentEnded{AbsenceReason::kRemoved});
  DropProfile(agent);
  GoOffline(agent, AbsenceReason::kRemoved);
}

}  // namespace meridian
