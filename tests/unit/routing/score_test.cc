#include "libs/routing/score.h"

#include <gtest/gtest.h>

namespace meridian {
namespace {

Profile Speaker(const char* tag, LanguageLevel level) {
  Profile profile;
  profile.languages = {{*LanguageTag::Parse(tag), level}};
  return profile;
}

TEST(ScoreTest, BetterLanguageIsABetterBand) {
  const ScoreWeights weights;
  const Wanted wanted{*LanguageTag::Parse("es-MX"), std::nullopt};
  const auto native = ScoreOf(weights, Step{}, wanted, Speaker("es-MX", LanguageLevel::kNative), 0);
  const auto other_region = ScoreOf(weights, Step{}, wanted, Speaker("es-ES", LanguageLevel::kNative), 0);
  const auto working = ScoreOf(weights, Step{}, wanted, Speaker("es", LanguageLevel::kWorking), 0);
  EXPECT_LT(native.band, other_region.band);
  EXPECT_LT(other_region.band, working.band);
  EXPECT_EQ(native.score - other_region.score, weights.language);
}

TEST(ScoreTest, NearnessGoesAroundTheClockAndCountsOnlyWhenKnown) {
  const ScoreWeights weights{.skill = 0, .language = 0, .zone = 1, .kind = 0, .breadth = 0, .cost = 0, .learned = 0};
  const auto score = [&](std::optional<int16_t> customer, int agent_hours) {
    return ScoreOf(weights, Step{}, {LanguageTag(), customer}, Profile{}, agent_hours * 3600).score;
  };
  EXPECT_EQ(score(0, 1), 4);
  EXPECT_EQ(score(0, -3), 3);
  EXPECT_EQ(score(11, -12), 4);  // one hour apart, over the date line
  EXPECT_EQ(score(0, 12), 0);
  EXPECT_EQ(score(std::nullopt, 0), 0);
}

TEST(ScoreTest, DedicatedBeforeFlexible) {
  Profile dedicated;
  dedicated.skills = {{SkillId{"a"}, 1}};
  Profile flexible = dedicated;
  flexible.skills.push_back({SkillId{"b"}, 1});
  flexible.skills.push_back({SkillId{"c"}, 1});
  Step step;
  step.skills = {{SkillId{"a"}, 1}};
  EXPECT_GT(ScoreOf({}, step, {}, dedicated, 0).score, ScoreOf({}, step, {}, flexible, 0).score);
}

TEST(ScoreTest, BandsStayInRangeForEveryWeight) {
  ScoreWeights weights{kMaxScoreWeight, kMaxScoreWeight, kMaxScoreWeight, kMaxScoreWeight,
                       kMaxScoreWeight, kMaxScoreWeight, kMaxScoreWeight};
  Profile best = Speaker("es", LanguageLevel::kNative);
  best.skills = {{SkillId{"a"}, kMaxSkillLevel}};
  best.weights = {0, kMaxAgentWeight};
  Step step;
  step.skills = {{SkillId{"a"}, 1}};
  const auto score = ScoreOf(weights, step, {*LanguageTag::Parse("es"), int16_t{0}}, best, 0);
  EXPECT_EQ(score.band, 0);
  EXPECT_EQ(score.score, 25 * kMaxScoreWeight);
  Profile worst = Speaker("en", LanguageLevel::kWorking);
  worst.kind = AgentKind::kBot;
  worst.weights = {kMaxAgentWeight, 0};
  worst.skills.assign(10, {SkillId{"x"}, 1});
  EXPECT_EQ(ScoreOf(weights, Step{}, {}, worst, std::nullopt).band, kScoreBands - 1);
  EXPECT_EQ(ScoreOf({0, 0, 0, 0, 0, 0, 0}, step, {}, best, 0).band, kScoreBands - 1);  // no weights: all alike
}

TEST(ScoreTest, OffsetsOfCustomersAreRoundedToHours) {
  ContactSpec spec;
  spec.utc_offset_minutes = 330;
  EXPECT_EQ(WantedOf(spec).utc_offset_hours, 6);
  spec.utc_offset_minutes = -210;
  EXPECT_EQ(WantedOf(spec).utc_offset_hours, -4);
  spec.utc_offset_minutes = std::nullopt;
  EXPECT_EQ(WantedOf(spec).utc_offset_hours, std::nullopt);
}

TEST(ScoreTest, PackingDependsOnWhetherAChannelNeedsRoom) {
  const ChannelConfig chat{.id = ChannelId{"chat"}, .units = 1};
  const ChannelConfig big{.id = ChannelId{"call"}, .units = 3};
  const ChannelConfig alone{.id = ChannelId{"voice"}, .exclusive = true};
  EXPECT_EQ(PackingOf({chat}, chat), Packing::kLeastLoaded);
  EXPECT_EQ(PackingOf({chat, big}, chat), Packing::kBestFit);
  EXPECT_EQ(PackingOf({chat, big}, big), Packing::kLeastLoaded);
  EXPECT_EQ(PackingOf({chat, alone}, chat), Packing::kBestFit);
  EXPECT_LT(LoadOrder(Packing::kBestFit, 2, 3), LoadOrder(Packing::kBestFit, 0, 3));
  EXPECT_GT(LoadOrder(Packing::kLeastLoaded, 2, 3), LoadOrder(Packing::kLeastLoaded, 1, 3));
}

}  // namespace
}  // namespace meridian
