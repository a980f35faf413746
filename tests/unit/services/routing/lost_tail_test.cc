// The real loop and program over a store that loses commits which it had acknowledged, in virtual time on one thread.
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "libs/runtime/command_replayer.h"
#include "libs/store/memory_store.h"
#include "libs/testing/fake_clock.h"
#include "libs/testing/fault_store.h"
#include "tests/unit/services/routing/demo_config.h"
#include "tests/unit/services/routing/demo_draft.h"

namespace meridian {
namespace {

const TenantId kTenant{"demo"};
const RegionCode kRegion = *RegionCode::Parse("eu1");
const AgentId kAna{"ana"};
const AttachmentNumber kFirst{1};
constexpr ShardId kShard{ShardKind::kRouting, 0};

ContactId Contact(uint64_t number) { return {kRegion, {0x0190000000007000, number}}; }

struct Tokens {
  OfferToken talking, done, declined;
};

class World {
 public:
  using Loop = ShardLoop<RoutingProgram>;

  explicit World(bool keeps = true) {
    way_.SetMayLoseTail(keeps);
    replayer_ = std::make_unique<CommandReplayer<RoutingProgram>>("callers", way_.MayLoseAcknowledgedTail(),
                                                                  clock_.monotonic());
    ShardLoopOptions options;
    options.identity = {.shard = kShard, .owner = "test", .nonce = 1};
    ShardHooks<RoutingProgram> hooks;
    hooks.on_message = [this](RoutingMessage&& message) {
      auto* sent = std::get_if<MessageToGateway>(&message);
      if (sent == nullptr) return;
      if (const auto* offer = std::get_if<OfferMade>(&sent->message.body)) offers[offer->contact] = offer->token;
    };
    hooks.on_term = replayer_->OnTermHook();
    loop_ = std::make_unique<Loop>(std::make_unique<RoutingProgram>(kRegion), std::move(options),
                                   ShardPorts{&way_, &store_.leases(), clock_.monotonic(), clock_.wall()},
                                   std::move(hooks));
    replayer_->Serve(loop_.get());
    loop_->Start();
    Settle();
    EXPECT_EQ(Run(testing::DraftOf(testing::DemoConfig(), 1)).outcome, ConfigOutcome::kPublished);
  }

  Loop& loop() { return *loop_; }
  void Settle() {
    while (loop_->Step()) {
    }
  }
  void Pass(Duration time) {
    for (; time > Duration::Zero(); time = time - Duration::Milliseconds(10)) {
      clock_.Advance(Duration::Milliseconds(10));
      Settle();
    }
  }
  RoutingAnswer Run(decltype(RoutingCommand::body) body) {
    RoutingAnswer answer;
    RoutingCommand command{kTenant, std::nullopt, std::move(body)};
    Loop::Done done = replayer_->Keeping(command, [&](RoutingAnswer&& given) { answer = std::move(given); });
    const absl::Status posted = loop_->Post(std::move(command), Lane::kLiveWork, std::move(done));
    if (!posted.ok()) answer.status = posted;
    Settle();
    return answer;
  }
  bool Do(CommandBody body) {
    const RoutingAnswer answer = Run(Command{{{ActorRole::kService, "test"}, {}}, std::move(body)});
    return answer.status.ok() && answer.answer.ok();
  }
  bool Enqueue(uint64_t number, const char* language = "es") {
    EnqueueContact command;
    command.spec.id = Contact(number);
    command.spec.conversation = {kRegion, {5, number}};
    command.spec.customer = {kRegion, {6, number}};
    command.spec.channel = {"chat"};
    command.spec.language = *LanguageTag::Parse(language);
    return Do(std::move(command));
  }
  bool Attach() { return Do(AttachAgent{kAna, kFirst, {"gw"}, Activity::Available()}); }

  uint64_t Commits() {
    uint64_t number = 0;
    store_.LastCommit(kShard, [&](absl::StatusOr<ChainHead> head) { number = head->number; });
    return number;
  }
  // The store fails over; the shard hears of it at its next commit, and serves again once the lease is renewed.
  void Lose(uint64_t commits) {
    ASSERT_EQ(store_.LoseTail(kShard, commits), commits);
    offers.clear();
    EXPECT_FALSE(Enqueue(99));
    EXPECT_EQ(loop_->state(), ShardState::kLost);
  }
  void AwaitServing() {
    while (loop_->state() != ShardState::kServing) Pass(Duration::Milliseconds(10));
    Settle();
  }

  const Engine& engine() const { return **loop_->program().FindEngine(kTenant); }
  // How often each kind of event of a contact stands in the log.
  template <class Body>
  std::map<ContactId, int> Logged() {
    std::map<ContactId, int> counts;
    store_.ReadAfter(kShard, {}, SIZE_MAX, [&](absl::StatusOr<std::vector<LogEntry>> entries) {
      for (const LogEntry& entry : *entries) {
        const auto decoded = DecodeLogEntry(entry.bytes);
        ASSERT_TRUE(decoded.ok());
        for (const LoggedEvent& logged : decoded->events) {
          if (std::holds_alternative<Body>(logged.event.body)) ++counts[logged.event.contact];
        }
      }
    });
    return counts;
  }

  std::map<ContactId, OfferToken> offers;  // the newest of each

 private:
  testing::FakeClock clock_;
  MemoryStore store_{MemoryStore::Options{false, clock_.monotonic(), 1000}};
  testing::FaultStore way_{store_};
  std::unique_ptr<CommandReplayer<RoutingProgram>> replayer_;
  std::unique_ptr<Loop> loop_;
};

// Ana talks with 1, has completed 2 and rejected 3; 4 waits for somebody who speaks German. Each step is acknowledged
// in a commit of its own.
Tokens Work(World& world) {
  Tokens tokens;
  EXPECT_TRUE(world.Attach());
  EXPECT_TRUE(world.Enqueue(1));
  tokens.talking = world.offers.at(Contact(1));
  EXPECT_TRUE(world.Do(OfferDelivered{kAna, kFirst, Contact(1), tokens.talking}));
  EXPECT_TRUE(world.Do(AcceptOffer{kAna, kFirst, Contact(1), tokens.talking}));
  EXPECT_TRUE(world.Enqueue(2));
  tokens.done = world.offers.at(Contact(2));
  EXPECT_TRUE(world.Do(AcceptOffer{kAna, kFirst, Contact(2), tokens.done}));
  EXPECT_TRUE(world.Do(CompleteContact{kAna, kFirst, Contact(2), tokens.done}));
  const ContactRecord* wrapping = world.engine().FindContact(Contact(2));
  if (wrapping != nullptr) EXPECT_TRUE(world.Do(EndWrapUp{kAna, kFirst, Contact(2), tokens.done}));
  EXPECT_TRUE(world.Enqueue(3));
  tokens.declined = world.offers.at(Contact(3));
  EXPECT_TRUE(world.Do(OfferDelivered{kAna, kFirst, Contact(3), tokens.declined}));
  EXPECT_TRUE(world.Do(RejectOffer{kAna, kFirst, Contact(3), tokens.declined}));
  EXPECT_TRUE(world.Enqueue(4, "de"));
  return tokens;
}

void ExpectAllIsThere(World& world, const Tokens& tokens) {
  const Engine& engine = world.engine();
  const ContactRecord* talking = engine.FindContact(Contact(1));
  ASSERT_NE(talking, nullptr);
  EXPECT_EQ(talking->state, ContactState::kAssigned);
  EXPECT_EQ(talking->agent, kAna);
  EXPECT_EQ(talking->token, tokens.talking);
  EXPECT_EQ(engine.FindContact(Contact(2)), nullptr);
  const ContactRecord* declined = engine.FindContact(Contact(3));
  ASSERT_NE(declined, nullptr);
  EXPECT_EQ(declined->state, ContactState::kQueued);
  EXPECT_EQ(declined->past->declines.size(), 1u);
  ASSERT_NE(engine.FindContact(Contact(4)), nullptr);
  EXPECT_EQ(engine.live_contacts(), 3u);
  const std::map<ContactId, int> once{{Contact(1), 1}, {Contact(2), 1}, {Contact(3), 1}, {Contact(4), 1}};
  EXPECT_EQ(world.Logged<ContactQueued>(), once);
  EXPECT_EQ(world.Logged<ContactAssigned>(), (std::map<ContactId, int>{{Contact(1), 1}, {Contact(2), 1}}));
  EXPECT_EQ(world.Logged<ContactCompleted>(), (std::map<ContactId, int>{{Contact(2), 1}}));
  EXPECT_EQ(world.Logged<ContactRequeued>(), (std::map<ContactId, int>{{Contact(3), 1}}));
}

TEST(RoutingLostTailTest, EveryAcknowledgedCommandHasItsEffectOnceHoweverMuchWasLost) {
  uint64_t most = 1;
  for (uint64_t lost = 0; lost <= most; ++lost) {
    SCOPED_TRACE("commits lost: " + std::to_string(lost));
    World world;
    const uint64_t before = world.Commits();
    const Tokens tokens = Work(world);
    most = world.Commits() - before;
    world.Lose(lost);
    world.AwaitServing();
    world.Pass(Duration::Milliseconds(20));
    ExpectAllIsThere(world, tokens);
    // The gateway holds ana still; what she does goes on.
    world.Attach();
    EXPECT_TRUE(world.Do(CompleteContact{kAna, kFirst, Contact(1), tokens.talking}));
    world.Pass(Duration::Seconds(15));
    EXPECT_EQ(world.offers.count(Contact(3)), 1u) << "offered again when its time has come";
  }
  EXPECT_GE(most, 10u);
}

// That after-contact work was over when the next contact was accepted, nobody replays: its time had run out.
TEST(RoutingLostTailTest, WhatWasAcceptedInARoomThatTimeHadMadeIsKept) {
  World world;
  admin::v1::TenantConfig config = testing::DemoConfig();
  config.mutable_queues(0)->mutable_wrap_up()->set_seconds(3);
  EXPECT_EQ(world.Run(testing::DraftOf(config, 2)).outcome, ConfigOutcome::kPublished);
  EXPECT_TRUE(world.Attach());
  for (uint64_t number : {1, 2}) {
    EXPECT_TRUE(world.Enqueue(number));
    EXPECT_TRUE(world.Do(AcceptOffer{kAna, kFirst, Contact(number), world.offers.at(Contact(number))}));
  }
  EXPECT_TRUE(world.Do(CompleteContact{kAna, kFirst, Contact(1), world.offers.at(Contact(1))}));
  const uint64_t wrapping = world.Commits();
  world.Pass(Duration::Seconds(4));
  EXPECT_TRUE(world.Enqueue(3));
  const OfferToken token = world.offers.at(Contact(3));
  EXPECT_TRUE(world.Do(AcceptOffer{kAna, kFirst, Contact(3), token}));
  world.Lose(world.Commits() - wrapping);
  world.AwaitServing();
  EXPECT_EQ(world.engine().FindContact(Contact(1)), nullptr);
  const ContactRecord* accepted = world.engine().FindContact(Contact(3));
  ASSERT_NE(accepted, nullptr);
  EXPECT_EQ(accepted->state, ContactState::kAssigned);
  EXPECT_EQ(accepted->token, token);
}

TEST(RoutingLostTailTest, NoOfferIsMadeBeforeAllHaveReplayed) {
  World world;
  const uint64_t before = world.Commits();
  const Tokens tokens = Work(world);
  world.loop().RegisterReplayer("gateway in another process");
  world.Settle();
  world.Lose(world.Commits() - before);
  world.AwaitServing();
  EXPECT_TRUE(world.Do(AttachAgent{kAna, kFirst, {"gw"}, std::nullopt}));
  EXPECT_TRUE(world.Enqueue(5));
  world.Pass(Duration::Milliseconds(1500));
  EXPECT_TRUE(world.offers.empty());
  EXPECT_EQ(world.engine().FindContact(Contact(5))->state, ContactState::kQueued);
  world.loop().Replayed("gateway in another process");
  world.Settle();
  EXPECT_EQ(world.engine().FindContact(Contact(5))->state, ContactState::kOffered);
  EXPECT_EQ(world.offers.count(Contact(5)), 1u);
  EXPECT_EQ(world.engine().FindContact(Contact(1))->token, tokens.talking);
}

TEST(RoutingLostTailTest, WithNothingRegisteredTheWindowEndsAfterTwoSeconds) {
  World world(/*keeps=*/false);
  EXPECT_TRUE(world.Attach());
  EXPECT_TRUE(world.Enqueue(4, "de"));
  world.Lose(1);
  world.AwaitServing();
  EXPECT_TRUE(world.Attach());
  EXPECT_TRUE(world.Enqueue(5));
  world.Pass(Duration::Milliseconds(1900));
  EXPECT_TRUE(world.offers.empty());
  world.Pass(Duration::Milliseconds(200));
  EXPECT_EQ(world.offers.count(Contact(5)), 1u);
  EXPECT_EQ(world.engine().FindContact(Contact(4)), nullptr) << "nobody had kept it";
}

// A second loss while the first is being made good, and one after.
TEST(RoutingLostTailTest, ALossOfWhatWasReplayedIsMadeGoodToo) {
  World world;
  const uint64_t before = world.Commits();
  const Tokens tokens = Work(world);
  world.Lose(world.Commits() - before);
  world.AwaitServing();
  world.Lose(1);
  world.AwaitServing();
  world.Pass(Duration::Milliseconds(20));
  ExpectAllIsThere(world, tokens);
}

}  // namespace
}  // namespace meridian
