#include "libs/domain/findings.h"

namespace meridian {
namespace {

void CheckSkills(const Step& step, const References& references, const std::string& field, Findings& findings) {
  if (!findings.RequireAtMost(step.skills.size(), kMaxSkillsPerStep, field)) return;
  for (size_t i = 0; i < step.skills.size(); ++i) {
    const SkillRequirement& requirement = step.skills[i];
    const std::string entry = At(field, i);
    findings.Require(references.skills.Has(requirement.skill.value), entry + ".skill", "is not a skill of the tenant");
    findings.RequireRange(requirement.min_level, kMinSkillLevel, kMaxSkillLevel, entry + ".min_level");
    findings.Require(i == 0 || step.skills[i - 1].skill < requirement.skill, entry + ".skill",
                     "must be unique; another entry has the same");
  }
}

void CheckLanguages(const Step& step, const std::string& field, Findings& findings) {
  findings.Require(step.language <= LanguagePolicy::kAny, field + ".language", "is unknown");
  findings.Require(
      LanguageLevel::kWorking <= step.min_language_level && step.min_language_level <= LanguageLevel::kNative,
      field + ".min_language_level", "is unknown");
  const std::string added = field + ".added_languages";
  const bool adds = step.language == LanguagePolicy::kContactOrAdded;
  findings.Require(adds == !step.added_languages.empty(), added,
                   "must have an entry with the policy contact_or_added, and none with another");
  if (!findings.RequireAtMost(step.added_languages.size(), kMaxLanguagesPerStep, added)) return;
  for (size_t i = 0; i < step.added_languages.size(); ++i) {
    findings.Require(!step.added_languages[i].empty(), At(added, i), "must be a language");
  }
  RequireUnique(
      step.added_languages, [](const LanguageTag& tag) { return tag; }, added, "", findings);
}

void CheckZones(const Step& step, const References& references, const std::string& field, Findings& findings) {
  if (!findings.RequireAtMost(step.zones.size(), kMaxZonesPerStep, field)) return;
  for (size_t i = 0; i < step.zones.size(); ++i) {
    findings.Require(references.zones.Has(step.zones[i]), At(field, i), "is not a zone of the tenant");
    findings.Require(i == 0 || step.zones[i - 1] < step.zones[i], At(field, i),
                     "must be unique; another entry has the same");
  }
}

void CheckSteps(const std::vector<Step>& steps, const References& references, const std::string& field,
                Findings& findings) {
  findings.Require(!steps.empty(), field, "must have at least one entry");
  if (!findings.RequireAtMost(steps.size(), kMaxStepsPerRule, field)) return;
  for (size_t i = 0; i < steps.size(); ++i) {
    const Step& step = steps[i];
    const std::string entry = At(field, i);
    findings.RequireRange(step.after, Duration::Zero(), kMaxStepAfter, entry + ".after");
    findings.Require(i > 0 || step.after == Duration::Zero(), entry + ".after", "must be zero for the first step");
    findings.Require(i == 0 || steps[i - 1].after < step.after, entry + ".after", "must be later than the step before");
    findings.Require(!step.kinds.empty(), entry + ".kinds", "must name at least one kind of agent");
    CheckSkills(step, references, entry + ".skills", findings);
    CheckLanguages(step, entry, findings);
    CheckZones(step, references, entry + ".zones", findings);
  }
}

void CheckRule(const TenantConfig& config, const Rule& rule, const References& references, const std::string& field,
               Findings& findings) {
  findings.RequireName(rule.name, field + ".name");
  findings.Add(CheckPredicate(rule.when, field + ".when", config.attributes, references.channels));
  findings.Require(references.queues.Has(rule.queue.value), field + ".queue", "is not a queue of the tenant");
  findings.RequireRange(rule.priority, kMinPriority, kMaxPriority, field + ".priority");
  findings.RequireRange(rule.head_start, Duration::Zero(), kMaxHeadStart, field + ".head_start");
  findings.RequireRange(rule.preferred_wait, Duration::Zero(), kMaxPreferredWait, field + ".preferred_wait");
  CheckSteps(rule.steps, references, field + ".steps", findings);
}

}  // namespace

void CheckPlans(const TenantConfig& config, const References& references, Findings& findings) {
  if (!findings.RequireAtMost(config.plans.size(), kMaxPlans, "plans")) return;
  for (size_t i = 0; i < config.plans.size(); ++i) {
    const PlanConfig& plan = config.plans[i];
    const std::string field = At("plans", i);
    const std::string rules = field + ".rules";
    findings.RequireName(plan.id.value, field + ".id");
    findings.Require(!plan.rules.empty(), rules, "must have at least one entry");
    if (!findings.RequireAtMost(plan.rules.size(), kMaxRulesPerPlan, rules)) continue;
    for (size_t j = 0; j < plan.rules.size() && !findings.full(); ++j) {
      CheckRule(config, plan.rules[j], references, At(rules, j), findings);
    }
    RequireUnique(
        plan.rules, [](const Rule& rule) { return std::string_view(rule.name); }, rules, ".name", findings);
  }
  RequireUnique(
      config.plans, [](const PlanConfig& plan) { return std::string_view(plan.id.value); }, "plans", ".id", findings);
}

}  // namespace meridian
