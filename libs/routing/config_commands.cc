#include <algorithm>
#include <utility>

#include "libs/base/check.h"
#include "libs/routing/engine_core.h"

namespace meridian {
namespace {

// So many agents are moved to a new configuration inside the command that publishes it; the rest in slices.
constexpr size_t kAgentsAtOnce = 512;
constexpr size_t kRemovalsPerSlice = 48;
// One with all skills, languages and channels, and the longest names.
constexpr size_t kAgentRevisionBytes = 12 * 1024;

// The configuration with this agent as its only one: enough to check the agent.
TenantConfig WithOnly(const TenantConfig& config, const AgentConfig& agent) {
  TenantConfig reduced;
  reduced.id = config.id;
  reduced.revision = config.revision;
  reduced.zones = config.zones;
  reduced.shift_groups = config.shift_groups;
  reduced.skills = config.skills;
  reduced.attributes = config.attributes;
  reduced.channels = config.channels;
  reduced.agents = {agent};
  return reduced;
}

std::optional<Answer> Broken(const std::vector<FieldViolation>& violations) {
  if (violations.empty()) return std::nullopt;
  return Refuse(Refusal::kInvalidConfig, violations[0].field + " " + violations[0].rule);
}

}  // namespace

Answer EngineCore::Apply(const PublishConfig& command) {
  const TenantConfig& config = command.config;
  if (config.revision <= configs.revision()) {
    const PublishedConfig* same = configs.Find(config.revision);
    if (same == nullptr || same->record.digest != command.digest) {
      return Refuse(Refusal::kStaleRevision,
                    "revision " + std::to_string(configs.revision()) + " is published already");
    }
    Answer answer;
    answer.repeated = true;
    return answer;
  }
  if (config.id != tenant) return Refuse(Refusal::kInvalidConfig, "id must be the tenant's");
  for (const ChannelConfig& channel : config.channels) {
    if (index.ChannelNumber(channel.id) < kMaxChannelsEver) continue;
    return Refuse(Refusal::kNotSupported, "too many channel names were used over all revisions");
  }
  configs.Add({std::make_shared<const TenantConfig>(config), command.digest, now()}, index);
  configs.newest()->changed = true;
  for (const auto& [agent, record] : configs.revised()) stale_revisions_.insert(agent);
  configs.ForgetRevisions();
  DropRevisionsSlice();
  out.EmitConfig(config.revision, ConfigPublished{config.revision, command.digest});
  RereadShifts();
  BeginReindex();
  ReindexSlice(kAgentsAtOnce);
  DropUnusedConfigs();
  return {};
}

Answer EngineCore::Apply(const ReviseAgent& command) {
  if (configs.newest() == nullptr) return Refuse(Refusal::kNoConfiguration, "no configuration was published yet");
  AgentRevisionRecord record{command.revision, command.agent, command.config};
  if (command.revision <= configs.revision()) {
    const AgentRevisionRecord* same = configs.FindRevised(command.agent);
    if (same == nullptr || !(*same == record)) {
      return Refuse(Refusal::kStaleRevision,
                    "revision " + std::to_string(configs.revision()) + " is published already");
    }
    Answer answer;
    answer.repeated = true;
    return answer;
  }
  if (command.config) {
    if (command.config->id != command.agent) return Refuse(Refusal::kInvalidConfig, "the agent's id may not change");
    if (auto broken = Broken(Validate(WithOnly(*configs.newest()->record.config, *command.config)))) {
      return *std::move(broken);
    }
  } else if (agents.Find(command.agent) == kNoIndex || agents.at(agents.Find(command.agent)).profile == kNoIndex) {
    return Refuse(Refusal::kUnknownAgent, "the configuration has no agent " + command.agent.value);
  }
  configs.Revise(std::move(record));
  stale_revisions_.erase(command.agent);
  out.changed_revisions.insert(command.agent);
  out.bytes += kAgentRevisionBytes;
  out.EmitConfig(command.revision, AgentRevised{command.revision, command.agent, !command.config});
  if (command.config) {
    AssignProfile(agents.FindOrAdd(command.agent), ProfileOf(*command.config));
  } else {
    RemoveAgent(agents.Find(command.agent));
  }
  return {};
}

void EngineCore::BeginReindex() {
  reindex_config_ = configs.newest()->record.config;
  reindex_at_ = 0;
  leaving_.clear();
}

void EngineCore::ReindexSlice(size_t count) {
  const uint64_t revision = reindex_config_->revision;
  const size_t configured = reindex_config_->agents.size();
  for (; count > 0 && reindex_at_ < configured; --count, ++reindex_at_) {
    const AgentConfig& config = reindex_config_->agents[reindex_at_];
    const AgentRevisionRecord* revised = configs.FindRevised(config.id);
    const uint32_t agent = agents.FindOrAdd(config.id);
    if (revised != nullptr) continue;  // restored: its own revision is newer, see RestoreAgents
    agents.at(agent).seen_revision = revision;
    AssignProfile(agent, ProfileOf(config));
  }
  // Then whoever the new configuration does not have, by name.
  for (; count > 0 && reindex_at_ < configured + agents.size(); --count, ++reindex_at_) {
    const auto agent = static_cast<uint32_t>(reindex_at_ - configured);
    const AgentSlot& slot = agents.at(agent);
    if (slot.profile == kNoIndex || slot.seen_revision == revision) continue;
    if (configs.FindRevised(slot.record.agent) == nullptr) leaving_.emplace(slot.record.agent, agent);
  }
  if (reindex_at_ < configured + agents.size()) return;
  count = std::min(count, kRemovalsPerSlice);
  for (; count > 0 && !leaving_.empty() && MayChangeMore(); --count) {
    const auto [id, agent] = *leaving_.begin();
    if (configs.FindRevised(id) == nullptr) RemoveAgent(agent);
    leaving_.erase(leaving_.begin());
  }
  if (!leaving_.empty()) return;
  index.DropIdleClasses(revision);
  reindex_config_ = nullptr;
}

// Looks at each agent whom the slices have not come to: some 300 µs for 100,000, and only while they have not.
bool EngineCore::IndexAhead(const AgentId& agent) {
  if (!reindexing() || reindex_at_ >= reindex_config_->agents.size() || configs.FindRevised(agent) != nullptr) {
    return false;
  }
  const auto& configured = reindex_config_->agents;
  const auto found = std::find_if(configured.begin() + static_cast<ptrdiff_t>(reindex_at_), configured.end(),
                                  [&](const AgentConfig& config) { return config.id == agent; });
  if (found == configured.end()) return false;
  const uint32_t index_of = agents.FindOrAdd(agent);
  agents.at(index_of).seen_revision = reindex_config_->revision;
  AssignProfile(index_of, ProfileOf(*found));
  return true;
}

void EngineCore::DropRevisionsSlice() {
  for (; !stale_revisions_.empty() && MayChangeMore(); stale_revisions_.erase(stale_revisions_.begin())) {
    out.dropped_revisions.insert(*stale_revisions_.begin());
    out.bytes += kOtherRecordBytes;
  }
}

void EngineCore::RereadShifts() {
  for (uint32_t shift = 0; shift < configs.shift_count(); ++shift) RefreshShift(shift);
}

void EngineCore::RefreshShift(uint32_t shift) {
  ShiftLine& line = configs.shift(shift);
  configs.ReadHours(line, now());
  timers_.Set(TimerKind::kShift, shift, line.tie, line.next_change);
  for (const uint32_t profile : line.profiles) {
    index.profile(profile).open = line.open;
    MarkDirty(profile);
  }
  if (!line.open) return;
  for (const auto& [agent, waiting] : preferred_lines_) freed_agents_.insert(agent);
}

void EngineCore::DropConfiguredAgents() {
  for (auto& [revision, published] : configs.all()) {
    auto& config = published.record.config;
    if (config->agents.empty()) continue;
    config = std::make_shared<const TenantConfig>(WithoutAgents(*config));
    index.ReplaceConfig(revision, config);
  }
}

void EngineCore::DropUnusedConfigs() {
  for (const uint64_t revision : configs.DropUnused()) out.dropped_configs.push_back(revision);
}

}  // namespace meridian
