#include "libs/domain/findings.h"
#include "libs/domain/shown_text.h"

namespace meridian {
namespace {

void CheckSkills(const AgentConfig& agent, const References& references, const std::string& field, Findings& findings) {
  if (!findings.RequireAtMost(agent.skills.size(), kMaxSkillsPerAgent, field)) return;
  for (size_t i = 0; i < agent.skills.size(); ++i) {
    const std::string entry = At(field, i);
    findings.Require(references.skills.Has(agent.skills[i].skill.value), entry + ".skill",
                     "is not a skill of the tenant");
    findings.RequireRange(agent.skills[i].level, kMinSkillLevel, kMaxSkillLevel, entry + ".level");
  }
  RequireUnique(
      agent.skills, [](const AgentSkill& skill) { return std::string_view(skill.skill.value); }, field, ".skill",
      findings);
}

void CheckLanguages(const AgentConfig& agent, const std::string& field, Findings& findings) {
  if (!findings.RequireAtMost(agent.languages.size(), kMaxLanguagesPerAgent, field)) return;
  for (size_t i = 0; i < agent.languages.size(); ++i) {
    const SpokenLanguage& language = agent.languages[i];
    findings.Require(!language.tag.empty(), At(field, i) + ".tag", "must be a language");
    findings.Require(LanguageLevel::kWorking <= language.level && language.level <= LanguageLevel::kNative,
                     At(field, i) + ".level", "is unknown");
  }
  RequireUnique(
      agent.languages, [](const SpokenLanguage& language) { return language.tag; }, field, ".tag", findings);
}

void CheckCapacity(const TenantConfig& config, const AgentConfig& agent, const std::string& field, Findings& findings) {
  findings.RequireRange(agent.capacity_units, 1, kMaxCapacityUnits, field + ".capacity_units");
  const std::string channels = field + ".channels";
  findings.Require(!agent.channels.empty(), channels, "must have at least one entry");
  if (!findings.RequireAtMost(agent.channels.size(), kMaxChannels, channels)) return;
  for (size_t i = 0; i < agent.channels.size(); ++i) {
    const ChannelCapacity& capacity = agent.channels[i];
    const std::string entry = At(channels, i);
    const auto channel = std::find_if(config.channels.begin(), config.channels.end(),
                                      [&](const ChannelConfig& c) { return c.id == capacity.channel; });
    if (channel == config.channels.end()) {
      findings.Report(entry + ".channel", "is not a channel of the tenant");
      continue;
    }
    findings.Require(capacity.units >= channel->units, entry + ".units",
                     "must be enough for one contact of the channel: at least " + std::to_string(channel->units));
    findings.Require(capacity.units <= agent.capacity_units, entry + ".units",
                     "must not be more than the agent's capacity: at most " + std::to_string(agent.capacity_units));
  }
  RequireUnique(
      agent.channels, [](const ChannelCapacity& capacity) { return std::string_view(capacity.channel.value); },
      channels, ".channel", findings);
}

void CheckAgent(const TenantConfig& config, const AgentConfig& agent, const References& references,
                const std::string& field, Findings& findings) {
  findings.RequireName(agent.id.value, field + ".id");
  findings.Require(agent.display_name.size() <= kMaxDisplayNameBytes, field + ".display_name",
                   "must be at most " + std::to_string(kMaxDisplayNameBytes) + " bytes");
  findings.Require(!HasControlCharacter(agent.display_name), field + ".display_name",
                   "must be without control characters");
  findings.Require(agent.kind <= AgentKind::kExpert, field + ".kind", "is unknown");
  findings.Require(references.zones.Has(agent.zone), field + ".zone", "is not a zone of the tenant");
  findings.Require(agent.shift_group.empty() || references.shift_groups.Has(agent.shift_group.value),
                   field + ".shift_group", "is not a shift group of the tenant");
  findings.RequireRange(agent.weights.cost, 0, kMaxAgentWeight, field + ".weights.cost");
  findings.RequireRange(agent.weights.learned, 0, kMaxAgentWeight, field + ".weights.learned");
  CheckSkills(agent, references, field + ".skills", findings);
  CheckLanguages(agent, field + ".languages", findings);
  CheckCapacity(config, agent, field, findings);
}

}  // namespace

void CheckAgents(const TenantConfig& config, const References& references, Findings& findings) {
  if (!findings.RequireAtMost(config.agents.size(), kMaxAgents, "agents")) return;
  for (size_t i = 0; i < config.agents.size() && !findings.full(); ++i) {
    CheckAgent(config, config.agents[i], references, At("agents", i), findings);
  }
  RequireUnique(
      config.agents, [](const AgentConfig& agent) { return std::string_view(agent.id.value); }, "agents", ".id",
      findings);
}

}  // namespace meridian
