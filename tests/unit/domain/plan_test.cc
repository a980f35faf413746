#include "libs/domain/plan.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace meridian {
namespace {

constexpr Instant kStart = Instant::FromUnixSeconds(1000);
Instant After(int64_t seconds) { return kStart + Duration::Seconds(seconds); }
LanguageTag Tag(std::string_view text) { return LanguageTag::Parse(text).value(); }

std::vector<Step> StepsAt(std::vector<int64_t> seconds) {
  std::vector<Step> steps;
  for (int64_t s : seconds) steps.push_back({.after = Duration::Seconds(s)});
  return steps;
}

TEST(EffectiveStepTest, LaterStepsBeginOnTheSecond) {
  const auto steps = StepsAt({0, 30, 90});
  const struct {
    int64_t waited;
    size_t step;
    int64_t next;  // −1: never
  } cases[] = {{0, 0, 30}, {29, 0, 30}, {30, 1, 90}, {89, 1, 90}, {90, 2, -1}, {100000, 2, -1}, {-5, 0, 30}};
  for (const auto& c : cases) {
    EXPECT_EQ(EffectiveStep(steps, 0, kStart, After(c.waited)), c.step) << c.waited;
    EXPECT_EQ(NextStepAt(steps, 0, kStart, After(c.waited)), c.next < 0 ? Instant::Never() : After(c.next)) << c.waited;
  }
}

TEST(EffectiveStepTest, AfterATransferTimeCountsFromItsFirstStep) {
  const auto steps = StepsAt({0, 30, 90});
  EXPECT_EQ(EffectiveStep(steps, 1, kStart, After(0)), 1u);
  EXPECT_EQ(NextStepAt(steps, 1, kStart, After(0)), After(60));
  EXPECT_EQ(EffectiveStep(steps, 1, kStart, After(59)), 1u);
  EXPECT_EQ(EffectiveStep(steps, 1, kStart, After(60)), 2u);
}

TEST(EffectiveStepTest, BeyondTheLastStepIsTheLast) {
  const auto steps = StepsAt({0, 30, 90});
  EXPECT_EQ(EffectiveStep(steps, 3, kStart, After(0)), 2u);
  EXPECT_EQ(EffectiveStep(steps, 99, kStart, After(1000)), 2u);
  EXPECT_EQ(NextStepAt(steps, 99, kStart, After(0)), Instant::Never());
}

TEST(VirtualStartTest, HeadStartAndPriorityMoveForward) {
  const Duration minute = Duration::Minutes(1);
  EXPECT_EQ(VirtualStart(kStart, Duration::Zero(), 0, minute), kStart);
  EXPECT_EQ(VirtualStart(kStart, Duration::Seconds(10), 2, minute), After(-130));
  EXPECT_EQ(VirtualStart(kStart, Duration::Zero(), -3, minute), After(180));
  EXPECT_EQ(VirtualStart(kStart, Duration::Zero(), 5, Duration::Zero()), kStart);
}

TEST(MatchRuleTest, FirstRuleOfFirstPlanThatMatches) {
  std::vector<PlanConfig> plans(2);
  plans[0].rules = {{.name = "voice", .when = Predicate::Equals(Operand::kChannel, "voice")},
                    {.name = "spanish", .when = Predicate::Equals(Operand::kLanguage, "es")}};
  plans[1].rules = {{.name = "chat", .when = Predicate::Equals(Operand::kChannel, "chat")}};
  RoutingFacts facts;
  facts.channel = "voice";
  facts.language = Tag("es");
  EXPECT_EQ(MatchRule(plans, facts), (RuleIndex{0, 0}));
  facts.channel = "chat";
  EXPECT_EQ(MatchRule(plans, facts), (RuleIndex{0, 1}));
  facts.language = Tag("en");
  EXPECT_EQ(MatchRule(plans, facts), (RuleIndex{1, 0}));
  facts.channel = "email";
  EXPECT_EQ(MatchRule(plans, facts), std::nullopt);
}

std::vector<SpokenLanguage> Spoken(const char* tag, LanguageLevel level) { return {{Tag(tag), level}}; }

TEST(StepLanguageLevelTest, ContactsOwnLanguage) {
  Step step;
  EXPECT_EQ(StepLanguageLevel(step, Tag("es"), Spoken("es", LanguageLevel::kFluent)), LanguageLevel::kFluent);
  EXPECT_EQ(StepLanguageLevel(step, Tag("es"), Spoken("en", LanguageLevel::kNative)), std::nullopt);
  step.min_language_level = LanguageLevel::kFluent;
  EXPECT_EQ(StepLanguageLevel(step, Tag("es"), Spoken("es", LanguageLevel::kWorking)), std::nullopt);
  EXPECT_EQ(StepLanguageLevel(step, Tag("es-MX"), Spoken("es-ES", LanguageLevel::kFluent)), std::nullopt);
}

TEST(StepLanguageLevelTest, NoKnownLanguageMakesNoDemand) {
  Step step;
  step.min_language_level = LanguageLevel::kNative;
  EXPECT_EQ(StepLanguageLevel(step, LanguageTag(), {}), LanguageLevel::kWorking);
}

TEST(StepLanguageLevelTest, AddedLanguagesCountOnlyWithTheirPolicy) {
  Step step;
  step.language = LanguagePolicy::kContactOrAdded;
  step.added_languages = {Tag("en"), Tag("fr")};
  step.min_language_level = LanguageLevel::kFluent;
  EXPECT_EQ(StepLanguageLevel(step, Tag("es"), Spoken("en", LanguageLevel::kNative)), LanguageLevel::kNative);
  EXPECT_EQ(StepLanguageLevel(step, Tag("es"), Spoken("fr", LanguageLevel::kFluent)), LanguageLevel::kFluent);
  EXPECT_EQ(StepLanguageLevel(step, Tag("es"), Spoken("en", LanguageLevel::kWorking)), std::nullopt);
  EXPECT_EQ(StepLanguageLevel(step, Tag("es"), Spoken("de", LanguageLevel::kNative)), std::nullopt);
  const std::vector<SpokenLanguage> both = {{Tag("es"), LanguageLevel::kFluent}, {Tag("en"), LanguageLevel::kNative}};
  EXPECT_EQ(StepLanguageLevel(step, Tag("es"), both), LanguageLevel::kFluent) << "the contact's own comes first";
  step.language = LanguagePolicy::kContact;
  EXPECT_EQ(StepLanguageLevel(step, Tag("es"), Spoken("en", LanguageLevel::kNative)), std::nullopt);
}

TEST(StepLanguageLevelTest, AnyMakesNoDemandButKnowsWhoServesBetter) {
  Step step;
  step.language = LanguagePolicy::kAny;
  step.min_language_level = LanguageLevel::kNative;
  EXPECT_EQ(StepLanguageLevel(step, Tag("es"), Spoken("en", LanguageLevel::kNative)), LanguageLevel::kWorking);
  EXPECT_EQ(StepLanguageLevel(step, Tag("es"), Spoken("es", LanguageLevel::kNative)), LanguageLevel::kNative);
}

TEST(IsEligibleTest, EachDemandCounts) {
  Profile profile;
  profile.kind = AgentKind::kHuman;
  profile.zone = "Europe/Madrid";
  profile.skills = {{{"billing"}, 5}};
  profile.languages = {{Tag("es"), LanguageLevel::kNative}};
  Step step;
  step.skills = {{{"billing"}, 5}};
  step.kinds = AgentKinds::Of(AgentKind::kHuman);
  step.zones = {"Europe/Lisbon", "Europe/Madrid"};
  EXPECT_TRUE(IsEligible(step, Tag("es-MX"), profile));

  Step other = step;
  other.kinds = AgentKinds::Of(AgentKind::kBot);
  EXPECT_FALSE(IsEligible(other, Tag("es-MX"), profile));
  other = step;
  other.skills[0].min_level = 6;
  EXPECT_FALSE(IsEligible(other, Tag("es-MX"), profile));
  other = step;
  other.zones = {"Europe/Lisbon"};
  EXPECT_FALSE(IsEligible(other, Tag("es-MX"), profile));
  other.zones = {};
  EXPECT_TRUE(IsEligible(other, Tag("es-MX"), profile));
  EXPECT_FALSE(IsEligible(step, Tag("en"), profile));
}

}  // namespace
}  // namespace meridian
