#include "tests/unit/routing/engine_world.h"

#include <algorithm>

#include "libs/base/check.h"

namespace meridian {
namespace {

const TenantId kTenant{"demo"};
const RegionCode kRegion = *RegionCode::Parse("eu1");

template <typename Map, typename Each>
void ForEach(const Map& map, int order, Each each) {
  std::vector<const typename Map::mapped_type*> values;
  for (const auto& [key, value] : map) values.push_back(&value);
  if (order == 1) std::reverse(values.begin(), values.end());
  for (const auto* value : values) each(*value);
}

}  // namespace

void StoredRecords::Apply(const RecordChanges& changes) {
  for (const ContactRecord* record : changes.contacts) contacts[record->spec.id] = *record;
  for (const ContactId& id : changes.ended_contacts) contacts.erase(id);
  for (const AgentRecord* record : changes.agents) agents[record->agent] = *record;
  for (const ConfigRecord* record : changes.configs) configs[record->config->revision] = *record;
  for (const uint64_t revision : changes.dropped_configs) configs.erase(revision);
  for (const AgentRevisionRecord* record : changes.agent_revisions) agent_revisions[record->agent] = *record;
  for (const AgentId& agent : changes.dropped_agent_revisions) agent_revisions.erase(agent);
  if (changes.head != nullptr) head = *changes.head;
}

std::unique_ptr<Engine> StoredRecords::Load(const TenantId& tenant, int order) const {
  auto engine = std::make_unique<Engine>(tenant, kRegion);
  const auto restore = [&](const auto& record) { engine->Restore(record); };
  ForEach(contacts, order, restore);
  ForEach(agents, order, restore);
  ForEach(configs, order, restore);
  ForEach(agent_revisions, order, restore);
  engine->Restore(head);
  return engine;
}

EngineWorld::EngineWorld(Instant start) : now_(start), engine_(std::make_unique<Engine>(kTenant, kRegion)) {
  engine_->FinishLoad(term_, now_);
  Drain();
}

EngineWorld::EngineWorld(const EngineWorld& other, int order)
    : now_(other.now_), term_(other.term_ + 1), engine_(other.stored_.Load(kTenant, order)), stored_(other.stored_) {
  engine_->FinishLoad(term_, now_);
  Drain();
}

Answer EngineWorld::Run(const Command& command) {
  Answer answer = engine_->Apply(command, now_);
  Drain();
  return answer;
}

void EngineWorld::PassTo(Instant instant) {
  while (engine_->NextDeadline() <= instant) {
    now_ = std::max(now_, engine_->NextDeadline());
    engine_->Advance(now_);
    Drain();
  }
  now_ = std::max(now_, instant);
}

void EngineWorld::Pass(Duration time) { PassTo(now_ + time); }

void EngineWorld::Restart(Duration outage) {
  now_ = now_ + outage;
  engine_ = stored_.Load(kTenant);
  engine_->FinishLoad(++term_, now_);
  Drain();
}

void EngineWorld::Drain() {
  for (const Event& event : engine_->events()) {
    if (on_event) on_event(event);
    events_.push_back(event);
  }
  messages_.insert(messages_.end(), engine_->messages().begin(), engine_->messages().end());
  MERIDIAN_CHECK(engine_->ChangedRecordCount() <= kMaxRecordsPerCall);
  MERIDIAN_CHECK(engine_->ChangedRecordBytes() <= kMaxBytesPerCall);
  stored_.Apply(engine_->ChangedRecords());
  engine_->ClearEffects();
}

std::vector<std::string> EngineWorld::TakeEventNames() {
  std::vector<std::string> names;
  for (const Event& event : TakeEvents()) {
    if (event.topic != EventTopic::kFact) names.emplace_back(NameOf(event.body));
  }
  return names;
}

ContactId EngineWorld::Contact(uint64_t n) { return {kRegion, Uuid{0x0190000000007000ULL, n}}; }
ConversationId EngineWorld::Conversation(uint64_t n) { return {kRegion, Uuid{0x0190000000007001ULL, n}}; }

ContactSpec EngineWorld::Spec(uint64_t n, const std::string& language, const std::string& channel) const {
  ContactSpec spec;
  spec.id = Contact(n);
  spec.conversation = Conversation(n);
  spec.customer = {kRegion, Uuid{0x0190000000007002ULL, n}};
  spec.channel = ChannelId{channel};
  spec.language = *LanguageTag::Parse(language);
  spec.language_confidence_permille = kFullConfidence;
  spec.enqueued_at = now_;
  return spec;
}

Answer EngineWorld::Enqueue(uint64_t n, const std::string& language, const std::string& channel) {
  return Do(EnqueueContact{Spec(n, language, channel)});
}

Answer EngineWorld::Attach(const std::string& agent, uint64_t attachment) {
  return Do(AttachAgent{AgentId{agent}, {attachment}, GatewayKey{"g1"}, Activity::Available()});
}

const ContactRecord& EngineWorld::ContactAt(uint64_t n) const {
  const ContactRecord* record = engine_->FindContact(Contact(n));
  MERIDIAN_CHECK(record != nullptr);
  return *record;
}

AgentView EngineWorld::AgentAt(const std::string& agent) const {
  const auto view = engine_->FindAgent(AgentId{agent});
  MERIDIAN_CHECK(view.has_value());
  return *view;
}

TenantConfig SmallTenant() {
  TenantConfig config;
  config.id = kTenant;
  config.revision = 1;
  config.zones = {{.name = "Etc/UTC", .transitions = {{Instant{0}, 0}}}};
  config.channels = {{.id = ChannelId{"chat"}},
                     {.id = ChannelId{"voice"}, .units = 1, .exclusive = true, .joins_media = true}};
  config.queues = {{.id = QueueId{"main"}}};
  config.plans = {{.id = PlanId{"default"},
                   .rules = {{.name = "everyone", .when = {}, .queue = QueueId{"main"}, .steps = {Step{}}}}}};
  return config;
}

AgentConfig MakeAgent(const std::string& id, const std::vector<std::pair<std::string, LanguageLevel>>& languages,
                      uint16_t capacity) {
  AgentConfig agent;
  agent.id = AgentId{id};
  agent.zone = "Etc/UTC";
  agent.capacity_units = capacity;
  agent.channels = {{ChannelId{"chat"}, capacity}, {ChannelId{"voice"}, capacity}};
  for (const auto& [tag, level] : languages) agent.languages.push_back({*LanguageTag::Parse(tag), level});
  return agent;
}

PublishConfig Publication(TenantConfig config) {
  const uint64_t digest = config.revision * 1000;
  return {std::move(config), digest};
}

}  // namespace meridian
