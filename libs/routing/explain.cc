#include "libs/routing/explain.h"

#include <algorithm>
#include <array>

#include "libs/base/check.h"
#include "libs/routing/engine_core.h"

namespace meridian {
namespace {

constexpr uint32_t kMaxAheadCounted = 1000;

// The first demand of the step that the profile does not meet; kNone when it meets all.
Criterion StaticCriterion(const Step& step, const Wanted& wanted, const ChannelId& channel, const Profile& profile) {
  if (ChannelUnits(profile, channel) == 0) return Criterion::kChannel;
  if (!HasSkills(profile.skills, step.skills)) return Criterion::kSkills;
  if (!StepLanguageLevel(step, wanted.language, profile.languages)) return Criterion::kLanguage;
  if (!step.kinds.Has(profile.kind)) return Criterion::kKind;
  if (!step.zones.empty() && !std::binary_search(step.zones.begin(), step.zones.end(), profile.zone)) {
    return Criterion::kZone;
  }
  return Criterion::kNone;
}

std::string Sentence(const ContactExplanation& explanation, uint32_t able) {
  if (explanation.state != ContactState::kQueued) {
    return "The contact is " + std::string(ToString(explanation.state)) + " with agent " + explanation.agent.value +
           ".";
  }
  if (explanation.preferred_until) return "The contact waits for its preferred agent alone, for a limited time.";
  if (able > 0) return "The contact is about to be offered.";
  const auto largest = std::max_element(explanation.counts.begin(), explanation.counts.end(),
                                        [](const auto& a, const auto& b) { return a.agents < b.agents; });
  if (largest == explanation.counts.end()) return "The contact waits because there are no agents.";
  return "The contact waits because no agent can take it now; most fall at: " +
         std::string(ToString(largest->criterion)) + ".";
}

}  // namespace

std::optional<ContactExplanation> EngineCore::Explain(uint32_t contact, Instant at) const {
  const ContactSlot& slot = contacts.at(contact);
  const ContactRecord& record = slot.record;
  const Rule& rule = RuleOf(record);
  ContactExplanation explanation;
  explanation.contact = record.spec.id;
  explanation.state = record.state;
  explanation.queue = rule.queue;
  explanation.rule = rule.name;
  const bool queued = record.state == ContactState::kQueued;
  explanation.step = queued ? index.requirement(slot.requirement).key.step : record.offer_step;
  explanation.step_count = static_cast<uint16_t>(rule.steps.size());
  if (queued) explanation.next_step_at = NextStepAt(rule.steps, record.first_step, record.steps_since, at);
  explanation.virtual_start = record.virtual_start;
  explanation.expires_at = record.expires_at;
  if (slot.line == Line::kPreferred) explanation.preferred_until = record.preferred_until;
  if (slot.line == Line::kClass) {
    for (const WaitingContact& waiting : index.requirement(slot.requirement).line) {
      if (waiting.contact == contact || explanation.ahead == kMaxAheadCounted) break;
      ++explanation.ahead;
    }
  }
  explanation.agent = record.agent;

  std::array<uint32_t, kCriterionCount> counts{};
  const Step& step = rule.steps[explanation.step];
  std::vector<Criterion> by_profile(index.profile_count(), Criterion::kNone);
  for (uint32_t i = 0; i < index.profile_count(); ++i) {
    const ProfileEntry& profile = index.profile(i);
    if (profile.agents == 0) continue;
    Criterion criterion = StaticCriterion(step, WantedOf(record.spec), record.spec.channel, profile.profile);
    if (criterion == Criterion::kNone && !profile.open) criterion = Criterion::kShift;
    by_profile[i] = criterion;
    if (criterion != Criterion::kNone) counts[static_cast<size_t>(criterion)] += profile.agents;
  }
  for (uint32_t i = 0; i < agents.size(); ++i) {
    const AgentSlot& agent = agents.at(i);
    if (agent.profile == kNoIndex || by_profile[agent.profile] != Criterion::kNone) continue;
    const bool placed = std::any_of(agent.places.begin(), agent.places.end(),
                                    [&](const FreePlace& place) { return place.channel == slot.channel; });
    const Criterion criterion =
        agent.record.presence != AgentPresence::kAttached ? Criterion::kPresence
        : !agent.record.activity.IsAvailable()            ? Criterion::kActivity
        : agent.cooling                                   ? Criterion::kCoolDown
        : !placed                                         ? Criterion::kCapacity
        : std::any_of(record.past->declines.begin(), record.past->declines.end(),
                      [&](const Decline& decline) { return decline.agent == agent.record.agent && decline.until > at; })
            ? Criterion::kDeclined
            : Criterion::kNone;
    ++counts[static_cast<size_t>(criterion)];
  }
  for (int i = 0; i < kCriterionCount; ++i) {
    if (counts[i] > 0) explanation.counts.push_back({static_cast<Criterion>(i), counts[i]});
  }
  explanation.text = Sentence(explanation, counts[static_cast<size_t>(Criterion::kNone)]);
  return explanation;
}

}  // namespace meridian
