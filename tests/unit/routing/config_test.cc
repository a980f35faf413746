// Configurations that come and go while contacts wait, and engines made anew from records.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/routing/engine_world.h"

namespace meridian {
namespace {

using ::testing::IsEmpty;

constexpr auto kNative = LanguageLevel::kNative;

class ConfigTest : public ::testing::Test {
 protected:
  void SetUp() override {
    config_ = SmallTenant();
    config_.agents = {MakeAgent("ana", {{"es", kNative}}), MakeAgent("bea", {{"en", kNative}})};
  }
  void Publish() { ASSERT_TRUE(world_.Do(Publication(config_)).ok()); }
  void TearDown() override { world_.engine().CheckInvariants(world_.now()); }
  void Accept(uint64_t n) { ASSERT_TRUE(world_.Do(world_.Of<AcceptOffer>(n)).ok()); }

  EngineWorld world_;
  TenantConfig config_;
};

TEST_F(ConfigTest, RevisionsRiseAndBrokenOnesAreRefused) {
  Publish();
  EXPECT_TRUE(world_.Do(Publication(config_)).repeated);
  PublishConfig other = Publication(config_);
  other.digest = 1;
  EXPECT_EQ(world_.Do(other).refusal, Refusal::kStaleRevision);
  config_.revision = 2;
  config_.id = TenantId{"other"};
  EXPECT_EQ(world_.Do(Publication(config_)).refusal, Refusal::kInvalidConfig);
  EXPECT_EQ(world_.engine().config_revision(), 1u);
}

TEST_F(ConfigTest, WaitingContactsStayOnTheirRevisionUntilTheyEnd) {
  Publish();
  world_.Enqueue(1);
  config_.revision = 2;
  config_.queues[0].max_wait = Duration::Seconds(10);
  Publish();
  world_.Pass(Duration::Seconds(20));
  EXPECT_EQ(world_.ContactAt(1).plan_revision, 1u);
  EXPECT_EQ(world_.stored().configs.size(), 2u);
  world_.Do(CancelContact{EngineWorld::Contact(1)});
  EXPECT_EQ(world_.stored().configs.size(), 1u);
  EXPECT_EQ(world_.stored().configs.begin()->first, 2u);
}

TEST_F(ConfigTest, AgentsInTheTablesAreNotKeptInTheConfigurationToo) {
  Publish();
  world_.Enqueue(1);  // its class was made of the first revision
  const auto expect_left_out = [&] {
    EXPECT_THAT(world_.engine().config()->agents, IsEmpty());
    EXPECT_EQ(world_.engine().config()->queues, config_.queues);
  };
  expect_left_out();
  config_.revision = 2;
  Publish();
  expect_left_out();
  EXPECT_EQ(world_.stored().configs.at(2).config->agents.size(), 2u);
  world_.Restart();
  expect_left_out();
  EXPECT_TRUE(world_.Attach("ana").ok());
  EXPECT_EQ(world_.ContactAt(1).agent, AgentId{"ana"});
}

TEST_F(ConfigTest, AnAgentWhoLearnsALanguageTakesTheWaitingContact) {
  Publish();
  world_.Attach("bea");
  world_.Enqueue(1);
  AgentConfig bea = MakeAgent("bea", {{"en", kNative}, {"es", kNative}});
  EXPECT_TRUE(world_.Do(ReviseAgent{2, AgentId{"bea"}, bea}).ok());
  EXPECT_EQ(world_.ContactAt(1).agent, AgentId{"bea"});
  EXPECT_EQ(world_.engine().config_revision(), 2u);
  bea.languages[0].tag = {};
  EXPECT_EQ(world_.Do(ReviseAgent{3, AgentId{"bea"}, bea}).refusal, Refusal::kInvalidConfig);
}

TEST_F(ConfigTest, ARemovedAgentLosesItsWorkAndConnection) {
  Publish();
  world_.Attach("ana");
  world_.Enqueue(1);
  Accept(1);
  world_.TakeMessages();
  config_.revision = 2;
  config_.agents.erase(config_.agents.begin());
  Publish();
  EXPECT_EQ(world_.ContactAt(1).state, ContactState::kQueued);
  EXPECT_EQ(world_.AgentAt("ana").record->absence, AbsenceReason::kRemoved);
  EXPECT_EQ(world_.Attach("ana", 2).refusal, Refusal::kUnknownAgent);
  EXPECT_THAT(world_.TakeMessages(), ::testing::SizeIs(1));
}

TEST_F(ConfigTest, AgentRevisionsOutliveARestartAndEndWithTheNextWholeConfiguration) {
  Publish();
  world_.Do(ReviseAgent{2, AgentId{"cora"}, MakeAgent("cora", {{"es", kNative}})});
  world_.Do(ReviseAgent{3, AgentId{"ana"}, std::nullopt});
  world_.Restart();
  EXPECT_EQ(world_.engine().config_revision(), 3u);
  EXPECT_TRUE(world_.Attach("cora").ok());
  EXPECT_EQ(world_.Attach("ana").refusal, Refusal::kUnknownAgent);
  config_.revision = 4;
  Publish();
  EXPECT_THAT(world_.stored().agent_revisions, IsEmpty());
  EXPECT_EQ(world_.AgentAt("cora").record->presence, AgentPresence::kOffline);
  EXPECT_TRUE(world_.Attach("ana").ok());
}

TEST_F(ConfigTest, ManyAgentsMoveToANewConfigurationInSlices) {
  config_.agents.clear();
  for (int i = 0; i < 2000; ++i) config_.agents.push_back(MakeAgent("a" + std::to_string(i), {{"en", kNative}}));
  Publish();
  EXPECT_LE(world_.engine().NextDeadline(), world_.now());
  EXPECT_TRUE(world_.Attach("a1999").ok());  // before the slices came to it
  world_.Pass(Duration::Zero());
  EXPECT_GT(world_.engine().NextDeadline(), world_.now());
  const std::vector<AgentView> agents = world_.engine().ListAgents({}, 5000);
  ASSERT_EQ(agents.size(), 2000u);
  for (size_t i = 1; i < agents.size(); ++i) EXPECT_LT(agents[i - 1].record->agent, agents[i].record->agent);
}

TEST_F(ConfigTest, ManyRemovedAgentsGoInSlicesAlsoOverARestart) {
  const auto both = config_.agents;
  for (int i = 0; i < 400; ++i) config_.agents.push_back(MakeAgent("a" + std::to_string(i), {{"en", kNative}}));
  Publish();
  for (int i = 0; i < 400; ++i) world_.Attach("a" + std::to_string(i));
  config_.revision = 2;
  config_.agents = both;
  Publish();
  EXPECT_LE(world_.engine().NextDeadline(), world_.now());
  world_.Restart(Duration::Zero());
  world_.Pass(Duration::Zero());
  for (int i = 0; i < 400; ++i) {
    EXPECT_EQ(world_.AgentAt("a" + std::to_string(i)).record->presence, AgentPresence::kOffline);
  }
}

TEST_F(ConfigTest, AnAttachmentWhileManyAreRemovedIndexesThisAgentAlone) {
  for (int i = 0; i < 400; ++i) config_.agents.push_back(MakeAgent("a" + std::to_string(i), {{"en", kNative}}));
  Publish();
  for (int i = 0; i < 400; ++i) world_.Attach("a" + std::to_string(i));
  config_.revision = 2;
  config_.agents.clear();
  for (int i = 0; i < 1000; ++i) config_.agents.push_back(MakeAgent("b" + std::to_string(i), {{"en", kNative}}));
  Publish();
  EXPECT_EQ(world_.Attach("nobody").refusal, Refusal::kUnknownAgent);
  EXPECT_TRUE(world_.Attach("b999").ok());
  EXPECT_EQ(world_.AgentAt("a0").record->presence, AgentPresence::kAttached) << "the slices have not come to it";
  world_.Pass(Duration::Zero());
  EXPECT_EQ(world_.AgentAt("a0").record->presence, AgentPresence::kOffline);
  EXPECT_EQ(world_.AgentAt("b999").record->presence, AgentPresence::kAttached);
}

TEST_F(ConfigTest, ManyAgentRevisionsEndInSlicesAlsoOverARestart) {
  Publish();
  for (int i = 0; i < 400; ++i) {
    const std::string name = "a" + std::to_string(i);
    ASSERT_TRUE(world_.Do(ReviseAgent{2u + i, AgentId{name}, MakeAgent(name, {{"en", kNative}})}).ok());
  }
  config_.revision = 1000;
  Publish();
  EXPECT_FALSE(world_.stored().agent_revisions.empty());
  const AgentId again{"a399"};
  ASSERT_TRUE(world_.Do(ReviseAgent{1001, again, MakeAgent(again.value, {{"en", kNative}})}).ok());
  world_.Restart(Duration::Zero());
  world_.Pass(Duration::Zero());
  EXPECT_THAT(world_.stored().agent_revisions, ::testing::ElementsAre(::testing::Key(again)));
  EXPECT_EQ(world_.Attach("a0").refusal, Refusal::kUnknownAgent);
  EXPECT_TRUE(world_.Attach("a399").ok());
}

TEST_F(ConfigTest, AShiftThatOpensForManyIsServedInSlicesAndInOrder) {
  // 09:00 on the Thursday on which the test begins at 08:53:20.
  constexpr int kMany = 300;
  config_.shift_groups = {{.id = ShiftGroupId{"day"}, .schedule = {.weekly = {{Weekday::kThursday, {540, 1020}}}}}};
  config_.agents.clear();
  for (int i = 0; i < kMany; ++i) {
    config_.agents.push_back(MakeAgent("a" + std::to_string(i), {{"es", kNative}}));
    config_.agents.back().shift_group = ShiftGroupId{"day"};
  }
  Publish();
  for (int i = 0; i < kMany; ++i) world_.Attach("a" + std::to_string(i));
  for (int i = 0; i < kMany; ++i) {
    world_.Enqueue(i);
    world_.Pass(Duration::Milliseconds(1));
  }
  world_.TakeEvents();
  world_.PassTo(Instant::FromUnixSeconds(1'760'000'400));
  std::vector<ContactId> offered;
  for (const Event& event : world_.TakeEvents()) {
    if (std::holds_alternative<ContactOffered>(event.body)) offered.push_back(event.contact);
  }
  ASSERT_EQ(offered.size(), static_cast<size_t>(kMany));
  EXPECT_TRUE(std::is_sorted(offered.begin(), offered.end()));
}

TEST_F(ConfigTest, TermsOpenEachTopicAndSequencesHaveNoGaps) {
  Publish();
  world_.Attach("ana");
  world_.Enqueue(1);
  world_.Restart();
  std::map<std::pair<uint64_t, EventTopic>, uint64_t> last;
  for (const Event& event : world_.TakeEvents()) {
    if (event.topic == EventTopic::kFact) continue;
    auto& sequence = last[{event.term, event.topic}];
    EXPECT_EQ(event.sequence, sequence + 1);
    sequence = event.sequence;
    const auto* started = std::get_if<TermStarted>(&event.body);
    EXPECT_EQ(started != nullptr, event.sequence == 1);
    if (started != nullptr && event.term == 2) {
      EXPECT_EQ(started->previous_term, 1u);
      EXPECT_EQ(started->previous_last_sequence, (last[{1, event.topic}]));
    }
  }
  EXPECT_EQ(last.size(), 6u);
}

TEST_F(ConfigTest, AfterARestartNobodyIsOfferedAnythingBeforeAttachingAgain) {
  Publish();
  world_.Attach("ana");
  world_.Restart();
  world_.Enqueue(1);
  EXPECT_EQ(world_.ContactAt(1).state, ContactState::kQueued);
  EXPECT_TRUE(world_.Attach("ana").ok());  // the same connection, held by its gateway
  EXPECT_EQ(world_.ContactAt(1).agent, AgentId{"ana"});
}

TEST_F(ConfigTest, PendingOffersAreDeliveredAnewAfterARestartWithoutAStrike) {
  Publish();
  world_.Attach("ana");
  world_.Enqueue(1);
  world_.Do(world_.Of<OfferDelivered>(1));
  const OfferToken token = world_.ContactAt(1).token;
  world_.Restart(Duration::Minutes(10));
  EXPECT_EQ(world_.ContactAt(1).token, token);
  world_.Pass(Duration::Seconds(3));
  world_.TakeMessages();
  world_.Attach("ana");
  const auto messages = world_.TakeMessages();
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_EQ(std::get<OfferMade>(messages[0].body).token, token);
  world_.Pass(kDeliveryTimeout - Duration::Milliseconds(1));
  world_.Do(world_.Of<OfferDelivered>(1));
  world_.Pass(Duration::Seconds(19));
  EXPECT_TRUE(world_.Do(world_.Of<AcceptOffer>(1)).ok());
  EXPECT_EQ(world_.AgentAt("ana").record->strikes, 0);
}

TEST_F(ConfigTest, WorkOfAnAgentWhoDoesNotComeBackAfterARestartReturnsToItsLine) {
  Publish();
  world_.Attach("ana");
  world_.Enqueue(1);
  Accept(1);
  world_.Restart();
  world_.Pass(Duration::Seconds(59));
  EXPECT_EQ(world_.ContactAt(1).state, ContactState::kAssigned);
  world_.Pass(Duration::Seconds(1));
  EXPECT_EQ(world_.ContactAt(1).state, ContactState::kQueued);
}

}  // namespace
}  // namespace meridian
