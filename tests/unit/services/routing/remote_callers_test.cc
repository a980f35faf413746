// An owner dies and the store forgets what it had acknowledged: callers in other processes send it again to the next
// owner. The real loop and program, in virtual time on one thread.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "libs/runtime/command_replayer.h"
#include "libs/store/memory_store.h"
#include "libs/testing/fake_clock.h"
#include "libs/testing/fault_store.h"
#include "services/routing/routing_shard.h"
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

class Callers final : public RemoteCallers {
 public:
  void Ask(ShardId shard, uint64_t term, uint64_t survived) override {
    EXPECT_EQ(shard, kShard);
    term_ = term;
    survived_ = survived;
    has_said_ = false;
  }
  bool HaveReplayed(ShardId, uint64_t term) override { return has_said_ && term == term_; }

  uint64_t term_ = 0;
  uint64_t survived_ = 0;
  bool has_said_ = false;
};

class RemoteCallersTest : public ::testing::Test {
 protected:
  struct Kept {
    RoutingCommand command;
    Acknowledgement answered;
  };

  RemoteCallersTest() {
    way_.SetMayLoseTail(true);
    Own();
    AwaitServing();
    EXPECT_EQ(Run(testing::DraftOf(testing::DemoConfig(), 1)).outcome, ConfigOutcome::kPublished);
    kept_.clear();
  }

  void Own() {
    ShardLoopOptions options;
    options.identity = {.shard = kShard, .owner = "test", .nonce = ++nonce_, .lease_ttl = Duration::Milliseconds(100)};
    ShardHooks<RoutingProgram> hooks;
    hooks.on_message = [this](RoutingMessage&& message) {
      auto* sent = std::get_if<MessageToGateway>(&message);
      if (sent == nullptr) return;
      if (const auto* offer = std::get_if<OfferMade>(&sent->message.body)) offers_[offer->contact] = offer->token;
    };
    shard_ = std::make_unique<RoutingShard>(kRegion, std::move(options),
                                            ShardPorts{&way_, &store_.leases(), clock_.monotonic(), clock_.wall()},
                                            std::move(hooks), &callers_);
    shard_->loop().Start();
  }
  void Settle() {
    while (shard_->loop().Step()) {
    }
  }
  void Pass(Duration time) {
    for (; time > Duration::Zero(); time = time - Duration::Milliseconds(10)) {
      clock_.Advance(Duration::Milliseconds(10));
      Settle();
    }
  }
  void AwaitServing() {
    for (int i = 0; i < 1000 && shard_->loop().state() != ShardState::kServing; ++i) Pass(Duration::Milliseconds(10));
    ASSERT_EQ(shard_->loop().state(), ShardState::kServing);
    Settle();
  }

  // As a caller in another process does: what is acknowledged is kept with how it was.
  void Send(RoutingCommand command, std::optional<RoutingAnswer>* given) {
    RoutingCommand copy = command;
    shard_->Send(std::move(command), Lane::kLiveWork,
                 [this, copy = std::move(copy), given](absl::StatusOr<Answer> answer) mutable {
                   *given = RoutingAnswer{};
                   if (!answer.ok()) {
                     (*given)->status = answer.status();
                     return;
                   }
                   (*given)->answer = *answer;
                   const auto answered = Releasing();
                   if (answer->ok() && answered) kept_.push_back({std::move(copy), *answered});
                 });
  }
  RoutingAnswer Run(decltype(RoutingCommand::body) body) {
    RoutingAnswer answer;
    RoutingCommand command{kTenant, std::nullopt, std::move(body)};
    const absl::Status posted = shard_->loop().Post(std::move(command), Lane::kLiveWork,
                                                    [&](RoutingAnswer&& given) { answer = std::move(given); });
    EXPECT_TRUE(posted.ok()) << posted;
    Settle();
    return answer;
  }
  static RoutingCommand CommandOf(CommandBody body) {
    return {kTenant, std::nullopt, Command{{{ActorRole::kService, "test"}, {}}, std::move(body)}};
  }
  bool Do(CommandBody body) {
    std::optional<RoutingAnswer> answer;
    Send(CommandOf(std::move(body)), &answer);
    Settle();
    return answer && answer->status.ok() && answer->answer.ok();
  }
  static EnqueueContact Enqueue(uint64_t number) {
    EnqueueContact command;
    command.spec.id = Contact(number);
    command.spec.conversation = {kRegion, {5, number}};
    command.spec.customer = {kRegion, {6, number}};
    command.spec.channel = {"chat"};
    command.spec.language = *LanguageTag::Parse("es");
    return command;
  }
  uint64_t Commits() {
    uint64_t number = 0;
    store_.LastCommit(kShard, [&](absl::StatusOr<ChainHead> head) { number = head->number; });
    return number;
  }
  // Ana talks with 1; 2 is offered to her or waits.
  void Work() {
    ASSERT_TRUE(Do(AttachAgent{kAna, kFirst, {"gw"}, Activity::Available()}));
    ASSERT_TRUE(Do(Enqueue(1)));
    talking_ = offers_.at(Contact(1));
    ASSERT_TRUE(Do(OfferDelivered{kAna, kFirst, Contact(1), talking_}));
    ASSERT_TRUE(Do(AcceptOffer{kAna, kFirst, Contact(1), talking_}));
    ASSERT_TRUE(Do(Enqueue(2)));
  }
  void DieWithTail(uint64_t commits) {
    shard_ = nullptr;
    ASSERT_EQ(store_.LoseTail(kShard, commits), commits);
    offers_.clear();
    Own();
    AwaitServing();
  }
  // Youngest first: what the owner gathers it puts into their order itself.
  void SendAgain() {
    for (auto one = kept_.rbegin(); one != kept_.rend(); ++one) {
      if (one->answered.commit <= callers_.survived_) continue;
      shard_->Replay(one->command, {kShard.number, callers_.term_, one->answered}, Lane::kLiveWork,
                     [this](ReplayVerdict verdict, std::optional<Acknowledgement> now) {
                       ++verdicts_[verdict];
                       EXPECT_EQ(now.has_value(), verdict == ReplayVerdict::kAcknowledged);
                     });
    }
    Settle();
  }
  const Engine& engine() const { return **shard_->loop().program().FindEngine(kTenant); }
  ContactState StateOf(uint64_t number) const {
    const ContactRecord* contact = engine().FindContact(Contact(number));
    return contact == nullptr ? ContactState::kCompleted : contact->state;
  }

  testing::FakeClock clock_;
  MemoryStore store_{MemoryStore::Options{false, clock_.monotonic(), 1000}};
  testing::FaultStore way_{store_};
  Callers callers_;
  uint64_t nonce_ = 0;
  std::map<ContactId, OfferToken> offers_;
  std::vector<Kept> kept_;
  std::map<ReplayVerdict, int> verdicts_;
  OfferToken talking_;
  std::unique_ptr<RoutingShard> shard_;
};

TEST_F(RemoteCallersTest, WhatADeadOwnerAcknowledgedIsThereAgainInItsOrder) {
  const uint64_t before = Commits();
  ASSERT_NO_FATAL_FAILURE(Work());
  ASSERT_NO_FATAL_FAILURE(DieWithTail(Commits() - before));
  EXPECT_EQ(callers_.survived_, before);
  SendAgain();
  EXPECT_EQ(engine().live_contacts(), 0u) << "before all have come, nothing is applied";
  callers_.has_said_ = true;
  Pass(Duration::Milliseconds(50));
  EXPECT_EQ(verdicts_, (std::map<ReplayVerdict, int>{{ReplayVerdict::kAcknowledged, static_cast<int>(kept_.size())}}));
  EXPECT_EQ(StateOf(1), ContactState::kAssigned);
  ASSERT_TRUE(Do(AttachAgent{kAna, kFirst, {"gw"}, std::nullopt}));
  EXPECT_TRUE(Do(CompleteContact{kAna, kFirst, Contact(1), talking_})) << "under the token that was hers";
  Pass(Duration::Milliseconds(50));
  EXPECT_NE(engine().FindContact(Contact(2)), nullptr);
  engine().CheckInvariants(shard_->loop().program().now());
}

TEST_F(RemoteCallersTest, WhatSurvivedIsNotAskedFor) {
  ASSERT_NO_FATAL_FAILURE(Work());
  ASSERT_NO_FATAL_FAILURE(DieWithTail(1));
  SendAgain();
  callers_.has_said_ = true;
  Pass(Duration::Milliseconds(50));
  EXPECT_EQ(verdicts_[ReplayVerdict::kAcknowledged], 1);
  EXPECT_EQ(StateOf(1), ContactState::kAssigned);
  EXPECT_NE(engine().FindContact(Contact(2)), nullptr);
}

TEST_F(RemoteCallersTest, ACallerThatDoesNotAnswerIsWaitedForTwoSecondsAndNoLonger) {
  ASSERT_NO_FATAL_FAILURE(Work());
  ASSERT_NO_FATAL_FAILURE(DieWithTail(1));
  SendAgain();
  std::optional<RoutingAnswer> answer;
  Send(CommandOf(Enqueue(3)), &answer);
  Pass(Duration::Milliseconds(1900));
  EXPECT_FALSE(answer.has_value());
  EXPECT_EQ(engine().FindContact(Contact(2)), nullptr);
  Pass(Duration::Milliseconds(200));
  ASSERT_TRUE(answer.has_value());
  EXPECT_TRUE(answer->status.ok() && answer->answer.ok());
  EXPECT_NE(engine().FindContact(Contact(2)), nullptr) << "what others sent meanwhile is there";
}

TEST_F(RemoteCallersTest, WhatComesTooLateIsAppliedAsIfItWereNew) {
  ASSERT_NO_FATAL_FAILURE(Work());
  ASSERT_NO_FATAL_FAILURE(DieWithTail(3));  // the contact 1 waits again, or is offered
  callers_.has_said_ = true;
  Pass(Duration::Milliseconds(100));
  const std::map<ContactId, OfferToken> made = offers_;
  SendAgain();
  Pass(Duration::Milliseconds(50));
  EXPECT_NE(engine().FindContact(Contact(2)), nullptr);
  EXPECT_NE(StateOf(1), ContactState::kAssigned) << "an offer that is not known is not restored under others";
  EXPECT_GT(verdicts_[ReplayVerdict::kAcknowledged], 0);
  engine().CheckInvariants(shard_->loop().program().now());
}

TEST_F(RemoteCallersTest, WhatBothKeptIsAppliedOnce) {
  const uint64_t before = Commits();
  ASSERT_NO_FATAL_FAILURE(Work());
  ASSERT_GT(store_.LoseTail(kShard, Commits() - before), 0u);
  std::optional<RoutingAnswer> refused;
  Send(CommandOf(Enqueue(99)), &refused);  // so it hears of it
  Settle();
  AwaitServing();
  SendAgain();
  callers_.has_said_ = true;
  Pass(Duration::Milliseconds(50));
  EXPECT_EQ(verdicts_, (std::map<ReplayVerdict, int>{{ReplayVerdict::kAcknowledged, static_cast<int>(kept_.size())}}));
  EXPECT_EQ(StateOf(1), ContactState::kAssigned);
  EXPECT_EQ(engine().live_contacts(), 2u);
}

TEST_F(RemoteCallersTest, WhatATermGatheredInVainIsForTheNextOne) {
  ASSERT_NO_FATAL_FAILURE(Work());
  ASSERT_NO_FATAL_FAILURE(DieWithTail(2));
  SendAgain();
  const int sent = static_cast<int>(std::count_if(
      kept_.begin(), kept_.end(), [this](const Kept& kept) { return kept.answered.commit > callers_.survived_; }));
  shard_ = nullptr;
  EXPECT_EQ(verdicts_, (std::map<ReplayVerdict, int>{{ReplayVerdict::kNotApplied, sent}}));
}

}  // namespace
}  // namespace meridian
