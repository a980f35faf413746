#include <algorithm>
#include <string>
#include <utility>

#include "libs/base/check.h"
#include "libs/routing/engine_core.h"

namespace meridian {
namespace {

constexpr int16_t kMaxUtcOffsetMinutes = 840;

Answer UnknownContact() { return Refuse(Refusal::kUnknownContact, "no live contact has this id"); }

std::optional<std::string> BrokenField(const TenantConfig& config, const ContactSpec& spec) {
  if (spec.id.IsNil() || spec.conversation.IsNil()) return "a contact needs an id and a conversation";
  if (spec.priority < kMinPriority || spec.priority > kMaxPriority) return "priority must be between -100 and 100";
  if (spec.language_confidence_permille > kFullConfidence) return "language_confidence must be at most 1000";
  if (spec.utc_offset_minutes.value_or(0) > kMaxUtcOffsetMinutes ||
      spec.utc_offset_minutes.value_or(0) < -kMaxUtcOffsetMinutes) {
    return "utc_offset must be between -14 h and 14 h";
  }
  const auto violations = CheckAttributes(config.attributes, spec.attributes);
  if (!violations.empty()) return violations[0].field + " " + violations[0].rule;
  return std::nullopt;
}

}  // namespace

Answer EngineCore::Apply(const EnqueueContact& command) {
  const ContactSpec& spec = command.spec;
  if (const uint32_t live = contacts.Find(spec.id); live != kNoIndex) {
    if (contacts.at(live).record.spec.conversation == spec.conversation) return Done(live, /*repeated=*/true);
    return Refuse(Refusal::kContactIdReused, "a live contact of another conversation has this id");
  }
  PublishedConfig* published = configs.newest();
  if (published == nullptr) return Refuse(Refusal::kNoConfiguration, "no configuration was published yet");
  const TenantConfig& config = *published->record.config;
  if (FindChannel(config, spec.channel) == nullptr) {
    return Refuse(Refusal::kUnknownChannel, "the configuration has no channel of this name");
  }
  if (auto broken = BrokenField(config, spec)) return Refuse(Refusal::kInvalidContact, *std::move(broken));
  const auto rule_index = MatchRule(config.plans, FactsOf(spec));
  if (!rule_index) return Refuse(Refusal::kNoRule, "no rule of the plans matches this contact");
  const Rule& rule = config.plans[rule_index->plan].rules[rule_index->rule];
  const QueueConfig& queue = *FindQueue(config, rule.queue);
  QueueLine& line = configs.queue(queue.id);
  // What was acknowledged before its effect was lost is taken again, however full the lines are.
  if (Answer answer = CheckRoom(config, queue, line); !replaying_ && !answer.ok()) return answer;
  ContactRecord record;
  record.spec = spec;
  // A place in line that was not said, or lies ahead, is the present.
  if (spec.enqueued_at <= Instant{0} || spec.enqueued_at > now()) record.spec.enqueued_at = now();
  record.queued_at = record.steps_since = record.state_since = now();
  SetRule(record, *published, *rule_index);
  const uint32_t preferred = spec.preferred_agent.empty() ? kNoIndex : agents.Find(spec.preferred_agent);
  if (preferred != kNoIndex && agents.at(preferred).Takes() && rule.preferred_wait > Duration::Zero()) {
    record.preferred_until = now() + rule.preferred_wait;
  }
  ++published->contacts;
  const uint32_t contact = contacts.Insert(std::move(record));
  ContactSlot& slot = contacts.at(contact);
  slot.channel = index.ChannelNumber(spec.channel);
  slot.queue = &line;
  slot.SetKey(KeyOf(slot.record));
  ++CountOf(slot);
  Announce(contact, ContactQueued{.spec = slot.record.spec,
                                  .queue = queue.id,
                                  .rule = rule.name,
                                  .priority = static_cast<int16_t>(rule.priority + spec.priority),
                                  .virtual_start = slot.record.virtual_start});
  EnterLine(contact);
  if (slot.line == Line::kPreferred && !MayEverServe(preferred, contact)) StopPreferring(contact);
  return Done(contact);
}

Answer EngineCore::CheckRoom(const TenantConfig& config, const QueueConfig& queue, QueueLine& line) {
  const uint32_t quota = config.quotas.waiting_contacts;
  if (waiting_ >= quota) {
    return Refuse(Refusal::kQuotaExceeded,
                  "the tenant has as many waiting contacts as it may, " + std::to_string(quota));
  }
  if (line.counts.waiting >= queue.max_waiting) {
    return Refuse(Refusal::kQueueFull, "queue " + queue.id.value + " holds as many contacts as it may");
  }
  if (!configs.IsOpen(line, queue, now())) {
    return Refuse(Refusal::kQueueClosed, "queue " + queue.id.value + " is closed at this hour");
  }
  return {};
}

// A preferred agent who may not serve such contacts, or is off shift, is not waited for.
bool EngineCore::MayEverServe(uint32_t agent, uint32_t contact) const {
  const uint32_t profile = agents.at(agent).profile;
  return profile != kNoIndex && index.profile(profile).open &&
         index.FindEligible(contacts.at(contact).requirement, profile) != nullptr;
}

void EngineCore::StopPreferring(uint32_t contact) {
  LeaveLine(contact);
  contacts.at(contact).record.preferred_until = Instant{0};
  Mark(contact);
  EnterLine(contact);
}

Answer EngineCore::Apply(const ReviseContact& command) {
  const uint32_t contact = contacts.Find(command.contact);
  if (contact == kNoIndex) return UnknownContact();
  ContactSlot& slot = contacts.at(contact);
  ContactRecord& record = slot.record;
  ContactSpec revised = record.spec;
  revised.language = command.language;
  revised.language_confidence_permille = command.language_confidence_permille;
  if (command.attributes) revised.attributes = *command.attributes;
  if (revised == record.spec) return Done(contact, /*repeated=*/true);
  const PublishedConfig& plan = PlanConfigOf(record);
  if (auto broken = BrokenField(*plan.record.config, revised)) {
    return Refuse(Refusal::kInvalidContact, *std::move(broken));
  }
  const bool queued = record.state == ContactState::kQueued;
  if (queued) LeaveLine(contact);
  record.spec = std::move(revised);
  const auto rule_index = MatchRule(plan.record.config->plans, FactsOf(record.spec));
  if (queued && rule_index && record.first_step == 0) {
    --CountOf(slot);
    if (*rule_index != record.rule) SetRule(record, plan, *rule_index);
    slot.queue = &configs.queue(QueueOf(record).id);
    slot.SetKey(KeyOf(record));
    ++CountOf(slot);
  }
  Announce(contact,
           ContactRevised{record.spec.language, record.spec.language_confidence_permille, record.spec.attributes,
                          QueueOf(record).id, RuleOf(record).name, record.virtual_start});
  if (queued) EnterLine(contact);
  return Done(contact);
}

Answer EngineCore::Apply(const CancelContact& command) {
  const uint32_t contact = contacts.Find(command.contact);
  if (contact == kNoIndex) return UnknownContact();
  const ContactState state = contacts.at(contact).record.state;
  if (!NextState(state, ContactTrigger::kCancel)) return RefuseState(state, ContactTrigger::kCancel);
  End(contact, ContactTrigger::kCancel,
      command.by == CancelBy::kCustomer ? EndReason::kCanceledByCustomer : EndReason::kCanceledByOperator);
  Answer answer;
  answer.contact_state = ContactState::kCanceled;
  return answer;
}

Answer EngineCore::Apply(const CustomerLeft& command) {
  const uint32_t contact = contacts.Find(command.contact);
  if (contact == kNoIndex) return UnknownContact();
  const ContactState state = contacts.at(contact).record.state;
  if (state == ContactState::kWrapping) return Done(contact, /*repeated=*/true);
  const auto next = NextState(state, ContactTrigger::kCustomerLeft);
  if (!next) return RefuseState(state, ContactTrigger::kCustomerLeft);
  if (*next == ContactState::kAbandoned) {
    End(contact, ContactTrigger::kCustomerLeft, EndReason::kAbandoned, command.reason);
  } else {
    EndTalk(contact, ContactTrigger::kCustomerLeft, EndReason::kCustomerLeft);
  }
  Answer answer;
  const uint32_t still = contacts.Find(command.contact);
  answer.contact_state = still != kNoIndex                   ? ContactState::kWrapping
                         : *next == ContactState::kAbandoned ? ContactState::kAbandoned
                                                             : ContactState::kCompleted;
  return answer;
}

Answer EngineCore::Apply(const CustomerWaits& command) {
  const uint32_t contact = contacts.Find(command.contact);
  if (contact == kNoIndex) return UnknownContact();
  ContactRecord& record = contacts.at(contact).record;
  if (record.customer_waits_since != Instant::Never()) return Done(contact, /*repeated=*/true);
  record.customer_waits_since = command.since;
  Mark(contact);
  return Done(contact);
}

Answer EngineCore::Apply(const AgentAnswered& command) {
  const uint32_t contact = contacts.Find(command.contact);
  if (contact == kNoIndex) return UnknownContact();
  ContactRecord& record = contacts.at(contact).record;
  if (record.customer_waits_since == Instant::Never()) return Done(contact, /*repeated=*/true);
  record.customer_waits_since = Instant::Never();
  Mark(contact);
  return Done(contact);
}

}  // namespace meridian
