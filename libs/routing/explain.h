// Answers to "why this agent" and "why still waiting", on the current state. Values; any thread may hold them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/entity_id.h"
#include "libs/base/time.h"
#include "libs/domain/plan.h"
#include "libs/domain/states.h"

namespace meridian {

// The first criterion, in this order, by which an agent may not take the contact now.
enum class Criterion : uint8_t {
  kChannel,  // does not take the channel
  kSkills,
  kLanguage,
  kKind,
  kZone,
  kShift,     // eligible, but outside the shift
  kPresence,  // eligible, but offline or detached
  kActivity,  // attached, but away
  kCoolDown,
  kCapacity,  // available, but with too much work
  kDeclined,  // free, but let this very contact pass
  kNone,      // may take it
};
inline constexpr int kCriterionCount = 12;
std::string_view ToString(Criterion criterion);

struct CriterionCount {
  Criterion criterion = Criterion::kNone;
  uint32_t agents = 0;  // that fell at this criterion; with kNone: that may take the contact

  friend bool operator==(const CriterionCount&, const CriterionCount&) = default;
};

struct ContactExplanation {
  ContactId contact;
  ContactState state = ContactState::kQueued;
  QueueId queue;
  std::string rule;
  uint16_t step = 0;  // that holds now
  uint16_t step_count = 0;
  Instant next_step_at = Instant::Never();
  Instant virtual_start;
  Instant expires_at;
  std::optional<Instant> preferred_until;  // waits for its preferred agent alone until then
  uint32_t ahead = 0;                  // contacts with the same requirement that stand before it, at most 1000 counted
  AgentId agent;                       // who has it; empty while queued
  std::vector<CriterionCount> counts;  // over all agents, in the order of Criterion, without zeros
  std::string text;                    // one sentence in English
};

}  // namespace meridian
