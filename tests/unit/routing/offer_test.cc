// From a contact's arrival to its end, and everything that may happen to an offer on the way.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/routing/engine_world.h"

namespace meridian {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr auto kNative = LanguageLevel::kNative;
constexpr auto kFluent = LanguageLevel::kFluent;

TenantConfig TwoAgents() {
  TenantConfig config = SmallTenant();
  config.agents = {MakeAgent("ana", {{"es", kNative}}), MakeAgent("ben", {{"en", kNative}})};
  return config;
}

class OfferTest : public ::testing::Test {
 protected:
  void Publish(TenantConfig config) { ASSERT_TRUE(world_.Do(Publication(std::move(config))).ok()); }
  void TearDown() override { world_.engine().CheckInvariants(world_.now()); }
  void DeliverAndAccept(uint64_t n) {
    ASSERT_TRUE(world_.Do(world_.Of<OfferDelivered>(n)).ok());
    ASSERT_TRUE(world_.Do(world_.Of<AcceptOffer>(n)).ok());
  }
  template <typename Body>
  std::vector<Body> MessagesOf() {
    std::vector<Body> found;
    for (const GatewayMessage& message : world_.TakeMessages()) {
      if (const auto* body = std::get_if<Body>(&message.body)) found.push_back(*body);
    }
    return found;
  }

  EngineWorld world_;
};

// Each change is checked against the bounds of one call (EngineWorld): returned contacts, struck agents and new offers.
TEST_F(OfferTest, ManyThatTimeOutTogetherWhileOthersWaitInFrontAreServedInSlices) {
  constexpr uint64_t kMany = 200;
  TenantConfig config = SmallTenant();
  config.queues[0].no_answer = {.strikes = 3, .cool_down = Duration::Seconds(60)};
  for (uint64_t i = 0; i < kMany; ++i) config.agents.push_back(MakeAgent("a" + std::to_string(i), {{"es", kNative}}));
  Publish(config);
  world_.Pass(Duration::Seconds(100));
  for (uint64_t i = 0; i < kMany; ++i) world_.Attach("a" + std::to_string(i));
  for (uint64_t i = 0; i < kMany; ++i) world_.Enqueue(i);
  for (uint64_t i = 0; i < kMany; ++i) ASSERT_TRUE(world_.Do(world_.Of<OfferDelivered>(i)).ok());
  for (uint64_t i = kMany; i < 2 * kMany; ++i) {
    ContactSpec spec = world_.Spec(i);
    spec.enqueued_at = world_.now() - Duration::Seconds(50);
    ASSERT_TRUE(world_.Do(EnqueueContact{spec}).ok());
  }
  world_.Pass(config.queues[0].offer_timeout);
  for (uint64_t i = 0; i < kMany; ++i) {
    EXPECT_EQ(world_.ContactAt(i).state, ContactState::kQueued);
    EXPECT_EQ(world_.ContactAt(kMany + i).state, ContactState::kOffered);
    EXPECT_EQ(world_.AgentAt("a" + std::to_string(i)).record->strikes, 1);
  }
}

TEST_F(OfferTest, AgentsWithManyContactsWhoAreLostTogetherAreDrainedInSlices) {
  constexpr uint64_t kEach = 150;
  TenantConfig config = SmallTenant();
  config.agents = {MakeAgent("ana", {{"es", kNative}}, kEach), MakeAgent("bea", {{"es", kNative}}, kEach),
                   MakeAgent("cora", {{"es", kNative}}, 2 * kEach)};
  Publish(config);
  world_.Attach("ana");
  world_.Attach("bea");
  for (uint64_t i = 0; i < 2 * kEach; ++i) {
    world_.Enqueue(i);
    DeliverAndAccept(i);
  }
  world_.Attach("cora");
  for (const char* agent : {"ana", "bea"}) {
    ASSERT_TRUE(world_.Do(DetachAgent{AgentId{agent}, {1}, DetachCause::kSignedOff}).ok());
  }
  // One goes while its agent is drained, and is not touched again.
  const uint64_t last = 2 * kEach - 1;
  world_.Do(CustomerLeft{EngineWorld::Contact(last)});
  world_.Pass(Duration::Zero());
  EXPECT_EQ(world_.AgentAt("cora").load, 2 * kEach - 1);
  EXPECT_EQ(world_.AgentAt("ana").load + world_.AgentAt("bea").load, 0u);
}

TEST_F(OfferTest, GoesToTheAgentWhoSpeaksTheLanguageAndHasFivePublicEvents) {
  TenantConfig config = TwoAgents();
  config.queues[0].wrap_up.longest = Duration::Seconds(30);
  Publish(config);
  world_.Attach("ana");
  world_.Attach("ben");
  world_.TakeEvents();
  EXPECT_TRUE(world_.Enqueue(1, "es-MX").ok());
  EXPECT_EQ(world_.ContactAt(1).agent, AgentId{"ana"});
  DeliverAndAccept(1);
  EXPECT_EQ(world_.ContactAt(1).state, ContactState::kAssigned);
  EXPECT_TRUE(world_.Do(world_.Of<CompleteContact>(1)).ok());
  EXPECT_EQ(world_.ContactAt(1).state, ContactState::kWrapping);
  EXPECT_TRUE(world_.Do(world_.Of<EndWrapUp>(1)).ok());
  EXPECT_EQ(world_.engine().FindContact(EngineWorld::Contact(1)), nullptr);
  EXPECT_THAT(world_.TakeEventNames(),
              ElementsAre("ContactQueued", "ContactOffered", "ContactAssigned", "ContactWrapping", "ContactCompleted"));
  EXPECT_THAT(world_.stored().contacts, IsEmpty());
}

TEST_F(OfferTest, WithoutWrapUpCompletesAtOnceAndClosesTheConversationOnce) {
  Publish(TwoAgents());
  world_.Attach("ana");
  world_.Enqueue(1);
  DeliverAndAccept(1);
  world_.TakeEvents();
  EXPECT_EQ(world_.Do(world_.Of<CompleteContact>(1)).contact_state, ContactState::kCompleted);
  std::vector<std::string> names;
  std::vector<Grant> grants = {{}};
  for (const Event& event : world_.TakeEvents()) {
    names.emplace_back(NameOf(event.body));
    if (const auto* changed = std::get_if<ParticipantsChanged>(&event.body)) grants = changed->grants;
  }
  EXPECT_THAT(names, ElementsAre("ContactCompleted", "ParticipantsChanged", "ContactClosed"));
  EXPECT_THAT(grants, IsEmpty());
}

TEST_F(OfferTest, GrantsTheAgentOnlyWhileItServes) {
  TenantConfig config = TwoAgents();
  config.queues[0].wrap_up.longest = Duration::Seconds(30);
  Publish(config);
  world_.Attach("ana");
  world_.Enqueue(1);
  DeliverAndAccept(1);
  world_.Do(CustomerLeft{EngineWorld::Contact(1)});
  world_.Pass(Duration::Seconds(31));
  std::vector<std::pair<uint32_t, std::vector<bool>>> may_send;
  for (const Event& event : world_.TakeEvents()) {
    const auto* changed = std::get_if<ParticipantsChanged>(&event.body);
    if (changed == nullptr) continue;
    may_send.push_back({changed->revision, {}});
    for (const Grant& grant : changed->grants) may_send.back().second.push_back(grant.may_send);
  }
  using Entry = std::pair<uint32_t, std::vector<bool>>;
  EXPECT_THAT(may_send, ElementsAre(Entry{1, {true}}, Entry{2, {false}}, Entry{3, {}}));
}

TEST_F(OfferTest, AGrantSaysOfWhichKindItsHolderIs) {
  TenantConfig config = TwoAgents();
  config.agents[0].kind = AgentKind::kBot;
  Publish(config);
  world_.Attach(config.agents[0].id.value);
  world_.Enqueue(1);
  DeliverAndAccept(1);
  std::vector<AgentKind> kinds;
  for (const Event& event : world_.TakeEvents()) {
    const auto* changed = std::get_if<ParticipantsChanged>(&event.body);
    if (changed == nullptr) continue;
    for (const Grant& grant : changed->grants) kinds.push_back(grant.kind);
  }
  EXPECT_THAT(kinds, ElementsAre(AgentKind::kBot));
}

TEST_F(OfferTest, WaitsUntilSomebodyIsFreeAndOldestGoesFirst) {
  Publish(TwoAgents());
  world_.Enqueue(1);
  world_.Pass(Duration::Seconds(1));
  world_.Enqueue(2);
  EXPECT_EQ(world_.ContactAt(1).state, ContactState::kQueued);
  world_.Attach("ana");
  EXPECT_EQ(world_.ContactAt(1).state, ContactState::kOffered);
  EXPECT_EQ(world_.ContactAt(2).state, ContactState::kQueued);
  DeliverAndAccept(1);
  world_.Do(world_.Of<CompleteContact>(1));
  EXPECT_EQ(world_.ContactAt(2).state, ContactState::kOffered);
}

TEST_F(OfferTest, DecisionSaysWhyAndNamesRunnersUp) {
  TenantConfig config = SmallTenant();
  config.agents = {MakeAgent("native", {{"es", kNative}}), MakeAgent("fluent", {{"es", kFluent}})};
  Publish(config);
  world_.Attach("fluent");
  world_.Pass(Duration::Seconds(100));
  world_.Attach("native");
  world_.Enqueue(1);
  std::optional<ContactOffered> offered;
  for (const Event& event : world_.TakeEvents()) {
    if (const auto* body = std::get_if<ContactOffered>(&event.body)) offered = *body;
  }
  ASSERT_TRUE(offered.has_value());
  EXPECT_EQ(offered->agent, AgentId{"native"});  // the better band beats the longer idle time
  EXPECT_EQ(offered->decision.reason, DecisionReason::kBestScore);
  EXPECT_EQ(offered->decision.config_revision, 1u);
  ASSERT_EQ(offered->decision.runner_up_count, 1);
  EXPECT_EQ(offered->decision.runners_up[0].agent_hash, static_cast<uint32_t>(StableHash("fluent")));
  EXPECT_EQ(offered->decision.runners_up[0].score.idle_ms, 100'000);
  EXPECT_LT(offered->decision.score.band, offered->decision.runners_up[0].score.band);
}

TEST_F(OfferTest, LongestIdleDecidesInsideABand) {
  TenantConfig config = SmallTenant();
  config.agents = {MakeAgent("a", {{"es", kNative}}), MakeAgent("b", {{"es", kNative}}),
                   MakeAgent("c", {{"es", kNative}})};
  Publish(config);
  for (const char* agent : {"b", "c", "a"}) {
    world_.Attach(agent);
    world_.Pass(Duration::Seconds(1));
  }
  for (uint64_t n = 1; n <= 3; ++n) world_.Enqueue(n);
  EXPECT_EQ(world_.ContactAt(1).agent, AgentId{"b"});
  EXPECT_EQ(world_.ContactAt(2).agent, AgentId{"c"});
  EXPECT_EQ(world_.ContactAt(3).agent, AgentId{"a"});
}

TEST_F(OfferTest, RejectedGoesToAnotherAndKeepsItsPlace) {
  TenantConfig config = SmallTenant();
  config.agents = {MakeAgent("a", {{"es", kNative}}), MakeAgent("b", {{"es", kNative}})};
  Publish(config);
  world_.Attach("a");
  world_.Pass(Duration::Seconds(1));
  world_.Attach("b");
  world_.Enqueue(1);
  const Instant virtual_start = world_.ContactAt(1).virtual_start;
  world_.Do(world_.Of<OfferDelivered>(1));
  world_.Pass(Duration::Seconds(1));
  EXPECT_TRUE(world_.Do(world_.Of<RejectOffer>(1)).ok());
  EXPECT_EQ(world_.ContactAt(1).agent, AgentId{"b"});
  EXPECT_EQ(world_.ContactAt(1).virtual_start, virtual_start);
  EXPECT_EQ(world_.AgentAt("a").load, 0u);
}

TEST_F(OfferTest, RejectedByTheOnlyAgentComesBackAfterAWhile) {
  Publish(TwoAgents());
  world_.Attach("ana");
  world_.Enqueue(1);
  const OfferToken first = world_.ContactAt(1).token;
  world_.Do(world_.Of<RejectOffer>(1));
  EXPECT_EQ(world_.ContactAt(1).state, ContactState::kQueued);
  world_.Pass(kReofferDelay - Duration::Milliseconds(1));
  EXPECT_EQ(world_.ContactAt(1).state, ContactState::kQueued);
  world_.Pass(Duration::Milliseconds(1));
  EXPECT_EQ(world_.ContactAt(1).state, ContactState::kOffered);
  EXPECT_NE(world_.ContactAt(1).token, first);
}

TEST_F(OfferTest, UndeliveredIsRescindedWithoutAStrike) {
  Publish(TwoAgents());
  world_.Attach("ana");
  world_.Enqueue(1);
  world_.TakeEvents();
  world_.TakeMessages();
  world_.Pass(kDeliveryTimeout);
  EXPECT_EQ(world_.ContactAt(1).state, ContactState::kQueued);
  EXPECT_EQ(world_.AgentAt("ana").record->strikes, 0);
  const auto events = world_.TakeEvents();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(std::get<ContactRequeued>(events[0].body).rescind_reason, RescindReason::kUndelivered);
  EXPECT_EQ(MessagesOf<OfferRescinded>().size(), 1u);
}

TEST_F(OfferTest, NoAnswerStrikesAndThenCoolsDownForALimitedTime) {
  TenantConfig config = TwoAgents();
  config.queues[0].offer_timeout = Duration::Seconds(15);
  config.queues[0].no_answer = {.strikes = 2, .cool_down = Duration::Seconds(60)};
  Publish(config);
  world_.Attach("ana");
  world_.Enqueue(1);
  world_.Do(world_.Of<OfferDelivered>(1));
  world_.Pass(Duration::Seconds(15));
  EXPECT_EQ(world_.AgentAt("ana").record->strikes, 1);
  world_.Pass(kReofferDelay);
  world_.Do(world_.Of<OfferDelivered>(1));
  world_.Pass(Duration::Seconds(15));
  EXPECT_EQ(world_.ContactAt(1).state, ContactState::kQueued);
  EXPECT_EQ(world_.AgentAt("ana").record->cool_down_until, world_.now() + Duration::Seconds(60));
  world_.Pass(Duration::Seconds(59));
  EXPECT_EQ(world_.ContactAt(1).state, ContactState::kQueued);
  world_.Pass(Duration::Seconds(1));
  EXPECT_EQ(world_.ContactAt(1).state, ContactState::kOffered);
}

TEST_F(OfferTest, AcceptForgetsStrikes) {
  Publish(TwoAgents());
  world_.Attach("ana");
  world_.Enqueue(1);
  world_.Do(world_.Of<OfferDelivered>(1));
  world_.Pass(Duration::Seconds(20) + kReofferDelay);
  EXPECT_EQ(world_.AgentAt("ana").record->strikes, 1);
  DeliverAndAccept(1);
  EXPECT_EQ(world_.AgentAt("ana").record->strikes, 0);
}

TEST_F(OfferTest, LateAcceptWithAnOldTokenIsRefused) {
  Publish(TwoAgents());
  world_.Attach("ana");
  world_.Enqueue(1);
  const auto accept = world_.Of<AcceptOffer>(1);
  world_.Do(world_.Of<OfferDelivered>(1));
  world_.Pass(Duration::Seconds(20) + kReofferDelay);  // timed out, offered anew
  EXPECT_EQ(world_.Do(accept).refusal, Refusal::kStaleToken);
  DeliverAndAccept(1);
  EXPECT_TRUE(world_.Do(world_.Of<AcceptOffer>(1)).repeated);
  EXPECT_EQ(world_.Do(accept).refusal, Refusal::kStaleToken);
}

TEST_F(OfferTest, CustomerWhoLeavesAbandonsAWaitingContactAndCancelsItsOffer) {
  Publish(TwoAgents());
  world_.Enqueue(1);
  EXPECT_EQ(world_.Do(CustomerLeft{EngineWorld::Contact(1)}).contact_state, ContactState::kAbandoned);
  world_.Attach("ana");
  world_.Enqueue(2);
  world_.TakeMessages();
  world_.Do(CustomerLeft{EngineWorld::Contact(2), CustomerLeftReason::kConnectionLost});
  const auto rescinded = MessagesOf<OfferRescinded>();
  ASSERT_EQ(rescinded.size(), 1u);
  EXPECT_EQ(rescinded[0].reason, RescindReason::kCustomerLeft);
  EXPECT_EQ(world_.AgentAt("ana").load, 0u);
}

TEST_F(OfferTest, CancelIsForContactsWithoutAnAgent) {
  Publish(TwoAgents());
  world_.Attach("ana");
  world_.Enqueue(1);
  DeliverAndAccept(1);
  EXPECT_EQ(world_.Do(CancelContact{EngineWorld::Contact(1)}).refusal, Refusal::kWrongState);
  world_.Enqueue(2);
  EXPECT_EQ(world_.Do(CancelContact{EngineWorld::Contact(2)}).contact_state, ContactState::kCanceled);
  EXPECT_EQ(world_.Do(CancelContact{EngineWorld::Contact(2)}).refusal, Refusal::kUnknownContact);
}

TEST_F(OfferTest, ExpiresAfterTheLongestWait) {
  TenantConfig config = TwoAgents();
  config.queues[0].max_wait = Duration::Minutes(5);
  Publish(config);
  world_.Enqueue(1);
  world_.TakeEvents();
  world_.Pass(Duration::Minutes(5));
  EXPECT_THAT(world_.TakeEventNames(), ElementsAre("ContactExpired"));
}

TEST_F(OfferTest, VoiceConnectsApartAndFailedMediaReturnItToItsPlace) {
  Publish(TwoAgents());
  world_.Attach("ana");
  world_.Enqueue(1, "es", "voice");
  DeliverAndAccept(1);
  EXPECT_EQ(world_.ContactAt(1).state, ContactState::kConnecting);
  EXPECT_TRUE(world_.Do(MediaFailed{EngineWorld::Contact(1), world_.ContactAt(1).token}).ok());
  EXPECT_EQ(world_.ContactAt(1).state, ContactState::kQueued);
  EXPECT_EQ(world_.AgentAt("ana").record->strikes, 0);
  world_.Pass(kReofferDelay);
  DeliverAndAccept(1);
  EXPECT_TRUE(world_.Do(MediaConnected{EngineWorld::Contact(1), world_.ContactAt(1).token}).ok());
  EXPECT_EQ(world_.ContactAt(1).state, ContactState::kAssigned);
}

TEST_F(OfferTest, MediaThatFailAfterTheLongestWaitDoNotExpireTheContact) {
  TenantConfig config = TwoAgents();
  config.queues[0].max_wait = Duration::Seconds(15);
  Publish(config);
  world_.Attach("ana");
  world_.Enqueue(1, "es", "voice");
  DeliverAndAccept(1);
  world_.Pass(Duration::Seconds(20));
  world_.Do(MediaFailed{EngineWorld::Contact(1), world_.ContactAt(1).token});
  world_.Pass(Duration::Seconds(9));
  EXPECT_EQ(world_.ContactAt(1).state, ContactState::kQueued);
  world_.Pass(Duration::Seconds(1));
  EXPECT_EQ(world_.ContactAt(1).state, ContactState::kOffered);
}

TEST_F(OfferTest, HoldAndResume) {
  Publish(TwoAgents());
  world_.Attach("ana");
  world_.Enqueue(1);
  DeliverAndAccept(1);
  EXPECT_EQ(world_.Do(world_.Of<ResumeContact>(1)).repeated, true);
  EXPECT_EQ(world_.Do(world_.Of<HoldContact>(1)).contact_state, ContactState::kHeld);
  EXPECT_EQ(world_.Do(world_.Of<ResumeContact>(1)).contact_state, ContactState::kAssigned);
}

TEST_F(OfferTest, SameContactTwiceIsOneContact) {
  Publish(TwoAgents());
  world_.Enqueue(1);
  EXPECT_TRUE(world_.Enqueue(1).repeated);
  ContactSpec other = world_.Spec(1);
  other.conversation = EngineWorld::Conversation(2);
  EXPECT_EQ(world_.Do(EnqueueContact{other}).refusal, Refusal::kContactIdReused);
  EXPECT_EQ(world_.engine().live_contacts(), 1u);
}

TEST_F(OfferTest, FullAndClosedQueuesRefuse) {
  TenantConfig config = TwoAgents();
  config.queues[0].max_waiting = 1;
  config.queues[0].zone = "Etc/UTC";
  config.queues[0].opening_hours = ShiftGroupId{"hours"};
  config.shift_groups = {{.id = ShiftGroupId{"hours"}, .schedule = {.weekly = {{Weekday::kMonday, {540, 1020}}}}}};
  Publish(config);
  EXPECT_EQ(world_.Enqueue(1).refusal, Refusal::kQueueClosed);
  config.revision = 2;
  config.shift_groups[0].schedule = Schedule::Always();
  Publish(config);
  EXPECT_TRUE(world_.Enqueue(1).ok());
  EXPECT_EQ(world_.Enqueue(2).refusal, Refusal::kQueueFull);
}

TEST_F(OfferTest, RefusesWhatItCannotRoute) {
  EXPECT_EQ(world_.Enqueue(1).refusal, Refusal::kNoConfiguration);
  TenantConfig config = TwoAgents();
  config.plans[0].rules[0].when = Predicate::Equals(Operand::kLanguage, "es");
  Publish(config);
  EXPECT_EQ(world_.Enqueue(1, "fr").refusal, Refusal::kNoRule);
  EXPECT_EQ(world_.Enqueue(1, "es", "fax").refusal, Refusal::kUnknownChannel);
  ContactSpec spec = world_.Spec(1);
  spec.attributes.Set(AttributeName{"undeclared"}, int64_t{1});
  EXPECT_EQ(world_.Do(EnqueueContact{spec}).refusal, Refusal::kInvalidContact);
}

}  // namespace
}  // namespace meridian
