#include "libs/routing/engine.h"

#include <utility>

#include "libs/base/check.h"
#include "libs/routing/engine_core.h"

namespace meridian {

Engine::Engine(TenantId tenant, RegionCode region)
    : core_(std::make_unique<EngineCore>(std::move(tenant), std::move(region))) {}
Engine::Engine(Engine&&) noexcept = default;
Engine::~Engine() = default;

void Engine::Restore(ContactRecord record) { core_->contacts.Insert(std::move(record)); }

void Engine::Restore(AgentRecord record) {
  AgentSlot& slot = core_->agents.at(core_->agents.FindOrAdd(record.agent));
  slot.record = std::move(record);
}

void Engine::Restore(ConfigRecord record) { core_->configs.Add(std::move(record), core_->index); }
void Engine::Restore(AgentRevisionRecord record) { core_->configs.Revise(std::move(record)); }
void Engine::Restore(StreamHead record) { core_->out.head() = record; }
void Engine::FinishLoad(uint64_t term, Instant now) { core_->FinishLoad(term, now); }

void Engine::HoldOffers() { core_->HoldOffers(); }
void Engine::ReleaseOffers() { core_->ReleaseOffers(); }
Answer Engine::Replay(const Command& command, Instant now) { return core_->Replay(command, now); }

Answer Engine::Apply(const Command& command, Instant now) { return core_->Run(command, now); }
Instant Engine::NextDeadline() const { return core_->NextDeadline(); }
bool Engine::Advance(Instant now) { return core_->Advance(now); }

RecordChanges Engine::ChangedRecords() const { return core_->ChangedRecords(); }
std::span<const Event> Engine::events() const { return core_->out.events; }
std::span<const GatewayMessage> Engine::messages() const { return core_->out.messages; }
void Engine::ClearEffects() { core_->ClearEffects(); }

size_t Engine::ChangedRecordBytes() const { return core_->out.bytes; }
size_t Engine::ChangedRecordCount() const {
  size_t configs = 0;
  for (const auto& [revision, config] : core_->configs.all()) configs += config.changed ? 1 : 0;
  return core_->out.record_count() + configs;
}

const TenantId& Engine::tenant() const { return core_->tenant; }
uint64_t Engine::config_revision() const { return core_->configs.revision(); }

std::shared_ptr<const TenantConfig> Engine::config() const {
  const PublishedConfig* newest = core_->configs.newest();
  return newest == nullptr ? nullptr : newest->record.config;
}

std::vector<const AgentRevisionRecord*> Engine::AgentRevisions() const {
  std::vector<const AgentRevisionRecord*> records;
  for (const auto& [agent, record] : core_->configs.revised()) records.push_back(&record);
  return records;
}

const ContactRecord* Engine::FindContact(const ContactId& contact) const {
  const uint32_t found = core_->contacts.Find(contact);
  return found == kNoIndex ? nullptr : &core_->contacts.at(found).record;
}

QueueId Engine::QueueOf(const ContactRecord& contact) const {
  const PublishedConfig* config = core_->configs.Find(contact.plan_revision);
  MERIDIAN_CHECK(config != nullptr);
  return config->record.config->plans[contact.rule.plan].rules[contact.rule.rule].queue;
}

std::optional<AgentView> Engine::FindAgent(const AgentId& agent) const {
  const uint32_t found = core_->agents.Find(agent);
  if (found == kNoIndex) return std::nullopt;
  return core_->ViewOf(found);
}

std::vector<const ContactRecord*> Engine::ListContacts(uint32_t& cursor, size_t limit) const {
  std::vector<const ContactRecord*> page;
  for (; cursor < core_->contacts.end() && page.size() < limit; ++cursor) {
    const ContactSlot& slot = core_->contacts.at(cursor);
    if (slot.live) page.push_back(&slot.record);
  }
  if (cursor >= core_->contacts.end()) cursor = 0;
  return page;
}

std::vector<AgentView> Engine::ListAgents(const AgentId& after, size_t limit) const {
  std::vector<AgentView> page;
  const AgentTable& agents = core_->agents;
  const AgentId* last = &after;
  while (page.size() < limit) {
    const uint32_t agent = agents.NextByName(*last);
    if (agent == kNoIndex) break;
    if (agents.at(agent).profile != kNoIndex) page.push_back(core_->ViewOf(agent));
    last = &agents.at(agent).record.agent;
  }
  return page;
}

std::vector<QueueCounts> Engine::CountsByQueue() const {
  std::vector<QueueCounts> counts;
  for (const auto& [id, line] : core_->configs.queues()) counts.push_back(line.counts);
  return counts;
}

size_t Engine::live_contacts() const { return core_->contacts.live(); }
uint64_t Engine::looked_at() const { return core_->looked_at; }

std::optional<ContactExplanation> Engine::Explain(const ContactId& contact, Instant now) const {
  const uint32_t found = core_->contacts.Find(contact);
  if (found == kNoIndex) return std::nullopt;
  return core_->Explain(found, now);
}

void Engine::CheckInvariants(Instant now) const { core_->CheckInvariants(now); }

}  // namespace meridian
