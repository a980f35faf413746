#include "tests/simulation/differential/naive_router.h"

#include <algorithm>

#include "libs/base/check.h"
#include "libs/domain/schedule.h"
#include "libs/routing/engine.h"

namespace meridian {
namespace {

template <typename List>
const typename List::value_type& Find(const List& list, const auto& id) {
  const auto found = std::find_if(list.begin(), list.end(), [&](const auto& entry) { return entry.id == id; });
  MERIDIAN_CHECK(found != list.end());
  return *found;
}

const ZoneTable& Zone(const TenantConfig& config, const ZoneName& name) {
  const auto found =
      std::find_if(config.zones.begin(), config.zones.end(), [&](const auto& z) { return z.name == name; });
  MERIDIAN_CHECK(found != config.zones.end());
  return *found;
}

bool Declined(const NaiveContact& contact, const AgentId& agent) {
  return std::any_of(contact.declines.begin(), contact.declines.end(), [&](const auto& d) { return d.agent == agent; });
}

}  // namespace

// ---- the decision ----

std::optional<NaiveDecision> NaiveRouter::Decide(Instant now) const {
  std::optional<NaiveDecision> best;
  LineKey best_key;
  for (const auto& [id, contact] : contacts_) {
    if (contact.state != ContactState::kQueued) continue;
    const LineKey key = LineKeyOf(contact.config->order, contact.virtual_start, contact.spec.enqueued_at,
                                  RuleOf(contact).priority + contact.spec.priority, id.uuid);
    if (best && best_key < key) continue;
    auto ranked = Rank(contact, now);
    if (ranked.empty()) continue;
    best = NaiveDecision{id, std::move(ranked)};
    best_key = key;
  }
  return best;
}

std::vector<NaiveCandidate> NaiveRouter::Rank(const NaiveContact& contact, Instant now) const {
  const AgentId& preferred = contact.spec.preferred_agent;
  if (agents_.contains(preferred) && !Declined(contact, preferred)) {
    if (auto candidate = Rate(contact, agents_.at(preferred), now)) return {*candidate};
  }
  if (contact.preferred_until > now) return {};
  std::vector<NaiveCandidate> ranked;
  std::vector<NaiveCandidate> last_choice;
  for (const auto& [id, agent] : agents_) {
    const auto candidate = Rate(contact, agent, now);
    if (!candidate) continue;
    if (!Declined(contact, id)) {
      ranked.push_back(*candidate);
    } else if (std::none_of(contact.declines.begin(), contact.declines.end(),
                            [&](const Decline& d) { return d.agent == id && d.until > now; })) {
      last_choice.push_back(*candidate);
    }
  }
  if (ranked.empty()) ranked = std::move(last_choice);
  std::sort(ranked.begin(), ranked.end());
  return ranked;
}

std::optional<NaiveCandidate> NaiveRouter::Rate(const NaiveContact& contact, const NaiveAgent& agent,
                                                Instant now) const {
  if (!Takes(agent, now) || !OnShiftAt(*agent.config, now)) return std::nullopt;
  const ChannelConfig& channel = Find(config_->channels, contact.spec.channel);
  if (!HasRoom(agent, channel)) return std::nullopt;
  const Rule& rule = RuleOf(contact);
  const Step& step = rule.steps[EffectiveStep(rule.steps, contact.first_step, contact.steps_since, now)];
  const Profile profile = ProfileOf(*agent.config);
  const Wanted wanted = WantedOf(contact.spec);
  if (!IsEligible(step, wanted.language, profile)) return std::nullopt;
  const auto score = ScoreOf(contact.config->weights, step, wanted, profile,
                             OffsetAt(Zone(*contact.config, profile.zone), contact.published_at));
  return NaiveCandidate{score.band,
                        LoadOrder(PackingOf(config_->channels, channel), agent.load, profile.capacity_units),
                        agent.idle_since, StableHash(agent.config->id.value), agent.config->id};
}

bool NaiveRouter::Takes(const NaiveAgent& agent, Instant now) const {
  return agent.config && agent.attached && agent.activity.IsAvailable() && agent.cool_down_until <= now;
}

bool NaiveRouter::HasRoom(const NaiveAgent& agent, const ChannelConfig& channel) const {
  if (agent.exclusive > 0 || (channel.exclusive && agent.load > 0)) return false;
  const auto found = agent.loads.find(channel.id);
  const uint32_t on_channel = found == agent.loads.end() ? 0 : found->second;
  return agent.load + channel.units <= agent.config->capacity_units &&
         on_channel + channel.units <= ChannelUnits(ProfileOf(*agent.config), channel.id);
}

bool NaiveRouter::OnShiftAt(const AgentConfig& agent, Instant now) const {
  if (agent.shift_group.empty()) return true;
  return OnShift(Find(config_->shift_groups, agent.shift_group).schedule, Zone(*config_, agent.zone), now);
}

bool NaiveRouter::MayTakeOneMore() const {
  const auto waiting = std::count_if(contacts_.begin(), contacts_.end(),
                                     [](const auto& entry) { return entry.second.state == ContactState::kQueued; });
  return static_cast<uint64_t>(waiting) < config_->quotas.waiting_contacts;
}

// ---- what the events tell ----

void NaiveRouter::Expect(const TenantConfig& config) { expected_ = std::make_shared<const TenantConfig>(config); }
void NaiveRouter::Expect(const AgentId& agent, std::optional<AgentConfig> config) {
  expected_agent_[agent] = std::move(config);
}

const Rule& NaiveRouter::RuleOf(const NaiveContact& contact) const {
  return contact.config->plans[contact.rule.plan].rules[contact.rule.rule];
}

void NaiveRouter::Fold(const Event& event) {
  if (const auto* revised = std::get_if<AgentRevised>(&event.body)) {
    agents_[revised->agent].config = expected_agent_.at(revised->agent);
  } else if (std::holds_alternative<ConfigPublished>(event.body)) {
    config_ = expected_;
    published_at_ = event.at;
    ReadAgents();
  } else if (event.topic == EventTopic::kAgent) {
    FoldAgent(event);
  } else if (event.topic == EventTopic::kContact) {
    FoldContact(event);
  }
}

void NaiveRouter::ReadAgents() {
  for (auto& [id, agent] : agents_) agent.config = std::nullopt;
  for (const AgentConfig& config : config_->agents) agents_[config.id].config = config;
}

void NaiveRouter::FoldAgent(const Event& event) {
  if (std::holds_alternative<TermStarted>(event.body)) {
    for (auto& [id, agent] : agents_) agent.attached = false;
    return;
  }
  NaiveAgent& agent = agents_[event.agent];
  if (const auto* attached = std::get_if<AgentAttached>(&event.body)) {
    const bool becomes_available = attached->activity.IsAvailable() && agent.activity != attached->activity;
    if (agent.offline || becomes_available) agent.idle_since = event.at;
    agent.attached = true;
    agent.offline = false;
    agent.activity = attached->activity;
  } else if (std::holds_alternative<AgentDetached>(event.body)) {
    agent.attached = false;
  } else if (std::holds_alternative<AgentOffline>(event.body)) {
    agent.attached = false;
    agent.offline = true;
  } else if (const auto* changed = std::get_if<AgentActivityChanged>(&event.body)) {
    if (changed->activity.IsAvailable() && !agent.activity.IsAvailable()) agent.idle_since = event.at;
    agent.activity = changed->activity;
  } else if (const auto* cooling = std::get_if<AgentCoolingDown>(&event.body)) {
    agent.cool_down_until = cooling->until;
  }
}

void NaiveRouter::SetRule(NaiveContact& contact) {
  contact.rule = *MatchRule(contact.config->plans, FactsOf(contact.spec));
  const Rule& rule = RuleOf(contact);
  contact.virtual_start = VirtualStart(contact.spec.enqueued_at, rule.head_start, rule.priority + contact.spec.priority,
                                       Find(contact.config->queues, rule.queue).time_per_priority_point);
}

void NaiveRouter::Take(NaiveContact& contact, const AgentId& id) {
  const ChannelConfig& channel = Find(config_->channels, contact.spec.channel);
  NaiveAgent& agent = agents_.at(id);
  contact.agent = id;
  contact.units = channel.units;
  contact.exclusive = channel.exclusive;
  agent.load += channel.units;
  agent.loads[channel.id] += channel.units;
  agent.exclusive += channel.exclusive ? 1 : 0;
}

void NaiveRouter::Release(NaiveContact& contact, bool worked, Instant at) {
  if (contact.agent.empty()) return;
  NaiveAgent& agent = agents_.at(contact.agent);
  agent.load -= contact.units;
  agent.loads[contact.spec.channel] -= contact.units;
  agent.exclusive -= contact.exclusive ? 1 : 0;
  if (worked) agent.idle_since = at;
  contact.agent = {};
}

void NaiveRouter::FoldContact(const Event& event) {
  if (std::holds_alternative<TermStarted>(event.body)) return;
  if (const auto* queued = std::get_if<ContactQueued>(&event.body)) {
    NaiveContact& contact = contacts_[event.contact];
    contact.spec = queued->spec;
    contact.config = config_;
    contact.published_at = published_at_;
    contact.steps_since = event.at;
    SetRule(contact);
    const Rule& rule = RuleOf(contact);
    const auto preferred = agents_.find(contact.spec.preferred_agent);
    if (rule.preferred_wait > Duration::Zero() && preferred != agents_.end() && Takes(preferred->second, event.at) &&
        OnShiftAt(*preferred->second.config, event.at)) {
      const Profile profile = ProfileOf(*preferred->second.config);
      const bool able =
          IsEligible(rule.steps[0], contact.spec.language, profile) && ChannelUnits(profile, contact.spec.channel) > 0;
      if (able) contact.preferred_until = event.at + rule.preferred_wait;
    }
    return;
  }
  NaiveContact& contact = contacts_.at(event.contact);
  if (const auto* revised = std::get_if<ContactRevised>(&event.body)) {
    contact.spec.language = revised->language;
    contact.spec.attributes = revised->attributes;
    if (contact.state == ContactState::kQueued && contact.first_step == 0) SetRule(contact);
  } else if (const auto* offered = std::get_if<ContactOffered>(&event.body)) {
    contact.state = ContactState::kOffered;
    contact.offer_step = offered->decision.step;
    contact.preferred_until = Instant{0};
    Take(contact, offered->agent);
  } else if (const auto* requeued = std::get_if<ContactRequeued>(&event.body)) {
    const RequeueReason reason = requeued->reason;
    if (reason == RequeueReason::kRejected || reason == RequeueReason::kTimedOut ||
        reason == RequeueReason::kMediaFailed || reason == RequeueReason::kTransferredNextStep ||
        requeued->rescind_reason == RescindReason::kUndelivered) {
      std::erase_if(contact.declines, [&](const Decline& d) { return d.agent == requeued->agent; });
      if (contact.declines.size() == kMaxDeclines) contact.declines.erase(contact.declines.begin());
      contact.declines.push_back({requeued->agent, event.at + kReofferDelay});
    }
    if (reason == RequeueReason::kTransferredNextStep || reason == RequeueReason::kAgentLost) {
      contact.first_step = contact.offer_step + (reason == RequeueReason::kTransferredNextStep ? 1 : 0);
      contact.steps_since = event.at;
    }
    contact.state = ContactState::kQueued;
    Release(contact, reason == RequeueReason::kTransferredNextStep, event.at);
  } else if (std::holds_alternative<ContactConnecting>(event.body)) {
    contact.state = ContactState::kConnecting;
  } else if (const auto* assigned = std::get_if<ContactAssigned>(&event.body)) {
    if (contact.agent.empty()) Take(contact, assigned->agent);  // reclaimed
    contact.state = ContactState::kAssigned;
  } else if (std::holds_alternative<ContactHeld>(event.body)) {
    contact.state = ContactState::kHeld;
  } else if (std::holds_alternative<ContactResumed>(event.body)) {
    contact.state = ContactState::kAssigned;
  } else if (std::holds_alternative<ContactWrapping>(event.body)) {
    contact.state = ContactState::kWrapping;
  } else {
    Release(contact, std::holds_alternative<ContactCompleted>(event.body), event.at);
    contacts_.erase(event.contact);
  }
}

}  // namespace meridian
