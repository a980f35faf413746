// Architecture §7.9 under a surge: one routing shard in virtual time, asked for three times what its store commits.
// Live work is served as before, reads are refused first, then new contacts, those of the tenant that floods it before
// those of the other; afterwards all is as it was.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "libs/runtime/shard_loop.h"
#include "libs/store/memory_store.h"
#include "libs/testing/fake_clock.h"
#include "libs/testing/fault_store.h"
#include "tests/unit/services/routing/demo_config.h"
#include "tests/unit/services/routing/demo_draft.h"

namespace meridian {
namespace {

const RegionCode kRegion = *RegionCode::Parse("eu1");
const TenantId kNoisy{"noisy"};
const TenantId kQuiet{"quiet"};
const AgentId kAna{"ana"};
const AttachmentNumber kFirst{1};
const CommandOrigin kOrigin{{ActorRole::kService, "test"}, {}};

// The store makes one commit durable per tick; a batch takes so many at most.
constexpr Duration kTick = Duration::Milliseconds(10);
constexpr size_t kContactsPerTick = 16;
constexpr size_t kReadsPerTick = 8;
constexpr int kPromptTicks = 4;  // two commits are in flight, and what comes meanwhile waits for the next

struct Tally {
  int asked = 0;
  int refused = 0;
  int answered = 0;
  int slowest = 0;         // ticks until the answer
  int first_refused = -1;  // tick
};

class SurgeTest : public ::testing::Test {
 protected:
  using Loop = ShardLoop<RoutingProgram>;

  SurgeTest() {
    ShardLoopOptions options;
    options.identity = {.shard = {ShardKind::kRouting, 0}, .owner = "test", .nonce = 1};
    options.mailbox.capacity = {4096, 256, 32};
    options.batch.per_lane = {1024, kContactsPerTick, kReadsPerTick};
    ShardHooks<RoutingProgram> hooks;
    hooks.on_message = [this](RoutingMessage&& message) {
      auto* sent = std::get_if<MessageToGateway>(&message);
      if (sent == nullptr) return;
      if (auto* offer = std::get_if<OfferMade>(&sent->message.body)) offers_.emplace_back(sent->tenant, *offer);
    };
    loop_ = std::make_unique<Loop>(std::make_unique<RoutingProgram>(kRegion), std::move(options),
                                   ShardPorts{&way_, &store_.leases(), clock_.monotonic(), clock_.wall()},
                                   std::move(hooks));
    loop_->Start();
    for (const TenantId& tenant : {kNoisy, kQuiet}) {
      admin::v1::TenantConfig config = testing::DemoConfig();
      config.set_tenant(tenant.value);
      config.mutable_agents(0)->set_capacity(200);
      (*config.mutable_agents(0)->mutable_channels())["chat"] = 200;
      Give(tenant, testing::DraftOf(config, 1));
      Settle();
      Give(tenant, Command{kOrigin, AttachAgent{kAna, kFirst, {"gw"}, Activity::Available()}});
    }
    Settle();
    live_ = Tally();
    way_.Hold(true);
  }
  ~SurgeTest() override { loop_.reset(); }

  void Settle() {
    while (loop_->Step()) {
    }
  }
  // One commit becomes durable, agents do what they were offered, and time goes on.
  void Tick() {
    ++tick_;
    clock_.Advance(kTick);
    way_.Hold(false);
    way_.Step();
    way_.Hold(true);
    Settle();
    for (const auto& [tenant, offer] : std::exchange(offers_, {})) {
      Give(tenant, Command{kOrigin, OfferDelivered{kAna, kFirst, offer.contact, offer.token}});
      Give(tenant, Command{kOrigin, AcceptOffer{kAna, kFirst, offer.contact, offer.token}});
      Give(tenant, Command{kOrigin, CompleteContact{kAna, kFirst, offer.contact, offer.token}});
      ++worked_;
    }
  }

  // ---- what is asked ----

  void Give(const TenantId& tenant, decltype(RoutingCommand::body) body) {
    Post({tenant, std::nullopt, std::move(body)}, Lane::kLiveWork, &live_);
  }
  void Enqueue(const TenantId& tenant) {
    EnqueueContact command;
    const uint64_t number = ++last_contact_;
    command.spec.id = {kRegion, {0x0190000000007000, number}};
    command.spec.conversation = {kRegion, {5, number}};
    command.spec.customer = {kRegion, {6, number}};
    command.spec.channel = {"chat"};
    command.spec.language = *LanguageTag::Parse("es");
    Post({tenant, std::nullopt, Command{kOrigin, std::move(command)}}, Lane::kNewContacts, &contacts_[tenant]);
  }
  void Read() {
    ++reads_.asked;
    loop_->Query([](const RoutingProgram& program) { return program.OpenEngines().size(); },
                 [this, asked = tick_](absl::StatusOr<size_t> engines) {
                   engines.ok() ? NoteAnswer(&reads_, asked) : NoteRefusal(&reads_, engines.status());
                 });
  }

  void Post(RoutingCommand command, Lane lane, Tally* tally) {
    ++tally->asked;
    const absl::Status posted =
        loop_->Post(std::move(command), lane, [this, tally, asked = tick_](RoutingAnswer&& answer) {
          EXPECT_TRUE(answer.status.ok() && answer.answer.ok()) << answer.status << answer.answer.text;
          NoteAnswer(tally, asked);
        });
    if (!posted.ok()) NoteRefusal(tally, posted);
  }
  void NoteAnswer(Tally* tally, int asked) const {
    ++tally->answered;
    tally->slowest = std::max(tally->slowest, tick_ - asked);
  }
  void NoteRefusal(Tally* tally, const absl::Status& status) const {
    EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
    EXPECT_EQ(ReasonOf(status), refusal::kMailboxFull);
    if (tally->refused++ == 0) tally->first_refused = tick_;
  }
  void Load(size_t noisy, size_t quiet, size_t reads, int ticks) {
    for (int i = 0; i < ticks; ++i) {
      for (size_t n = 0; n < noisy; ++n) Enqueue(kNoisy);
      for (size_t n = 0; n < quiet; ++n) Enqueue(kQuiet);
      for (size_t n = 0; n < reads; ++n) Read();
      Tick();
    }
  }
  void ExpectAllServedPromptly(const Tally& tally) const {
    EXPECT_GT(tally.asked, 0);
    EXPECT_EQ(tally.refused, 0);
    EXPECT_EQ(tally.answered, tally.asked);
    EXPECT_LE(tally.slowest, kPromptTicks);
  }

  testing::FakeClock clock_;
  MemoryStore store_{MemoryStore::Options{false, clock_.monotonic(), 1000}};
  testing::FaultStore way_{store_};
  std::unique_ptr<Loop> loop_;
  int tick_ = 0;
  uint64_t last_contact_ = 0;
  int worked_ = 0;  // offers
  std::vector<std::pair<TenantId, OfferMade>> offers_;
  Tally live_;
  std::map<TenantId, Tally> contacts_;
  Tally reads_;
};

TEST_F(SurgeTest, LiveWorkGoesOnNewContactsAreRefusedAndReadsFirst) {
  Load(3 * kContactsPerTick - 4, 4, 3 * kReadsPerTick, 200);

  EXPECT_EQ(live_.refused, 0);
  EXPECT_GT(live_.answered, 3 * 190 * static_cast<int>(kContactsPerTick)) << "the shard is busy with all it can take";
  EXPECT_LE(live_.slowest, kPromptTicks);
  EXPECT_GT(contacts_[kNoisy].refused, 0);
  EXPECT_GT(reads_.refused, 0);
  EXPECT_LT(reads_.first_refused, contacts_[kNoisy].first_refused);
  EXPECT_EQ(contacts_[kQuiet].refused, 0) << "one tenant's flood is refused to that tenant alone";
  EXPECT_GT(contacts_[kQuiet].answered, 0);
  EXPECT_LE(contacts_[kQuiet].slowest, kPromptTicks) << "and is waited for by that tenant alone";

  // Whatever was taken is answered, and the agents get it.
  Load(0, 0, 0, 60);
  for (const TenantId& tenant : {kNoisy, kQuiet}) {
    EXPECT_EQ(contacts_[tenant].answered, contacts_[tenant].asked - contacts_[tenant].refused);
  }
  EXPECT_EQ(reads_.answered, reads_.asked - reads_.refused);
  EXPECT_EQ(live_.answered, live_.asked);
  EXPECT_EQ(worked_, contacts_[kNoisy].answered + contacts_[kQuiet].answered);

  // After the surge all is as before it.
  contacts_.clear();
  reads_ = live_ = Tally();
  Load(kContactsPerTick / 2, 4, kReadsPerTick / 2, 50);
  Load(0, 0, 0, 20);
  ExpectAllServedPromptly(contacts_[kNoisy]);
  ExpectAllServedPromptly(contacts_[kQuiet]);
  ExpectAllServedPromptly(reads_);
  ExpectAllServedPromptly(live_);
}

}  // namespace
}  // namespace meridian
