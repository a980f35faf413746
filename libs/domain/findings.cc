#include "libs/domain/findings.h"

namespace meridian {
namespace {

std::vector<ChannelId> ChannelsOf(const TenantConfig& config) {
  std::vector<ChannelId> channels;
  for (const ChannelConfig& channel : config.channels) channels.push_back(channel.id);
  return channels;
}

}  // namespace

std::string InWords(Duration duration) {
  struct Unit {
    Duration length;
    const char* name;
  };
  for (const Unit& unit : {Unit{Duration::Hours(1), " h"}, Unit{Duration::Minutes(1), " min"},
                           Unit{Duration::Seconds(1), " s"}, Unit{Duration::Milliseconds(1), " ms"}}) {
    if (duration.ns != 0 && duration.ns % unit.length.ns == 0) {
      return std::to_string(duration.ns / unit.length.ns) + unit.name;
    }
  }
  return duration == Duration::Zero() ? "0 s" : std::to_string(duration.ns) + " ns";
}

void Findings::RequireRange(int64_t value, int64_t min, int64_t max, const std::string& field) {
  if (value >= min && value <= max) return;
  Report(field, "must be between " + std::to_string(min) + " and " + std::to_string(max));
}

void Findings::RequireRange(Duration value, Duration min, Duration max, const std::string& field) {
  if (value >= min && value <= max) return;
  Report(field, "must be between " + InWords(min) + " and " + InWords(max));
}

bool Findings::RequireAtMost(size_t count, size_t max, const std::string& field) {
  if (count <= max) return true;
  Report(field, "must have at most " + std::to_string(max) + " entries");
  return false;
}

void Findings::RequireName(std::string_view name, const std::string& field) {
  Require(IsValidName(name), field,
          "must be 1 to 63 characters of a-z, 0-9, '_', '.', '-' that begin and end with a letter or digit");
}

References::References(const TenantConfig& config)
    : zones(config.zones, [](const ZoneTable& zone) { return std::string_view(zone.name); }),
      shift_groups(config.shift_groups, [](const ShiftGroup& group) { return std::string_view(group.id.value); }),
      skills(config.skills, [](const SkillId& skill) { return std::string_view(skill.value); }),
      queues(config.queues, [](const QueueConfig& queue) { return std::string_view(queue.id.value); }),
      channels(ChannelsOf(config)) {}

}  // namespace meridian
