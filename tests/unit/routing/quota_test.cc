// The tenant's quota of waiting contacts: what counts, and whom it never refuses.
#include <gtest/gtest.h>

#include "tests/unit/routing/engine_world.h"

namespace meridian {
namespace {

class WaitingQuotaTest : public testing::Test {
 protected:
  void Publish(uint32_t waiting_contacts, uint64_t revision = 1) {
    TenantConfig config = SmallTenant();
    config.revision = revision;
    config.queues.push_back({.id = QueueId{"other"}});
    Rule other = config.plans[0].rules[0];
    other.name = "other";
    other.queue = QueueId{"other"};
    other.when = Predicate::Equals(Operand::kLanguage, "en");
    config.plans[0].rules.insert(config.plans[0].rules.begin(), std::move(other));
    config.agents = {MakeAgent("ana", {{"es", LanguageLevel::kNative}, {"en", LanguageLevel::kNative}})};
    config.quotas.waiting_contacts = waiting_contacts;
    ASSERT_TRUE(world_.Do(Publication(config)).ok());
  }
  void AcceptOffered(uint64_t n) {
    ASSERT_TRUE(world_.Do(world_.Of<OfferDelivered>(n)).ok());
    ASSERT_TRUE(world_.Do(world_.Of<AcceptOffer>(n)).ok());
  }

  EngineWorld world_;
};

TEST_F(WaitingQuotaTest, NewContactsAreRefusedWhenAllLinesTogetherHoldAsManyAsTheTenantMayHave) {
  Publish(2);
  EXPECT_TRUE(world_.Enqueue(1, "es").ok());
  EXPECT_TRUE(world_.Enqueue(2, "en").ok());
  const Answer refused = world_.Enqueue(3, "es");
  EXPECT_EQ(refused.refusal, Refusal::kQuotaExceeded);
  EXPECT_EQ(refused.text, "the tenant has as many waiting contacts as it may, 2");
  EXPECT_TRUE(world_.Enqueue(1, "es").repeated);  // it waits already

  ASSERT_TRUE(world_.Attach("ana").ok());  // takes the first of them
  EXPECT_TRUE(world_.Enqueue(3, "es").ok());
  EXPECT_EQ(world_.Enqueue(4, "en").refusal, Refusal::kQuotaExceeded);
  ASSERT_TRUE(world_.Do(CancelContact{EngineWorld::Contact(3)}).ok());
  EXPECT_TRUE(world_.Enqueue(4, "en").ok());
  world_.engine().CheckInvariants(world_.now());
}

TEST_F(WaitingQuotaTest, WhatReturnsToItsLineIsTakenAndNewOnesWaitForRoom) {
  Publish(1);
  ASSERT_TRUE(world_.Attach("ana").ok());
  ASSERT_TRUE(world_.Enqueue(1).ok());
  AcceptOffered(1);
  ASSERT_TRUE(world_.Enqueue(2).ok());
  const uint64_t attachment = world_.AgentAt("ana").record->attachment.value;
  ASSERT_TRUE(world_.Do(DetachAgent{AgentId{"ana"}, {attachment}, DetachCause::kSignedOff}).ok());
  EXPECT_EQ(world_.ContactAt(1).state, ContactState::kQueued);
  EXPECT_EQ(world_.ContactAt(2).state, ContactState::kQueued);
  EXPECT_EQ(world_.Enqueue(3).refusal, Refusal::kQuotaExceeded);

  // Agents work as ever.
  ASSERT_TRUE(world_.Attach("ana", attachment + 1).ok());
  AcceptOffered(1);
  EXPECT_TRUE(world_.Do(world_.Of<CompleteContact>(1)).ok());
  AcceptOffered(2);
  EXPECT_TRUE(world_.Enqueue(3).ok());
}

TEST_F(WaitingQuotaTest, TheCountIsMadeAnewFromTheRecords) {
  Publish(2);
  ASSERT_TRUE(world_.Enqueue(1, "es").ok());
  ASSERT_TRUE(world_.Enqueue(2, "en").ok());
  world_.Restart();
  EXPECT_EQ(world_.Enqueue(3).refusal, Refusal::kQuotaExceeded);
  Publish(3, 2);
  EXPECT_TRUE(world_.Enqueue(3).ok());
  EXPECT_EQ(world_.Enqueue(4).refusal, Refusal::kQuotaExceeded);
}

TEST_F(WaitingQuotaTest, AContactThatWasAcknowledgedBeforeItWasLostIsTakenAgain) {
  Publish(1);
  ASSERT_TRUE(world_.Enqueue(1).ok());
  Engine& engine = world_.engine();
  engine.HoldOffers();
  const Command again{.origin = {}, .body = EnqueueContact{world_.Spec(2)}};
  EXPECT_TRUE(engine.Replay(again, world_.now()).ok());
  engine.ReleaseOffers();
  EXPECT_EQ(world_.Enqueue(3).refusal, Refusal::kQuotaExceeded);
}

}  // namespace
}  // namespace meridian
