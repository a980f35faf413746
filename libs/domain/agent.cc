#include "libs/domain/agent.h"

#include <algorithm>

#include "libs/base/uuid.h"

namespace meridian {
namespace {

template <typename T>
std::vector<T> Sorted(std::vector<T> items) {
  std::sort(items.begin(), items.end());
  return items;
}

// Each part with its length before it, so that no two profiles give the same bytes.
void AppendText(std::string& bytes, std::string_view text) {
  bytes.append(std::to_string(text.size())).append(":").append(text);
}
void AppendNumber(std::string& bytes, int64_t number) { bytes.append(std::to_string(number)).append(";"); }

}  // namespace

std::string_view ToString(AgentKind kind) {
  switch (kind) {
    case AgentKind::kHuman:
      return "human";
    case AgentKind::kBot:
      return "bot";
    case AgentKind::kExpert:
      return "expert";
  }
  return "unknown";
}

std::optional<AgentKind> ParseAgentKind(std::string_view text) {
  for (auto kind : {AgentKind::kHuman, AgentKind::kBot, AgentKind::kExpert}) {
    if (text == ToString(kind)) return kind;
  }
  return std::nullopt;
}

Profile ProfileOf(const AgentConfig& agent) {
  return {.kind = agent.kind,
          .capacity_units = agent.capacity_units,
          .weights = agent.weights,
          .zone = agent.zone,
          .shift_group = agent.shift_group,
          .skills = Sorted(agent.skills),
          .languages = Sorted(agent.languages),
          .channels = Sorted(agent.channels)};
}

uint64_t StableHash(const Profile& profile) {
  std::string bytes;
  AppendNumber(bytes, static_cast<int64_t>(profile.kind));
  AppendNumber(bytes, profile.capacity_units);
  AppendNumber(bytes, profile.weights.cost);
  AppendNumber(bytes, profile.weights.learned);
  AppendText(bytes, profile.zone);
  AppendText(bytes, profile.shift_group.value);
  AppendNumber(bytes, static_cast<int64_t>(profile.skills.size()));
  for (const AgentSkill& skill : profile.skills) {
    AppendText(bytes, skill.skill.value);
    AppendNumber(bytes, skill.level);
  }
  AppendNumber(bytes, static_cast<int64_t>(profile.languages.size()));
  for (const SpokenLanguage& language : profile.languages) {
    AppendText(bytes, language.tag.ToString());
    AppendNumber(bytes, static_cast<int64_t>(language.level));
  }
  for (const ChannelCapacity& channel : profile.channels) {
    AppendText(bytes, channel.channel.value);
    AppendNumber(bytes, channel.units);
  }
  return StableHash(bytes);
}

uint16_t ChannelUnits(const Profile& profile, const ChannelId& channel) {
  for (const ChannelCapacity& capacity : profile.channels) {
    if (capacity.channel == channel) return capacity.units;
  }
  return 0;
}

}  // namespace meridian
