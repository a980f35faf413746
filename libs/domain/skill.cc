#include "libs/domain/skill.h"

namespace meridian {
namespace {

// The entry for `required`, looked for from `next` on in the sorted `skills`; nullptr when absent.
const AgentSkill* FindFrom(std::span<const AgentSkill> skills, size_t& next, const SkillId& required) {
  while (next < skills.size() && skills[next].skill < required) ++next;
  return next < skills.size() && skills[next].skill == required ? &skills[next] : nullptr;
}

}  // namespace

bool HasSkills(std::span<const AgentSkill> skills, std::span<const SkillRequirement> required) {
  size_t next = 0;
  for (const SkillRequirement& requirement : required) {
    const AgentSkill* found = FindFrom(skills, next, requirement.skill);
    if (found == nullptr || found->level < requirement.min_level) return false;
  }
  return true;
}

int SkillSurplus(std::span<const AgentSkill> skills, std::span<const SkillRequirement> required) {
  int surplus = 0;
  size_t next = 0;
  for (const SkillRequirement& requirement : required) {
    const AgentSkill* found = FindFrom(skills, next, requirement.skill);
    if (found != nullptr) surplus += found->level - requirement.min_level;
  }
  return surplus;
}

}  // namespace meridian
