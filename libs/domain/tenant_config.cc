#include "libs/domain/tenant_config.h"

#include <algorithm>

#include "libs/domain/findings.h"

namespace meridian {
namespace {

void CheckWhole(const TenantConfig& config, Findings& findings) {
  findings.RequireName(config.id.value, "tenant");  // as it is called wherever it is written
  findings.RequireRange(config.agent_grace, kMinAgentGrace, kMaxAgentGrace, "agent_grace");
  findings.Require(config.order != OrderPolicy::kAccumulating, "order",
                   "must be virtual_start or strict_priority; accumulating is not supported yet");
  const ScoreWeights& weights = config.weights;
  findings.RequireRange(weights.skill, 0, kMaxScoreWeight, "weights.skill");
  findings.RequireRange(weights.language, 0, kMaxScoreWeight, "weights.language");
  findings.RequireRange(weights.zone, 0, kMaxScoreWeight, "weights.zone");
  findings.RequireRange(weights.kind, 0, kMaxScoreWeight, "weights.kind");
  findings.RequireRange(weights.breadth, 0, kMaxScoreWeight, "weights.breadth");
  findings.RequireRange(weights.cost, 0, kMaxScoreWeight, "weights.cost");
  findings.RequireRange(weights.learned, 0, kMaxScoreWeight, "weights.learned");
}

void CheckRate(const RateQuota& rate, const std::string& field, Findings& findings) {
  findings.RequireRange(rate.per_second, 1, kMaxQuotaPerSecond, field + ".per_second");
  findings.RequireRange(rate.burst, 1, kMaxQuotaBurst, field + ".burst");
}

void CheckQuotas(const TenantQuotas& quotas, Findings& findings) {
  CheckRate(quotas.new_contacts, "quotas.new_contacts", findings);
  CheckRate(quotas.messages, "quotas.messages", findings);
  findings.RequireRange(quotas.waiting_contacts, 1, kMaxQuotaWaitingContacts, "quotas.waiting_contacts");
}

}  // namespace

TenantConfig WithoutAgents(const TenantConfig& config) {
  // Named one by one, so that a field that is added is not forgotten here.
  const auto& [id, revision, zones, shift_groups, skills, attributes, channels, queues, plans, agents, sites, order,
               weights, agent_grace, quotas] = config;
  return {id,    revision, zones, shift_groups, skills,  attributes,  channels, queues,
          plans, {},       sites, order,        weights, agent_grace, quotas};
}

std::string_view ToString(OrderPolicy policy) {
  switch (policy) {
    case OrderPolicy::kVirtualStart:
      return "virtual_start";
    case OrderPolicy::kStrictPriority:
      return "strict_priority";
    case OrderPolicy::kAccumulating:
      return "accumulating";
  }
  return "unknown";
}

void Normalize(TenantConfig& config) {
  for (ZoneTable& zone : config.zones) std::sort(zone.transitions.begin(), zone.transitions.end());
  for (ShiftGroup& group : config.shift_groups) {
    std::sort(group.schedule.exceptions.begin(), group.schedule.exceptions.end());
  }
  for (PlanConfig& plan : config.plans) {
    for (Rule& rule : plan.rules) {
      for (Step& step : rule.steps) {
        std::sort(step.skills.begin(), step.skills.end());
        std::sort(step.zones.begin(), step.zones.end());
      }
    }
  }
}

std::vector<FieldViolation> Validate(const TenantConfig& config) {
  Findings findings;
  const References references(config);
  CheckWhole(config, findings);
  CheckCalendar(config, findings);
  CheckVocabulary(config, findings);
  CheckChannels(config, findings);
  CheckQueues(config, references, findings);
  CheckPlans(config, references, findings);
  CheckAgents(config, references, findings);
  CheckSites(config, findings);
  CheckQuotas(config.quotas, findings);
  return findings.Take();
}

}  // namespace meridian
