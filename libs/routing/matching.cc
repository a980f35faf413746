// Who gets whom. One rule, whatever happened: the contact that stands first among those for whom an agent is free gets
// its best agent, until no contact is left. What happened only says where to look: contacts that are fresh in a line,
// and profiles that have freed agents. Offers never free anybody, so what was looked at in vain stays so.
#include <algorithm>

#include "libs/base/check.h"
#include "libs/routing/engine_core.h"

namespace meridian {
namespace {

constexpr size_t kRanked = 4;       // the best and three runners-up
constexpr int kOffersPerCall = 64;  // a bound of time; then the rest waits for the next slice

void Insert(std::vector<Candidate>& ranked, const Candidate& candidate) {
  ranked.insert(std::upper_bound(ranked.begin(), ranked.end(), candidate), candidate);
  if (ranked.size() > kRanked) ranked.pop_back();
}

bool IsDecliner(const ContactRecord& record, const AgentId& agent) {
  return std::any_of(record.past->declines.begin(), record.past->declines.end(),
                     [&](const Decline& decline) { return decline.agent == agent; });
}

}  // namespace

bool EngineCore::Excluded(const ContactRecord& record, const AgentId& agent) const {
  return std::any_of(record.past->declines.begin(), record.past->declines.end(),
                     [&](const Decline& decline) { return decline.agent == agent && decline.until > now(); });
}

std::optional<Candidate> EngineCore::FindNamed(const ContactSlot& slot, const AgentId& agent) const {
  const uint32_t found = agents.Find(agent);
  if (found == kNoIndex) return std::nullopt;
  const AgentSlot& named = agents.at(found);
  if (named.profile == kNoIndex || !index.profile(named.profile).open) return std::nullopt;
  for (const FreePlace& place : named.places) {
    ++looked_at;
    if (place.channel != slot.channel) continue;
    const EligibleProfile* eligible = index.FindEligible(slot.requirement, named.profile);
    if (eligible == nullptr) return std::nullopt;
    return Candidate{
        eligible->score.band, {place.load_order, named.placed_idle_since, named.tie, found}, eligible->score.score};
  }
  return std::nullopt;
}

std::optional<Choice> EngineCore::FindAgent(uint32_t contact) const {
  const ContactSlot& slot = contacts.at(contact);
  const ContactRecord& record = slot.record;
  const AgentId& preferred = record.spec.preferred_agent;
  if (!preferred.empty() && !IsDecliner(record, preferred)) {
    if (auto named = FindNamed(slot, preferred)) return Choice{DecisionReason::kPreferredAgent, *named, {}};
  }
  if (slot.line == Line::kPreferred) return std::nullopt;
  std::vector<Candidate> ranked;
  for (const EligibleProfile& eligible : index.requirement(slot.requirement).profiles) {
    ++looked_at;
    if (ranked.size() == kRanked && eligible.score.band > ranked.back().band) break;
    const ProfileEntry& profile = index.profile(eligible.profile);
    if (!profile.open || slot.channel >= profile.free.size()) continue;
    for (const FreeAgent& free : profile.free[slot.channel]) {
      ++looked_at;
      const Candidate candidate{eligible.score.band, free, eligible.score.score};
      if (ranked.size() == kRanked && !(candidate < ranked.back())) break;
      if (record.past->declines.empty() || !IsDecliner(record, agents.at(free.agent).record.agent))
        Insert(ranked, candidate);
    }
  }
  DecisionReason reason = ranked.size() > 1 ? DecisionReason::kBestScore : DecisionReason::kOnlyOne;
  if (ranked.empty()) {
    reason = DecisionReason::kLastChoice;
    for (const Decline& decline : record.past->declines) {
      if (decline.until > now()) continue;
      if (auto named = FindNamed(slot, decline.agent)) Insert(ranked, *named);
    }
    if (ranked.empty()) return std::nullopt;
  }
  return Choice{reason, ranked.front(), {ranked.begin() + 1, ranked.end()}};
}

const WaitingContact* EngineCore::FirstInLine(const ClassEntry& requirement, const ProfileEntry& profile,
                                              const WaitingContact* before) const {
  const uint8_t channel = requirement.key.channel;
  if (requirement.line.empty() || channel >= profile.free.size() || profile.free[channel].empty()) return nullptr;
  for (const WaitingContact& waiting : requirement.line) {
    ++looked_at;
    if (before != nullptr && !(waiting < *before)) return nullptr;
    const ContactRecord& record = contacts.at(waiting.contact).record;
    if (record.past->declines.empty()) return &waiting;
    for (const FreeAgent& free : profile.free[channel]) {
      ++looked_at;
      if (!Excluded(record, agents.at(free.agent).record.agent)) return &waiting;
    }
  }
  return nullptr;
}

std::optional<WaitingContact> EngineCore::FirstForFreed() {
  const WaitingContact* first = nullptr;
  for (size_t i = 0; i < dirty_profiles_.size();) {
    ProfileEntry& profile = index.profile(dirty_profiles_[i]);
    bool found = false;
    if (profile.open) {
      for (const uint32_t class_index : profile.classes) {
        ++looked_at;
        const ClassEntry& requirement = index.requirement(class_index);
        if (const auto* waiting = FirstInLine(requirement, profile, first)) first = waiting;
        found = found || !requirement.line.empty();
      }
    }
    if (found) {
      ++i;
      continue;
    }
    profile.dirty = false;
    dirty_profiles_[i] = dirty_profiles_.back();
    dirty_profiles_.pop_back();
  }
  for (const uint32_t agent : freed_agents_) {
    const auto line = preferred_lines_.find(agent);
    if (line == preferred_lines_.end()) continue;
    for (const WaitingContact& waiting : line->second) {
      ++looked_at;
      if (first != nullptr && !(waiting < *first)) break;
      if (!FindAgent(waiting.contact)) continue;
      first = &waiting;
      break;
    }
  }
  if (first == nullptr) return std::nullopt;
  return *first;
}

void EngineCore::Match() {
  if (offers_held_) return;
  match_pending_ = false;
  for (int offers = 0;; ++offers) {
    const std::optional<WaitingContact> freed = FirstForFreed();
    std::optional<Choice> choice;
    std::optional<WaitingContact> first;
    while (!fresh_.empty() && !choice && (!freed || *fresh_.begin() < *freed)) {
      first = *fresh_.begin();
      fresh_.erase(fresh_.begin());
      choice = FindAgent(first->contact);
    }
    if (!choice && freed) {
      first = freed;
      choice = FindAgent(first->contact);
      MERIDIAN_CHECK(choice.has_value());
      if (choice->reason == DecisionReason::kOnlyOne) choice->reason = DecisionReason::kFreedAgent;
    }
    if (!choice) break;
    if (offers == kOffersPerCall || !MayChangeMore()) {
      fresh_.insert(*first);
      match_pending_ = true;
      return;
    }
    MakeOffer(first->contact, *choice);
  }
  for (const uint32_t profile : dirty_profiles_) index.profile(profile).dirty = false;
  dirty_profiles_.clear();
  freed_agents_.clear();
}

}  // namespace meridian
