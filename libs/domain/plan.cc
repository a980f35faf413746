#include "libs/domain/plan.h"

#include <algorithm>

#include "libs/base/check.h"

namespace meridian {
namespace {

// When step `i` begins for a contact that began at `first` when it began to wait.
Instant BeginOf(std::span<const Step> steps, size_t first, size_t i, Instant waiting_since) {
  return waiting_since + (steps[i].after - steps[first].after);
}

std::optional<LanguageLevel> AtLeast(std::optional<LanguageLevel> level, LanguageLevel min) {
  return level && *level >= min ? level : std::nullopt;
}

}  // namespace

std::string_view ToString(LanguagePolicy policy) {
  switch (policy) {
    case LanguagePolicy::kContact:
      return "contact";
    case LanguagePolicy::kContactOrAdded:
      return "contact_or_added";
    case LanguagePolicy::kAny:
      return "any";
  }
  return "unknown";
}

std::optional<RuleIndex> MatchRule(std::span<const PlanConfig> plans, const RoutingFacts& facts) {
  for (size_t plan = 0; plan < plans.size(); ++plan) {
    const std::vector<Rule>& rules = plans[plan].rules;
    for (size_t rule = 0; rule < rules.size(); ++rule) {
      if (!Evaluate(rules[rule].when, facts)) continue;
      return RuleIndex{static_cast<uint16_t>(plan), static_cast<uint16_t>(rule)};
    }
  }
  return std::nullopt;
}

size_t EffectiveStep(std::span<const Step> steps, size_t first_step, Instant waiting_since, Instant now) {
  MERIDIAN_CHECK(!steps.empty());
  const size_t first = std::min(first_step, steps.size() - 1);
  size_t step = first;
  while (step + 1 < steps.size() && BeginOf(steps, first, step + 1, waiting_since) <= now) ++step;
  return step;
}

Instant NextStepAt(std::span<const Step> steps, size_t first_step, Instant waiting_since, Instant now) {
  const size_t next = EffectiveStep(steps, first_step, waiting_since, now) + 1;
  if (next >= steps.size()) return Instant::Never();
  return BeginOf(steps, std::min(first_step, steps.size() - 1), next, waiting_since);
}

Instant VirtualStart(Instant enqueued_at, Duration head_start, int priority, Duration time_per_priority_point) {
  return enqueued_at - head_start - time_per_priority_point * priority;
}

std::optional<LanguageLevel> StepLanguageLevel(const Step& step, const LanguageTag& wanted,
                                               std::span<const SpokenLanguage> spoken) {
  if (wanted.empty()) return LanguageLevel::kWorking;
  const auto own = ServedLevel(spoken, wanted);
  if (step.language == LanguagePolicy::kAny) return own.value_or(LanguageLevel::kWorking);
  if (auto level = AtLeast(own, step.min_language_level); level || step.language == LanguagePolicy::kContact) {
    return level;
  }
  for (const LanguageTag& added : step.added_languages) {
    if (auto level = AtLeast(ServedLevel(spoken, added), step.min_language_level)) return level;
  }
  return std::nullopt;
}

bool IsEligible(const Step& step, const LanguageTag& wanted, const Profile& profile) {
  return step.kinds.Has(profile.kind) && HasSkills(profile.skills, step.skills) &&
         (step.zones.empty() || std::binary_search(step.zones.begin(), step.zones.end(), profile.zone)) &&
         StepLanguageLevel(step, wanted, profile.languages).has_value();
}

}  // namespace meridian
