// Rules, steps that widen, places in line, preferred agents, transfers and revised contacts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/routing/engine_world.h"

namespace meridian {
namespace {

constexpr auto kNative = LanguageLevel::kNative;
constexpr auto kWorking = LanguageLevel::kWorking;

AgentConfig Of(AgentKind kind, AgentConfig agent) {
  agent.kind = kind;
  return agent;
}

// A bot first, after it humans who speak well, after 30 s anybody but bots.
TenantConfig ThreeTiers() {
  TenantConfig config = SmallTenant();
  config.plans[0].rules[0].steps = {
      {.after = Duration::Zero(), .kinds = AgentKinds::Of(AgentKind::kBot)},
      {.after = Duration::Seconds(10), .min_language_level = kNative, .kinds = AgentKinds::Of(AgentKind::kHuman)},
      {.after = Duration::Seconds(40), .kinds = AgentKinds::Of(AgentKind::kHuman).With(AgentKind::kExpert)}};
  config.agents = {Of(AgentKind::kBot, MakeAgent("bot", {{"es", kNative}}, 1000)),
                   Of(AgentKind::kHuman, MakeAgent("ana", {{"es", kNative}})),
                   Of(AgentKind::kExpert, MakeAgent("eve", {{"es", kWorking}}))};
  return config;
}

class PlanRoutingTest : public ::testing::Test {
 protected:
  void Publish(TenantConfig config) { ASSERT_TRUE(world_.Do(Publication(std::move(config))).ok()); }
  void TearDown() override { world_.engine().CheckInvariants(world_.now()); }
  void Accept(uint64_t n) { ASSERT_TRUE(world_.Do(world_.Of<AcceptOffer>(n)).ok()); }
  Answer TransferToNextStep(uint64_t n) { return world_.Do(world_.Of<TransferContact>(n)); }

  EngineWorld world_;
};

TEST_F(PlanRoutingTest, StepsWidenAtTheirInstants) {
  Publish(ThreeTiers());
  world_.Attach("ana");
  world_.Attach("eve");
  world_.Enqueue(1);
  world_.Enqueue(2);
  EXPECT_EQ(world_.ContactAt(1).state, ContactState::kQueued);
  world_.Pass(Duration::Seconds(10));
  EXPECT_EQ(world_.ContactAt(1).agent, AgentId{"ana"});
  Accept(1);
  EXPECT_EQ(world_.ContactAt(2).state, ContactState::kQueued);
  world_.Pass(Duration::Seconds(30));
  EXPECT_EQ(world_.ContactAt(2).agent, AgentId{"eve"});
}

TEST_F(PlanRoutingTest, ABotHandsOverToTheNextStepAndThePlaceIsKept) {
  Publish(ThreeTiers());
  world_.Attach("bot");
  world_.Enqueue(1);
  Accept(1);
  const Instant virtual_start = world_.ContactAt(1).virtual_start;
  world_.Pass(Duration::Minutes(10));
  world_.Enqueue(2);
  Accept(2);
  TransferToNextStep(2);
  EXPECT_TRUE(TransferToNextStep(1).ok());
  EXPECT_EQ(world_.ContactAt(1).state, ContactState::kQueued);
  EXPECT_EQ(world_.ContactAt(1).virtual_start, virtual_start);
  world_.Attach("ana");
  EXPECT_EQ(world_.ContactAt(1).agent, AgentId{"ana"});  // came before contact 2
  Accept(1);
  // From step 1 the plan goes on to step 2, which an expert may take.
  world_.Attach("eve");
  EXPECT_EQ(world_.ContactAt(2).state, ContactState::kQueued);
  EXPECT_TRUE(TransferToNextStep(1).ok());
  EXPECT_EQ(world_.ContactAt(1).agent, AgentId{"eve"});
  Accept(1);
  EXPECT_EQ(TransferToNextStep(1).refusal, Refusal::kNoNextStep);
}

TEST_F(PlanRoutingTest, OtherTransfersAreRefusedWithAReason) {
  Publish(ThreeTiers());
  world_.Attach("bot");
  world_.Enqueue(1);
  Accept(1);
  auto transfer = world_.Of<TransferContact>(1);
  transfer.target = TransferTarget::kQueue;
  EXPECT_EQ(world_.Do(transfer).refusal, Refusal::kNotSupported);
  transfer.target = TransferTarget::kAgent;
  EXPECT_EQ(world_.Do(transfer).refusal, Refusal::kNotSupported);
}

TEST_F(PlanRoutingTest, PriorityAndAgeTradeOff) {
  TenantConfig config = SmallTenant();
  config.queues[0].time_per_priority_point = Duration::Seconds(10);
  config.agents = {MakeAgent("ana", {{"es", kNative}})};
  Publish(config);
  world_.Enqueue(1);
  world_.Pass(Duration::Seconds(15));
  ContactSpec spec = world_.Spec(2);
  spec.priority = 1;  // worth 10 s: not enough
  world_.Do(EnqueueContact{spec});
  spec = world_.Spec(3);
  spec.priority = 2;  // worth 20 s: passes contact 1
  world_.Do(EnqueueContact{spec});
  world_.Attach("ana");
  EXPECT_EQ(world_.ContactAt(3).state, ContactState::kOffered);
  world_.Do(CancelContact{EngineWorld::Contact(3)});
  EXPECT_EQ(world_.ContactAt(1).state, ContactState::kOffered);
}

TEST_F(PlanRoutingTest, APlaceThatIsNotSaidIsThePresent) {
  TenantConfig config = SmallTenant();
  Publish(config);
  ContactSpec spec = world_.Spec(1);
  spec.enqueued_at = Instant{0};
  world_.Do(EnqueueContact{spec});
  spec = world_.Spec(2);
  spec.enqueued_at = world_.now() + Duration::Hours(1);
  world_.Do(EnqueueContact{spec});
  spec = world_.Spec(3);
  spec.enqueued_at = world_.now() - Duration::Hours(1);  // goes on from an earlier contact
  world_.Do(EnqueueContact{spec});
  EXPECT_EQ(world_.ContactAt(1).virtual_start, world_.now());
  EXPECT_EQ(world_.ContactAt(2).virtual_start, world_.now());
  EXPECT_EQ(world_.ContactAt(3).virtual_start, world_.now() - Duration::Hours(1));
}

TEST_F(PlanRoutingTest, StrictPriorityPutsImportanceBeforeAge) {
  TenantConfig config = SmallTenant();
  config.order = OrderPolicy::kStrictPriority;
  config.agents = {MakeAgent("ana", {{"es", kNative}})};
  Publish(config);
  world_.Enqueue(1);
  world_.Pass(Duration::Hours(2));
  ContactSpec spec = world_.Spec(2);
  spec.priority = 1;
  world_.Do(EnqueueContact{spec});
  world_.Attach("ana");
  EXPECT_EQ(world_.ContactAt(2).state, ContactState::kOffered);
}

TEST_F(PlanRoutingTest, PreferredAgentIsWaitedForButNotForLong) {
  TenantConfig config = SmallTenant();
  config.plans[0].rules[0].preferred_wait = Duration::Seconds(20);
  config.agents = {MakeAgent("ana", {{"es", kNative}}), MakeAgent("bea", {{"es", kNative}})};
  Publish(config);
  world_.Attach("ana");
  world_.Enqueue(1);
  Accept(1);
  world_.Attach("bea");
  for (uint64_t n = 2; n <= 3; ++n) {
    ContactSpec spec = world_.Spec(n);
    spec.preferred_agent = AgentId{"ana"};
    world_.Do(EnqueueContact{spec});
    world_.Pass(Duration::Seconds(1));
  }
  EXPECT_EQ(world_.ContactAt(2).state, ContactState::kQueued);  // although bea is free
  world_.Do(world_.Of<CompleteContact>(1));
  EXPECT_EQ(world_.ContactAt(2).agent, AgentId{"ana"});
  Accept(2);
  EXPECT_EQ(world_.ContactAt(3).state, ContactState::kQueued);
  world_.Pass(Duration::Seconds(19));
  EXPECT_EQ(world_.ContactAt(3).agent, AgentId{"bea"});
}

TEST_F(PlanRoutingTest, PreferredAgentIsTriedFirstWhenFree) {
  TenantConfig config = SmallTenant();
  config.agents = {MakeAgent("ana", {{"es", kNative}}), MakeAgent("bea", {{"es", kNative}})};
  Publish(config);
  world_.Attach("ana");
  world_.Pass(Duration::Seconds(5));
  world_.Attach("bea");
  ContactSpec spec = world_.Spec(1);
  spec.preferred_agent = AgentId{"bea"};
  world_.Do(EnqueueContact{spec});
  EXPECT_EQ(world_.ContactAt(1).agent, AgentId{"bea"});
}

TEST_F(PlanRoutingTest, LanguageJudgedAgainMovesAWaitingContactAndKeepsItsPlace) {
  TenantConfig config = SmallTenant();
  config.agents = {MakeAgent("ana", {{"es", kNative}})};
  Publish(config);
  world_.Attach("ana");
  world_.Enqueue(1, "pt");
  EXPECT_EQ(world_.ContactAt(1).state, ContactState::kQueued);
  const Instant virtual_start = world_.ContactAt(1).virtual_start;
  world_.Pass(Duration::Seconds(3));
  EXPECT_TRUE(world_.Do(ReviseContact{EngineWorld::Contact(1), *LanguageTag::Parse("es"), 800, std::nullopt}).ok());
  EXPECT_EQ(world_.ContactAt(1).agent, AgentId{"ana"});
  EXPECT_EQ(world_.ContactAt(1).virtual_start, virtual_start);
}

TEST_F(PlanRoutingTest, RevisedContactFindsItsRuleAnew) {
  TenantConfig config = SmallTenant();
  config.queues.push_back({.id = QueueId{"spanish"}});
  config.plans[0].rules.insert(config.plans[0].rules.begin(), {.name = "es",
                                                               .when = Predicate::Equals(Operand::kLanguage, "es"),
                                                               .queue = QueueId{"spanish"},
                                                               .steps = {Step{}}});
  Publish(config);
  world_.Enqueue(1, "pt");
  EXPECT_EQ(world_.engine().QueueOf(world_.ContactAt(1)), QueueId{"main"});
  world_.Do(ReviseContact{EngineWorld::Contact(1), *LanguageTag::Parse("es"), 900, std::nullopt});
  EXPECT_EQ(world_.engine().QueueOf(world_.ContactAt(1)), QueueId{"spanish"});
  EXPECT_EQ(world_.engine().CountsByQueue()[0].waiting, 0u);
  EXPECT_EQ(world_.engine().CountsByQueue()[1].waiting, 1u);
}

TEST_F(PlanRoutingTest, ExplainsWhyAContactWaits) {
  TenantConfig config = ThreeTiers();
  config.agents.push_back(MakeAgent("ida", {{"it", kNative}}));
  Publish(config);
  world_.Attach("ana");
  world_.Enqueue(1);
  const auto waiting = world_.engine().Explain(EngineWorld::Contact(1), world_.now());
  ASSERT_TRUE(waiting.has_value());
  EXPECT_EQ(waiting->step, 0);
  EXPECT_EQ(waiting->step_count, 3);
  EXPECT_EQ(waiting->next_step_at, world_.now() + Duration::Seconds(10));
  // ida does not speak Spanish; ana and eve are no bots; the bot is not there.
  EXPECT_THAT(waiting->counts,
              ::testing::ElementsAre(CriterionCount{Criterion::kLanguage, 1}, CriterionCount{Criterion::kKind, 2},
                                     CriterionCount{Criterion::kPresence, 1}));
  world_.Attach("bot");
  const auto offered = world_.engine().Explain(EngineWorld::Contact(1), world_.now());
  EXPECT_EQ(offered->agent, AgentId{"bot"});
  EXPECT_FALSE(world_.engine().Explain(EngineWorld::Contact(9), world_.now()).has_value());
}

}  // namespace
}  // namespace meridian
