// Levelled skills: what an agent has and what a step asks for. Values and pure functions, any thread.
#pragma once

#include <compare>
#include <cstdint>
#include <span>

#include "libs/domain/names.h"

namespace meridian {

inline constexpr uint8_t kMinSkillLevel = 1;
inline constexpr uint8_t kMaxSkillLevel = 10;

struct AgentSkill {
  SkillId skill;
  uint8_t level = kMinSkillLevel;

  friend auto operator<=>(const AgentSkill&, const AgentSkill&) = default;
};

struct SkillRequirement {
  SkillId skill;
  uint8_t min_level = kMinSkillLevel;

  friend auto operator<=>(const SkillRequirement&, const SkillRequirement&) = default;
};

// True when `skills` hold each required skill at its level or higher. Both sorted by skill, without duplicates.
bool HasSkills(std::span<const AgentSkill> skills, std::span<const SkillRequirement> required);

// Sum over the required skills of (level − min_level): by how much `skills` exceed what is asked. Only meaningful when
// HasSkills. Both sorted by skill.
int SkillSurplus(std::span<const AgentSkill> skills, std::span<const SkillRequirement> required);

}  // namespace meridian
