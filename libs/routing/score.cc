#include "libs/routing/score.h"

#include <algorithm>
#include <cstdlib>

namespace meridian {
namespace {

constexpr int kMaxSkillPart = 4;
constexpr int kMaxLanguagePart = 2;
constexpr int kMaxZonePart = 4;
constexpr int kMaxBreadthPart = 4;
constexpr int kMaxCostPart = 5;
constexpr int kMaxLearnedPart = 5;
constexpr int kPointsPerPart = 20;
constexpr int kMinutesPerHour = 60;
constexpr int kSecondsPerHour = 3600;

int Nearness(const Wanted& wanted, std::optional<int32_t> offset_seconds) {
  if (!wanted.utc_offset_hours || !offset_seconds) return 0;
  int hours = std::abs(*wanted.utc_offset_hours - *offset_seconds / kSecondsPerHour);
  hours = std::min(hours, std::abs(24 - hours));
  if (hours <= 1) return 4;
  if (hours <= 3) return 3;
  if (hours <= 6) return 2;
  return hours <= 9 ? 1 : 0;
}

int Dedication(const Step& step, const Profile& profile) {
  const int extra = static_cast<int>(profile.skills.size()) - static_cast<int>(step.skills.size());
  return kMaxBreadthPart - std::clamp(extra, 0, kMaxBreadthPart);
}

// The largest score that any profile can have for the requirement.
int LargestScore(const ScoreWeights& weights, const Step& step, const Wanted& wanted) {
  return (step.skills.empty() ? 0 : kMaxSkillPart * weights.skill) + kMaxLanguagePart * weights.language +
         (wanted.utc_offset_hours ? kMaxZonePart * weights.zone : 0) + weights.kind +
         kMaxBreadthPart * weights.breadth + kMaxCostPart * weights.cost + kMaxLearnedPart * weights.learned;
}

}  // namespace

Wanted WantedOf(const ContactSpec& spec) {
  Wanted wanted{spec.language, std::nullopt};
  if (spec.utc_offset_minutes) {
    const int minutes = *spec.utc_offset_minutes;
    const int half = minutes < 0 ? -kMinutesPerHour / 2 : kMinutesPerHour / 2;
    wanted.utc_offset_hours = static_cast<int16_t>((minutes + half) / kMinutesPerHour);
  }
  return wanted;
}

StaticScore ScoreOf(const ScoreWeights& weights, const Step& step, const Wanted& wanted, const Profile& profile,
                    std::optional<int32_t> offset_seconds) {
  const auto level = StepLanguageLevel(step, wanted.language, profile.languages).value_or(LanguageLevel::kWorking);
  int score = std::min(SkillSurplus(profile.skills, step.skills), kMaxSkillPart) * weights.skill;
  score += (static_cast<int>(level) - static_cast<int>(LanguageLevel::kWorking)) * weights.language;
  score += Nearness(wanted, offset_seconds) * weights.zone;
  score += (profile.kind == AgentKind::kHuman ? 1 : 0) * weights.kind;
  score += Dedication(step, profile) * weights.breadth;
  score += (kMaxCostPart - std::clamp(profile.weights.cost / kPointsPerPart, 0, kMaxCostPart)) * weights.cost;
  score += std::clamp(profile.weights.learned / kPointsPerPart, 0, kMaxLearnedPart) * weights.learned;
  const int largest = std::max(LargestScore(weights, step, wanted), score);
  const int step_up = score * kScoreBands / (largest + 1);
  return {static_cast<int16_t>(score), static_cast<uint8_t>(kScoreBands - 1 - step_up)};
}

Packing PackingOf(const std::vector<ChannelConfig>& channels, const ChannelConfig& channel) {
  const bool needs_room = std::any_of(channels.begin(), channels.end(), [&](const ChannelConfig& other) {
    return other.exclusive || other.units > channel.units;
  });
  return needs_room ? Packing::kBestFit : Packing::kLeastLoaded;
}

int32_t LoadOrder(Packing packing, uint32_t load, uint32_t capacity) {
  if (packing == Packing::kBestFit) return static_cast<int32_t>(capacity - load);
  return capacity == 0 ? 0 : static_cast<int32_t>(load * 1000 / capacity);
}

LineKey LineKeyOf(OrderPolicy policy, Instant virtual_start, Instant enqueued_at, int priority, const Uuid& id) {
  if (policy == OrderPolicy::kStrictPriority) return {-priority, enqueued_at.ns, id};
  return {virtual_start.ns, 0, id};
}

}  // namespace meridian
