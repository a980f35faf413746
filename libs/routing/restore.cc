// Building the state anew: records say what is, everything else is worked out.
#include <algorithm>
#include <utility>

#include "libs/base/check.h"
#include "libs/routing/engine_core.h"

namespace meridian {

void EngineCore::FinishLoad(uint64_t term, Instant at) {
  MERIDIAN_CHECK(term >= out.head().term);
  BeginCall({}, at);
  if (term > out.head().term) out.StartTerm(term);
  if (configs.newest() != nullptr) {
    RestoreAgents();
    RestoreContacts();
  } else {
    MERIDIAN_CHECK(contacts.live() == 0);
  }
  fresh_.clear();  // nobody is attached
  DropUnusedConfigs();
}

void EngineCore::RestoreAgents() {
  const uint64_t whole = configs.newest()->record.config->revision;
  const Instant grace_until = now() + configs.newest()->record.config->agent_grace;
  for (uint32_t agent = 0; agent < agents.size(); ++agent) {
    AgentSlot& slot = agents.at(agent);
    slot.cooling = slot.record.cool_down_until > now();
    if (slot.record.presence != AgentPresence::kOffline) {
      if (slot.record.presence == AgentPresence::kAttached) slot.record.absence = AbsenceReason::kOwnerChanged;
      slot.record.presence = AgentPresence::kDetached;
      slot.record.grace_until = grace_until;
    }
    SetAgentTimer(agent);
  }
  // A revision at or below the whole configuration was already dropped by it.
  std::vector<AgentRevisionRecord> revised;
  for (const auto& [agent, record] : configs.revised()) {
    if (record.revision > whole) {
      revised.push_back(record);
    } else {
      stale_revisions_.insert(agent);
    }
  }
  configs.ForgetRevisions();
  for (AgentRevisionRecord& record : revised) {
    const uint32_t agent = agents.FindOrAdd(record.agent);
    if (record.config) AssignProfile(agent, ProfileOf(*record.config));
    configs.Revise(std::move(record));
  }
  BeginReindex();
  while (reindexing()) ReindexSlice(SIZE_MAX);
}

void EngineCore::RestoreContacts() {
  for (uint32_t contact = 0; contact < contacts.end(); ++contact) {
    ContactSlot& slot = contacts.at(contact);
    if (!slot.live) continue;
    PublishedConfig* config = configs.Find(slot.record.plan_revision);
    MERIDIAN_CHECK(config != nullptr);
    ++config->contacts;
    slot.channel = index.ChannelNumber(slot.record.spec.channel);
    MERIDIAN_CHECK(slot.channel < kMaxChannelsEver);
    slot.queue = &configs.queue(QueueOf(slot.record).id);
    slot.SetKey(KeyOf(slot.record));
    ++CountOf(slot);
    if (slot.record.state == ContactState::kQueued) {
      EnterLine(contact);
    } else {
      RestoreHeld(contact);
    }
  }
  // Whoever is not in the configuration any more, or offline with contacts, was just being removed or lost.
  std::set<std::pair<AgentId, uint32_t>> leaving;
  for (uint32_t agent = 0; agent < agents.size(); ++agent) {
    const AgentSlot& slot = agents.at(agent);
    const bool offline = slot.record.presence == AgentPresence::kOffline;
    if (slot.profile == kNoIndex && !offline) leaving.emplace(slot.record.agent, agent);
    if (offline && !slot.contacts.empty()) draining_.emplace(slot.record.agent, agent);
  }
  if (leaving.empty()) return;
  BeginReindex();
  leaving_ = std::move(leaving);
}

void EngineCore::RestoreHeld(uint32_t contact) {
  ContactSlot& slot = contacts.at(contact);
  ContactRecord& record = slot.record;
  TakeCapacity(contact, agents.FindOrAdd(record.agent));
  // What the outage let pass gets its time again.
  if (record.state == ContactState::kOffered) {
    record.offer_state = OfferState::kPending;
    record.deadline = now() + kDeliveryTimeout;
    record.expires_at = std::max(record.expires_at, now() + kRedeliveryTime);
  } else if (record.state == ContactState::kConnecting) {
    record.deadline = std::max(record.deadline, now() + kRedeliveryTime);
  }
  SetTimer(contact);
}

}  // namespace meridian
