// Agents' connections, activities and capacity.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/routing/engine_world.h"

namespace meridian {
namespace {

using ::testing::ElementsAre;

constexpr auto kNative = LanguageLevel::kNative;

class AgentTest : public ::testing::Test {
 protected:
  void SetUp() override {
    config_ = SmallTenant();
    config_.agents = {MakeAgent("ana", {{"es", kNative}}, 3), MakeAgent("bea", {{"es", kNative}}, 3)};
  }
  void Publish() { ASSERT_TRUE(world_.Do(Publication(config_)).ok()); }
  void TearDown() override { world_.engine().CheckInvariants(world_.now()); }
  void Accept(uint64_t n) { ASSERT_TRUE(world_.Do(world_.Of<AcceptOffer>(n)).ok()); }
  Answer Detach(const std::string& agent, uint64_t attachment, DetachCause cause = DetachCause::kConnectionLost) {
    return world_.Do(DetachAgent{AgentId{agent}, {attachment}, cause});
  }
  Answer SetActivityOf(const std::string& agent, uint64_t attachment, Activity activity) {
    return world_.Do(SetActivity{AgentId{agent}, {attachment}, std::move(activity)});
  }

  EngineWorld world_;
  TenantConfig config_;
};

TEST_F(AgentTest, OnlyTheHighestAttachmentActs) {
  Publish();
  world_.Attach("ana", 5);
  world_.TakeMessages();
  EXPECT_TRUE(world_.Attach("ana", 5).repeated);
  EXPECT_TRUE(world_.Attach("ana", 6).ok());
  const auto messages = world_.TakeMessages();
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_TRUE(std::holds_alternative<AttachmentEnded>(messages[0].body));
  EXPECT_EQ(messages[0].attachment, AttachmentNumber{5});
  EXPECT_EQ(world_.Attach("ana", 5).refusal, Refusal::kStaleAttachment);
  EXPECT_EQ(SetActivityOf("ana", 5, Activity::Away("lunch")).refusal, Refusal::kStaleAttachment);
  EXPECT_EQ(Detach("ana", 5).refusal, Refusal::kStaleAttachment);
  EXPECT_EQ(world_.AgentAt("ana").record->presence, AgentPresence::kAttached);
  EXPECT_EQ(world_.Attach("nobody", 1).refusal, Refusal::kUnknownAgent);
}

TEST_F(AgentTest, WithoutAConnectionALowerNumberAttachesToo) {
  Publish();
  world_.Attach("ana", 9);
  EXPECT_TRUE(Detach("ana", 9).ok());
  EXPECT_TRUE(world_.Attach("ana", 5).ok()) << "a clock was set back";
  EXPECT_EQ(Detach("ana", 9).refusal, Refusal::kNotAttached) << "what the earlier connection still says";
  EXPECT_EQ(world_.AgentAt("ana").record->presence, AgentPresence::kAttached);
  EXPECT_TRUE(SetActivityOf("ana", 5, Activity::Away("lunch")).ok());
}

TEST_F(AgentTest, LiveWorkSurvivesAShortDisconnection) {
  Publish();
  world_.Attach("ana");
  world_.Enqueue(1);
  Accept(1);
  EXPECT_TRUE(Detach("ana", 1).ok());
  world_.Pass(Duration::Seconds(59));
  world_.TakeMessages();
  world_.Attach("ana", 2);
  EXPECT_EQ(world_.ContactAt(1).state, ContactState::kAssigned);
  const auto messages = world_.TakeMessages();
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_TRUE(std::get<AssignmentStarted>(messages[0].body).resumed);
  world_.Pass(Duration::Seconds(60));
  EXPECT_EQ(world_.AgentAt("ana").record->presence, AgentPresence::kAttached);
}

TEST_F(AgentTest, AfterTheGraceTimeWorkReturnsToItsPlaceInLine) {
  Publish();
  world_.Attach("ana");
  world_.Enqueue(1);
  Accept(1);
  const Instant virtual_start = world_.ContactAt(1).virtual_start;
  Detach("ana", 1);
  world_.TakeEvents();
  world_.Pass(Duration::Seconds(60));
  EXPECT_THAT(world_.TakeEventNames(), ElementsAre("AgentOffline", "ContactRequeued"));
  EXPECT_EQ(world_.ContactAt(1).state, ContactState::kQueued);
  EXPECT_EQ(world_.ContactAt(1).virtual_start, virtual_start);
}

TEST_F(AgentTest, OffersOfADetachedAgentGoToOthersAtOnce) {
  Publish();
  world_.Attach("ana");
  world_.Enqueue(1);
  world_.Attach("bea");
  EXPECT_EQ(world_.ContactAt(1).agent, AgentId{"ana"});
  Detach("ana", 1);
  EXPECT_EQ(world_.ContactAt(1).agent, AgentId{"bea"});
}

TEST_F(AgentTest, SigningOffReturnsLiveWorkAtOnceAndEndsWrapUp) {
  config_.queues[0].wrap_up.longest = Duration::Minutes(5);
  Publish();
  world_.Attach("ana");
  world_.Enqueue(1);
  world_.Enqueue(2);
  Accept(1);
  Accept(2);
  world_.Do(world_.Of<CompleteContact>(2));
  Detach("ana", 1, DetachCause::kSignedOff);
  EXPECT_EQ(world_.ContactAt(1).state, ContactState::kQueued);
  EXPECT_EQ(world_.engine().FindContact(EngineWorld::Contact(2)), nullptr);
  EXPECT_EQ(world_.AgentAt("ana").record->presence, AgentPresence::kOffline);
}

TEST_F(AgentTest, AwayStopsNewOffersAndKeepsWork) {
  Publish();
  world_.Attach("ana");
  world_.Enqueue(1);
  Accept(1);
  world_.Enqueue(2);  // offered, not delivered
  EXPECT_TRUE(SetActivityOf("ana", 1, Activity::Away("lunch")).ok());
  EXPECT_EQ(world_.ContactAt(1).state, ContactState::kAssigned);
  EXPECT_EQ(world_.ContactAt(2).state, ContactState::kQueued);
  EXPECT_TRUE(SetActivityOf("ana", 1, Activity::Available()).ok());
  EXPECT_EQ(world_.ContactAt(2).agent, AgentId{"ana"});
}

TEST_F(AgentTest, ConnectingWithoutAnActivityMeansAway) {
  Publish();
  world_.Do(AttachAgent{AgentId{"ana"}, {1}, GatewayKey{"g1"}, std::nullopt});
  EXPECT_EQ(world_.AgentAt("ana").record->activity, Activity::Away("signed_in"));
  world_.Enqueue(1);
  EXPECT_EQ(world_.ContactAt(1).state, ContactState::kQueued);
}

TEST_F(AgentTest, AvailableEndsACoolDownEarly) {
  config_.queues[0].no_answer = {.strikes = 1, .cool_down = Duration::Minutes(10), .rejects_count = true};
  Publish();
  world_.Attach("ana");
  world_.Enqueue(1);
  world_.Do(world_.Of<RejectOffer>(1));
  world_.Pass(Duration::Minutes(1));
  EXPECT_EQ(world_.ContactAt(1).state, ContactState::kQueued);
  SetActivityOf("ana", 1, Activity::Available());
  EXPECT_EQ(world_.ContactAt(1).state, ContactState::kOffered);
}

TEST_F(AgentTest, CapacityInUnitsAndVoiceAlone) {
  config_.agents = {MakeAgent("ana", {{"es", kNative}}, 3)};
  Publish();
  world_.Attach("ana");
  for (uint64_t n = 1; n <= 4; ++n) world_.Enqueue(n);
  EXPECT_EQ(world_.AgentAt("ana").load, 3u);
  EXPECT_EQ(world_.ContactAt(4).state, ContactState::kQueued);
  world_.Enqueue(5, "es", "voice");
  for (uint64_t n = 1; n <= 3; ++n) world_.Do(CancelContact{EngineWorld::Contact(n)});
  // Contact 4 came first, and beside it voice has no room.
  EXPECT_EQ(world_.ContactAt(4).state, ContactState::kOffered);
  EXPECT_EQ(world_.ContactAt(5).state, ContactState::kQueued);
  world_.Do(CancelContact{EngineWorld::Contact(4)});
  EXPECT_EQ(world_.ContactAt(5).state, ContactState::kOffered);
  world_.Enqueue(6);
  EXPECT_EQ(world_.ContactAt(6).state, ContactState::kQueued);
}

TEST_F(AgentTest, ChatsArePackedWhereVoiceNeedsAnAgentAlone) {
  Publish();
  world_.Attach("ana");
  world_.Pass(Duration::Seconds(1));
  world_.Attach("bea");
  world_.Enqueue(1);
  world_.Enqueue(2);
  EXPECT_EQ(world_.ContactAt(1).agent, AgentId{"ana"});
  EXPECT_EQ(world_.ContactAt(2).agent, AgentId{"ana"});  // so that bea can take a call
  world_.Enqueue(3, "es", "voice");
  EXPECT_EQ(world_.ContactAt(3).agent, AgentId{"bea"});
}

TEST_F(AgentTest, ChatsAreSpreadWhereNoChannelNeedsAnAgentAlone) {
  config_.channels = {{.id = ChannelId{"chat"}}};
  for (AgentConfig& agent : config_.agents) agent.channels = {{ChannelId{"chat"}, 3}};
  Publish();
  world_.Attach("ana");
  world_.Attach("bea");
  world_.Enqueue(1);
  world_.Enqueue(2);
  EXPECT_NE(world_.ContactAt(1).agent, world_.ContactAt(2).agent);
}

TEST_F(AgentTest, ShiftOpensAndClosesInTheAgentsOwnZone) {
  // Monday to Friday 09:00–17:00 at UTC+3, as the test begins on a Thursday at 08:53:20 UTC, 11:53:20 there.
  config_.zones.push_back({.name = "Europe/Moscow", .transitions = {{Instant{0}, 3 * 3600}}});
  Schedule schedule;
  for (int day = 0; day < 5; ++day) schedule.weekly.push_back({static_cast<Weekday>(day), {540, 1020}});
  config_.shift_groups = {{.id = ShiftGroupId{"day"}, .schedule = schedule}};
  config_.agents[0].zone = "Europe/Moscow";
  config_.agents[0].shift_group = ShiftGroupId{"day"};
  config_.agents.pop_back();
  Publish();
  world_.Attach("ana");
  world_.Enqueue(1);
  Accept(1);
  world_.PassTo(Instant::FromUnixSeconds(1'760'018'400));  // 17:00 there
  EXPECT_FALSE(world_.AgentAt("ana").on_shift);
  EXPECT_EQ(world_.ContactAt(1).state, ContactState::kAssigned);  // live work goes on
  world_.Enqueue(2);
  EXPECT_EQ(world_.ContactAt(2).state, ContactState::kQueued);
  world_.PassTo(Instant::FromUnixSeconds(1'760'076'000) - Duration::Nanoseconds(1));
  EXPECT_EQ(world_.ContactAt(2).state, ContactState::kQueued);
  world_.Pass(Duration::Nanoseconds(1));  // 09:00 there
  EXPECT_EQ(world_.ContactAt(2).state, ContactState::kOffered);
}

TEST_F(AgentTest, ReclaimConfirmsTheCurrentAssignmentOnly) {
  Publish();
  world_.Attach("ana");
  world_.Enqueue(1);
  const auto reclaim = world_.Of<ReclaimAssignment>(1);
  EXPECT_EQ(world_.Do(reclaim).refusal, Refusal::kWrongState);
  Accept(1);
  EXPECT_TRUE(world_.Do(reclaim).ok());
  world_.Do(world_.Of<CompleteContact>(1));
  EXPECT_EQ(world_.Do(reclaim).refusal, Refusal::kUnknownContact);
}

TEST_F(AgentTest, ALostBotsManyContactsReturnInSlices) {
  constexpr uint64_t kMany = 1000;
  config_.agents = {MakeAgent("bot", {{"es", kNative}}, kMany)};
  Publish();
  world_.Attach("bot");
  for (uint64_t n = 1; n <= kMany; ++n) {
    world_.Enqueue(n);
    if (n % 2 == 0) Accept(n);
  }
  EXPECT_EQ(world_.AgentAt("bot").load, kMany);
  EXPECT_TRUE(Detach("bot", 1, DetachCause::kSignedOff).ok());
  EXPECT_LE(world_.engine().NextDeadline(), world_.now());
  EXPECT_GT(world_.AgentAt("bot").load, 0u);
  world_.Restart(Duration::Zero());  // in the middle
  world_.Pass(Duration::Zero());
  EXPECT_EQ(world_.AgentAt("bot").load, 0u);
  EXPECT_EQ(world_.engine().CountsByQueue()[0].waiting, kMany);
  EXPECT_TRUE(world_.Attach("bot", 2).ok());
  world_.Pass(Duration::Zero());
  EXPECT_EQ(world_.AgentAt("bot").load, kMany);
}

TEST_F(AgentTest, ALostBotsManyOffersReturnInSlices) {
  constexpr uint64_t kMany = 300;
  config_.agents = {MakeAgent("bot", {{"es", kNative}}, kMany)};
  Publish();
  world_.Attach("bot");
  for (uint64_t n = 1; n <= kMany; ++n) world_.Enqueue(n);
  Detach("bot", 1);
  world_.Pass(Duration::Zero());
  EXPECT_EQ(world_.AgentAt("bot").load, 0u);
  world_.Attach("bot", 2);
  world_.Pass(kDeliveryTimeout);  // all undelivered at one instant
  EXPECT_EQ(world_.engine().CountsByQueue()[0].waiting, kMany);
}

TEST_F(AgentTest, ALostAgentReclaimsWhatNobodyElseWasOffered) {
  Publish();
  world_.Attach("ana");
  world_.Enqueue(1);
  world_.Enqueue(2);
  Accept(1);
  Accept(2);
  auto first = world_.Of<ReclaimAssignment>(1);
  auto second = world_.Of<ReclaimAssignment>(2);
  Detach("ana", 1);
  world_.Pass(Duration::Seconds(60));
  EXPECT_EQ(world_.ContactAt(1).state, ContactState::kQueued);
  world_.Do(AttachAgent{AgentId{"ana"}, {2}, GatewayKey{"g1"}, std::nullopt});
  first.attachment = second.attachment = {2};
  EXPECT_TRUE(world_.Do(first).ok());
  EXPECT_EQ(world_.ContactAt(1).state, ContactState::kAssigned);
  EXPECT_EQ(world_.ContactAt(1).token, first.token);
  world_.Attach("bea");
  EXPECT_EQ(world_.ContactAt(2).agent, AgentId{"bea"});
  EXPECT_EQ(world_.Do(second).refusal, Refusal::kStaleToken);
}

}  // namespace
}  // namespace meridian
