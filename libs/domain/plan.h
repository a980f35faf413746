// Plans: first-match rules choose a queue and a list of steps; each step says in full who is eligible, so that a later
// step may drop, lower or replace what an earlier one asked. Values and pure functions, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/entity_id.h"
#include "libs/base/time.h"
#include "libs/domain/agent.h"
#include "libs/domain/contact.h"
#include "libs/domain/language.h"
#include "libs/domain/names.h"
#include "libs/domain/predicate.h"
#include "libs/domain/skill.h"

namespace meridian {

enum class LanguagePolicy : uint8_t {
  kContact,         // the contact's own language
  kContactOrAdded,  // that, or one of the step's `added_languages`
  kAny,             // no demand
};
std::string_view ToString(LanguagePolicy policy);

struct Step {
  Duration after;                        // since the contact waits; the first step's is zero, then strictly rising
  std::vector<SkillRequirement> skills;  // sorted by skill
  LanguagePolicy language = LanguagePolicy::kContact;
  LanguageLevel min_language_level = LanguageLevel::kWorking;  // not read with kAny
  std::vector<LanguageTag> added_languages;                    // in order of preference
  AgentKinds kinds = AgentKinds::All();
  std::vector<ZoneName> zones;  // of the agents, sorted; empty: every zone

  friend bool operator==(const Step&, const Step&) = default;
};

struct Rule {
  std::string name;  // unique in its plan, in the form of a name; shown in decision records
  Predicate when;    // always, by default
  QueueId queue;
  int16_t priority = 0;     // points, kMinPriority to kMaxPriority
  Duration head_start;      // not negative
  Duration preferred_wait;  // a contact with a preferred agent waits so long for that agent alone
  std::vector<Step> steps;  // at least one

  friend bool operator==(const Rule&, const Rule&) = default;
};

struct PlanConfig {
  PlanId id;
  std::vector<Rule> rules;  // the first that matches holds

  friend bool operator==(const PlanConfig&, const PlanConfig&) = default;
};

// Plans are read in order, rules within a plan in order; nullopt when none matches.
struct RuleIndex {
  uint16_t plan = 0;
  uint16_t rule = 0;

  friend auto operator<=>(const RuleIndex&, const RuleIndex&) = default;
};
std::optional<RuleIndex> MatchRule(std::span<const PlanConfig> plans, const RoutingFacts& facts);

// Which step holds at `now`. A contact begins at `first_step` (0, or the step after the one that found the agent who
// transferred it; beyond the last step means the last) when it begins to wait at `waiting_since`; each later step then
// holds from as long after that as it lies after `first_step` in the plan. Steps must not be empty.
size_t EffectiveStep(std::span<const Step> steps, size_t first_step, Instant waiting_since, Instant now);
// When the step after that begins, later than `now`; Instant::Never() when the last step holds.
Instant NextStepAt(std::span<const Step> steps, size_t first_step, Instant waiting_since, Instant now);

// The place in line: earlier is served first. enqueued_at − head start − priority × time per point.
Instant VirtualStart(Instant enqueued_at, Duration head_start, int priority, Duration time_per_priority_point);

// The level at which an agent with these languages serves the contact's language under the step, or nullopt. Working
// when no language is known. With kAny the level for the contact's language where there is one, else working. An added
// language counts only when the contact's own is not served at the step's level; of several the first that is.
std::optional<LanguageLevel> StepLanguageLevel(const Step& step, const LanguageTag& wanted,
                                               std::span<const SpokenLanguage> spoken);

// Skills, kind, zone and language (not capacity, shift, or presence).
bool IsEligible(const Step& step, const LanguageTag& wanted, const Profile& profile);

}  // namespace meridian
