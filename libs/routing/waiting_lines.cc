// Which rule, step and place a contact has, and how it enters and leaves a line.
#include <algorithm>

#include "libs/base/check.h"
#include "libs/routing/engine_core.h"

namespace meridian {

const PublishedConfig& EngineCore::PlanConfigOf(const ContactRecord& record) const {
  const PublishedConfig* config = configs.Find(record.plan_revision);
  MERIDIAN_CHECK(config != nullptr);
  return *config;
}

const Rule& EngineCore::RuleOf(const ContactRecord& record) const {
  const TenantConfig& config = *PlanConfigOf(record).record.config;
  return config.plans[record.rule.plan].rules[record.rule.rule];
}

const QueueConfig& EngineCore::QueueOf(const ContactRecord& record) const {
  const TenantConfig& config = *PlanConfigOf(record).record.config;
  const QueueConfig* queue = FindQueue(config, config.plans[record.rule.plan].rules[record.rule.rule].queue);
  MERIDIAN_CHECK(queue != nullptr);
  return *queue;
}

void EngineCore::SetRule(ContactRecord& record, const PublishedConfig& config, RuleIndex rule_index) const {
  const TenantConfig& tenant_config = *config.record.config;
  const Rule& rule = tenant_config.plans[rule_index.plan].rules[rule_index.rule];
  const QueueConfig* queue = FindQueue(tenant_config, rule.queue);
  MERIDIAN_CHECK(queue != nullptr);
  record.plan_revision = tenant_config.revision;
  record.rule = rule_index;
  record.virtual_start = VirtualStart(record.spec.enqueued_at, rule.head_start, rule.priority + record.spec.priority,
                                      queue->time_per_priority_point);
  record.expires_at = now() + queue->max_wait;
}

LineKey EngineCore::KeyOf(const ContactRecord& record) const {
  return LineKeyOf(PlanConfigOf(record).record.config->order, record.virtual_start, record.spec.enqueued_at,
                   RuleOf(record).priority + record.spec.priority, record.spec.id.uuid);
}

void EngineCore::EnterLine(uint32_t contact) {
  ContactSlot& slot = contacts.at(contact);
  const ContactRecord& record = slot.record;
  const size_t step = EffectiveStep(RuleOf(record).steps, record.first_step, record.steps_since, now());
  const ClassKey key{record.plan_revision, record.rule, static_cast<uint16_t>(step), slot.channel,
                     WantedOf(record.spec)};
  slot.requirement = index.AcquireClass(key, PlanConfigOf(record).record);
  const WaitingContact waiting{slot.key(), contact};
  if (record.preferred_until != Instant{0}) {
    slot.line = Line::kPreferred;
    preferred_lines_[agents.FindOrAdd(record.spec.preferred_agent)].insert(waiting);
  } else {
    slot.line = Line::kClass;
    index.requirement(slot.requirement).line.insert(waiting);
  }
  fresh_.insert(waiting);
  ++waiting_;
  SetTimer(contact);
}

void EngineCore::LeaveLine(uint32_t contact) {
  ContactSlot& slot = contacts.at(contact);
  const WaitingContact waiting{slot.key(), contact};
  if (slot.line == Line::kPreferred) {
    const auto line = preferred_lines_.find(agents.Find(slot.record.spec.preferred_agent));
    MERIDIAN_CHECK(line != preferred_lines_.end() && line->second.erase(waiting) == 1);
    if (line->second.empty()) preferred_lines_.erase(line);
  } else {
    MERIDIAN_CHECK(slot.line == Line::kClass && index.requirement(slot.requirement).line.erase(waiting) == 1);
  }
  fresh_.erase(waiting);
  --waiting_;
  index.ReleaseClass(slot.requirement);
  slot.requirement = kNoIndex;
  slot.line = Line::kNone;
}

void EngineCore::SetTimer(uint32_t contact) {
  const ContactSlot& slot = contacts.at(contact);
  const ContactRecord& record = slot.record;
  Instant at = record.deadline;
  if (record.state == ContactState::kQueued) {
    at = std::min(record.expires_at, NextStepAt(RuleOf(record).steps, record.first_step, record.steps_since, now()));
    if (slot.line == Line::kPreferred) at = std::min(at, record.preferred_until);
    for (const Decline& decline : record.past->declines) {
      if (decline.until > now()) at = std::min(at, decline.until);
    }
  } else if (record.state == ContactState::kOffered) {
    at = std::min(record.deadline, record.expires_at);
  }
  timers_.Set(TimerKind::kContact, contact, record.spec.id.uuid, at);
}

}  // namespace meridian
