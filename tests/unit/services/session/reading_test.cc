// Readers get each message once and in order, history and live, under their right to it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/services/session/session_world.h"

namespace meridian {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class SessionReadingTest : public ::testing::Test {
 protected:
  // A conversation of `messages` messages of the customer.
  void Open(uint64_t n, uint64_t messages) {
    world_.Submit("open " + std::to_string(n), world_.Submission(n, 1, "text 1"));
    world_.Settle();
    for (uint64_t i = 2; i <= messages; ++i) Say(n, i);
    world_.Settle();
  }
  void Say(uint64_t n, uint64_t client_number) {
    world_.Say("say " + std::to_string(n) + "/" + std::to_string(client_number), n, client_number,
               "text " + std::to_string(client_number));
  }
  static std::vector<uint64_t> UpTo(uint64_t last, uint64_t first = 1) {
    std::vector<uint64_t> numbers;
    for (uint64_t i = first; i <= last; ++i) numbers.push_back(i);
    return numbers;
  }

  SessionWorld world_;
};

TEST_F(SessionReadingTest, CustomerReadsHistoryThenLive) {
  Open(1, 3);
  auto customer = world_.Watch(1, 1);
  world_.Settle();
  EXPECT_THAT(customer->lines, ElementsAre("CONTACT_STATE_QUEUED", "2 text 2", "3 text 3", "caught up 3"));
  Say(1, 4);
  world_.Settle();
  EXPECT_EQ(customer->lines.back(), "4 text 4");
}

TEST_F(SessionReadingTest, LongHistoryWithAppendsMeanwhile) {
  Open(1, 300);
  auto customer = world_.Watch(1);
  uint64_t next = 301;
  while (customer->Numbers().size() < 350) {
    world_.StepShard();
    if (next <= 350) Say(1, next++);
    world_.StepShard();
    if (!world_.store().Step() && next > 350) break;
  }
  world_.Settle();
  EXPECT_EQ(customer->Numbers(), UpTo(350));
}

TEST_F(SessionReadingTest, OthersTenantsAndUnknownConversationsAreNotFound) {
  Open(1, 1);
  auto unknown = world_.Watch(9);
  auto reader = std::make_shared<RecordingReader>();
  auto foreign = world_.service().ReadAsCustomer(TenantId{"other"}, SessionWorld::Conversation(1), 0, reader);
  auto agent = world_.Follow(9, "ana");
  world_.Settle();
  EXPECT_THAT(unknown->lines, ElementsAre("ended CONVERSATION_NOT_FOUND"));
  EXPECT_THAT(reader->lines, ElementsAre("ended CONVERSATION_NOT_FOUND"));
  EXPECT_THAT(agent->lines, ElementsAre("ended CONVERSATION_NOT_FOUND"));
  EXPECT_EQ(world_.shard().readings(), 0u);
}

TEST_F(SessionReadingTest, AgentWaitsForItsGrantAndStopsWithIt) {
  Open(1, 2);
  auto ana = world_.Follow(1, "ana");
  world_.Settle();
  EXPECT_THAT(ana->lines, IsEmpty());
  world_.routing.SetParticipants(SessionWorld::Contact(1), {"ana"});
  world_.Settle();
  EXPECT_THAT(ana->lines, ElementsAre("1 text 1", "2 text 2", "caught up 2"));
  Say(1, 3);
  world_.Settle();
  EXPECT_EQ(ana->lines.back(), "3 text 3");
  auto ben = world_.Follow(1, "ben");
  world_.Settle();
  EXPECT_THAT(ben->lines, IsEmpty());
  world_.routing.SetParticipants(SessionWorld::Contact(1), {"ben"});
  world_.Settle();
  EXPECT_EQ(ana->lines.back(), "ended OK");
  EXPECT_EQ(ben->Numbers(), UpTo(3));
  Say(1, 4);
  world_.Settle();
  EXPECT_EQ(ana->Numbers(), UpTo(3));
  EXPECT_EQ(ben->Numbers(), UpTo(4));
}

TEST_F(SessionReadingTest, AgentOpensUnderAStandingGrant) {
  Open(1, 2);
  world_.routing.SetParticipants(SessionWorld::Contact(1), {"ana", "ben"});
  world_.Settle();
  auto ben = world_.Follow(1, "ben", 1);
  world_.Settle();
  EXPECT_THAT(ben->lines, ElementsAre("2 text 2", "caught up 2"));
}

TEST_F(SessionReadingTest, WhoIsGrantedAgainGoesOnWhereItWas) {
  Open(1, 2);
  world_.routing.SetParticipants(SessionWorld::Contact(1), {"ana"});
  world_.Settle();
  auto ana = world_.Follow(1, "ana");
  world_.Settle();
  // Gone and back within one batch of facts: neither an end nor a message twice.
  world_.routing.SetParticipants(SessionWorld::Contact(1), {});
  world_.routing.SetParticipants(SessionWorld::Contact(1), {"ana"});
  Say(1, 3);
  world_.Settle();
  EXPECT_EQ(ana->Numbers(), UpTo(3));
  EXPECT_FALSE(ana->ended());
}

TEST_F(SessionReadingTest, CustomerSeesWhoServes) {
  Open(1, 1);
  auto customer = world_.Watch(1);
  world_.Settle();
  world_.routing.SetParticipants(SessionWorld::Contact(1), {"ana"});
  world_.Settle();
  EXPECT_EQ(customer->lines.back(), "CONTACT_STATE_ASSIGNED Ana Ruiz");
  world_.routing.CloseContact(SessionWorld::Contact(1), EndReason::kCompletedByAgent);
  world_.Settle();
  EXPECT_EQ(customer->lines.back(), "CONTACT_STATE_COMPLETED");
  EXPECT_FALSE(customer->ended());
  auto late = world_.Watch(1);
  world_.Settle();
  EXPECT_EQ(late->lines.front(), "CONTACT_STATE_COMPLETED");
}

TEST_F(SessionReadingTest, ABotsWordsAreABots) {
  Open(1, 1);
  world_.routing.SetParticipants(SessionWorld::Contact(1), {"robo"});
  world_.routing.RemoveAgents();  // before the session has heard of the grant
  world_.Settle();
  world_.Say("bot", 1, 1, "beep", "robo");
  world_.Settle();
  EXPECT_EQ(world_.answers["bot"], "OK 2");
  const auto list = world_.List(1);
  ASSERT_TRUE(list.ok());
  EXPECT_EQ(list->messages(1).author_kind(), type::v1::AUTHOR_KIND_BOT);
  EXPECT_EQ(list->messages(1).author(), "robo");
}

TEST_F(SessionReadingTest, EndsWhenTheConversationCloses) {
  Open(1, 2);
  auto customer = world_.Watch(1);
  world_.Settle();
  world_.service().Close({SessionWorld::Tenant(), SessionWorld::Conversation(1)}, [](auto) {});
  world_.Settle();
  EXPECT_EQ(customer->lines.back(), "ended OK");
  // Who comes back later gets the rest, and the end.
  auto late = world_.Watch(1, 1);
  world_.Settle();
  EXPECT_TRUE(late->Has("2 text 2"));
  EXPECT_EQ(late->lines.back(), "ended OK");
  EXPECT_EQ(world_.shard().readings(), 0u);
}

TEST_F(SessionReadingTest, WhoWatchesIsThere) {
  Open(1, 1);
  auto customer = world_.Watch(1);
  world_.Pass(Duration::Minutes(10));
  EXPECT_TRUE(world_.routing.IsLive(SessionWorld::Contact(1)));
  customer.reading.reset();
  world_.Pass(Duration::Seconds(59));
  EXPECT_TRUE(world_.routing.IsLive(SessionWorld::Contact(1)));
  world_.Pass(Duration::Seconds(2));
  EXPECT_FALSE(world_.routing.IsLive(SessionWorld::Contact(1)));
  ASSERT_EQ(world_.routing.Received<CustomerLeft>().size(), 1u);
  EXPECT_EQ(world_.routing.Received<CustomerLeft>().front().reason, CustomerLeftReason::kConnectionLost);
}

TEST_F(SessionReadingTest, NothingComesAfterTheHandleIsGone) {
  Open(1, 1);
  auto customer = world_.Watch(1);
  world_.Settle();
  const size_t before = customer->lines.size();
  customer.reading.reset();
  Say(1, 2);
  world_.Settle();
  EXPECT_EQ(customer->lines.size(), before);
  EXPECT_EQ(world_.shard().readings(), 0u);
}

TEST_F(SessionReadingTest, EndsUnavailableWhenTheShardStops) {
  Open(1, 1);
  auto customer = world_.Watch(1);
  auto ana = world_.Follow(1, "ana");
  world_.Settle();
  world_.shard().RequestStop();
  world_.Settle();
  EXPECT_TRUE(world_.shard().stopped());
  EXPECT_TRUE(customer->ended());
  EXPECT_TRUE(ana->ended());
  auto late = world_.Watch(1);
  world_.Settle();
  EXPECT_TRUE(late->ended());
  world_.Submit("late", world_.Submission(2, 1, "hola"));
  world_.Settle();
  EXPECT_TRUE(world_.answers.contains("late"));
}

TEST_F(SessionReadingTest, ListsPagesAlsoOfClosedConversations) {
  Open(1, 250);
  auto page = world_.List(1);
  ASSERT_TRUE(page.ok());
  EXPECT_EQ(page->messages_size(), 100);
  EXPECT_EQ(page->last_number(), 250u);
  page = world_.List(1, 200, 200);
  ASSERT_TRUE(page.ok());
  EXPECT_EQ(page->messages_size(), 50);
  EXPECT_EQ(page->messages(0).number(), 201u);
  EXPECT_EQ(world_.List(1, 250)->messages_size(), 0);
  EXPECT_EQ(world_.List(1, 0, 201).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(world_.List(2).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(world_.List(1, 0, 0, TenantId{"other"}).status().code(), absl::StatusCode::kNotFound);

  world_.service().Close({SessionWorld::Tenant(), SessionWorld::Conversation(1)}, [](auto) {});
  world_.Settle();
  ASSERT_EQ(world_.shard().program().core().conversations(), 0u);
  page = world_.List(1, 240);
  ASSERT_TRUE(page.ok());
  EXPECT_EQ(page->messages_size(), 10);
  EXPECT_EQ(world_.List(1, 0, 0, TenantId{"other"}).status().code(), absl::StatusCode::kNotFound);
}

TEST(SessionReadingElsewhereTest, EndsWhereAnotherProcessOwnsTheShard) {
  SessionWorld world;
  world.Crash();
  world.clock().Advance(Duration::Seconds(11));
  world.store().leases().Acquire({ShardKind::kSession, 0}, "another", 7, Duration::Seconds(10),
                                 [](const absl::StatusOr<Lease>& lease) { ASSERT_TRUE(lease.ok()); });
  world.Boot();
  auto reader = world.Watch(1);
  world.Settle();
  EXPECT_TRUE(reader->ended()) << "it would wait here while it is served there";
  world.Pass(Duration::Seconds(11));
  EXPECT_EQ(world.shard().state(), ShardState::kServing);
  auto later = world.Watch(1);
  world.Settle();
  EXPECT_TRUE(later->Has("ended CONVERSATION_NOT_FOUND"));
}

}  // namespace
}  // namespace meridian
