#include <algorithm>

#include "libs/base/check.h"
#include "libs/routing/engine_core.h"

namespace meridian {

void EngineCore::CheckInvariants(Instant at) const {
  size_t live = 0;
  std::map<QueueId, QueueCounts> counts;
  for (uint32_t contact = 0; contact < contacts.end(); ++contact) {
    const ContactSlot& slot = contacts.at(contact);
    if (!slot.live) continue;
    ++live;
    CheckContact(contact, at);
    QueueCounts& of = counts[slot.queue->counts.queue];
    const ContactState state = slot.record.state;
    ++(state == ContactState::kQueued     ? of.waiting
       : state == ContactState::kOffered  ? of.offered
       : state == ContactState::kWrapping ? of.wrapping
                                          : of.in_hands);
  }
  MERIDIAN_CHECK(live == contacts.live());
  for (const auto& [id, line] : configs.queues()) {
    QueueCounts of = counts[id];
    of.queue = id;
    MERIDIAN_CHECK(of == line.counts);
  }
  for (uint32_t agent = 0; agent < agents.size(); ++agent) CheckAgent(agent);
  size_t waiting = 0;
  for (uint32_t i = 0; i < index.class_count(); ++i) {
    const ClassEntry& requirement = index.requirement(i);
    if (!requirement.live) continue;
    waiting += requirement.line.size();
    MERIDIAN_CHECK(requirement.contacts >= requirement.line.size());
    MERIDIAN_CHECK(std::is_sorted(requirement.profiles.begin(), requirement.profiles.end(),
                                  [](const auto& a, const auto& b) { return a.score.band < b.score.band; }));
  }
  for (const auto& [agent, line] : preferred_lines_) waiting += line.size();
  size_t queued = 0;
  for (const auto& [id, line] : configs.queues()) queued += line.counts.waiting;
  MERIDIAN_CHECK(waiting == queued && waiting == waiting_);
}

void EngineCore::CheckContact(uint32_t contact, Instant at) const {
  const ContactSlot& slot = contacts.at(contact);
  const ContactRecord& record = slot.record;
  MERIDIAN_CHECK(!IsEnded(record.state));
  MERIDIAN_CHECK(contacts.Find(record.spec.id) == contact);
  if (record.state != ContactState::kQueued) {
    MERIDIAN_CHECK(slot.line == Line::kNone && slot.agent != kNoIndex && !record.token.IsNil());
    const AgentSlot& agent = agents.at(slot.agent);
    MERIDIAN_CHECK(agent.record.agent == record.agent);
    MERIDIAN_CHECK(slot.place_with_agent < agent.contacts.size());
    MERIDIAN_CHECK(agent.contacts[slot.place_with_agent] == contact);
    MERIDIAN_CHECK(agent.record.presence != AgentPresence::kOffline || !draining_.empty());
    return;
  }
  MERIDIAN_CHECK(slot.line != Line::kNone && slot.agent == kNoIndex && record.agent.empty() && record.token.IsNil());
  // No waiting contact has a free agent who may take it, unless offers are held or matching goes on in slices.
  if (!offers_held_ && NextDeadline() > at && at == now()) MERIDIAN_CHECK(!FindAgent(contact).has_value());
}

void EngineCore::CheckAgent(uint32_t agent) const {
  const AgentSlot& slot = agents.at(agent);
  uint32_t load = 0;
  uint32_t alone = 0;
  for (const uint32_t contact : slot.contacts) {
    const ContactSlot& held = contacts.at(contact);
    MERIDIAN_CHECK(held.live && held.agent == agent);
    load += held.record.units;
    alone += held.record.exclusive ? 1 : 0;
  }
  MERIDIAN_CHECK(load == slot.load && alone == slot.exclusive);
  MERIDIAN_CHECK(slot.exclusive == 0 || slot.contacts.size() == 1);
  uint32_t by_channel = 0;
  for (const ChannelLoad& load_on : slot.loads) by_channel += load_on.units;
  MERIDIAN_CHECK(by_channel == slot.load);
  if (slot.profile == kNoIndex) {
    MERIDIAN_CHECK((slot.contacts.empty() || !draining_.empty() || reindexing()) && slot.places.empty());
    return;
  }
  const ProfileEntry& profile = index.profile(slot.profile);
  for (const FreePlace& place : slot.places) {
    MERIDIAN_CHECK(slot.Takes());
    const FreeAgent free{place.load_order, slot.placed_idle_since, slot.tie, agent};
    MERIDIAN_CHECK(profile.free[place.channel].contains(free));
  }
}

}  // namespace meridian
