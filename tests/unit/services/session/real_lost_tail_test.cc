// Session and routing as they are, over one store that loses the last commits of both their shards at once.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <utility>
#include <vector>

#include "libs/store/memory_store.h"
#include "libs/testing/await.h"
#include "libs/testing/fault_store.h"
#include "libs/wire/log_entry.h"
#include "tests/unit/services/session/installation.h"

namespace meridian {
namespace {

using testing::Await;

const TenantId& kTenant = Installation::kTenant;
const AgentId& kAna = Installation::kAna;
const GatewayKey& kGateway = Installation::kGateway;
constexpr AttachmentNumber kFirst{1};
constexpr ShardId kRouting{ShardKind::kRouting, 0};
constexpr ShardId kSession{ShardKind::kSession, 0};
constexpr int kCustomers = 5;

const SystemMonotonicClock kMonotonic;

class Offers {
 public:
  RoutingClient::GatewayCallbacks Callbacks() {
    return {[this](const TenantId&, GatewayMessage&& message) {
              const auto* offer = std::get_if<OfferMade>(&message.body);
              if (offer == nullptr) return;
              std::lock_guard lock(mutex_);
              tokens_[offer->contact] = offer->token;
              changed_.notify_all();
            },
            [] {}};
  }
  OfferToken Await(const ContactId& contact) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, std::chrono::seconds(30), [&] { return tokens_.contains(contact); }));
    return tokens_[contact];
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<ContactId, OfferToken> tokens_;
};

class World {
 public:
  World() {
    way_.SetMayLoseTail(true);
    at_ = std::make_unique<Installation>(InstallationStores{&way_, &store_.leases(), &store_, &store_}, 1);
    at_->PublishConfig();
    registration_ = at_->routing().RegisterGateway(kGateway, offers_.Callbacks());
    for (int n = 0; n < kCustomers; ++n) submissions_.push_back(Submission(at_->Now(), n + 1));
    before_ = {Commits(kRouting), Commits(kSession)};
  }
  ~World() { at_ = nullptr; }

  const ContactId& contact(int n) const { return submissions_[n].spec.id; }
  const ConversationId& conversation(int n) const { return submissions_[n].spec.conversation; }

  // Ana talks with customer 0, has completed that of 1, and the others wait or are offered to her.
  void Work() {
    ASSERT_TRUE(at_->Do(AttachAgent{kAna, kFirst, kGateway, Activity::Available()}).ok());
    for (int n = 0; n < kCustomers; ++n) {
      const auto submitted = at_->Submit(submissions_[n]);
      ASSERT_TRUE(submitted.ok()) << submitted.status();
      if (n > 1) continue;
      const OfferToken token = offers_.Await(contact(n));
      ASSERT_TRUE(at_->Do(AcceptOffer{kAna, kFirst, contact(n), token}).ok());
      Say(n, 1, "buenos dias", conversation::AuthorKind::kAgent);
      Say(n, 2, "sigo aqui", conversation::AuthorKind::kCustomer);
      if (n == 0) talking_ = token;
      if (n == 1) ASSERT_TRUE(at_->Do(CompleteContact{kAna, kFirst, contact(n), token}).ok());
    }
    worked_ = {Commits(kRouting) - before_.first, Commits(kSession) - before_.second};
  }

  // So many percent of what Work wrote.
  void Lose(uint64_t of_routing, uint64_t of_session) {
    const uint64_t routing = std::max<uint64_t>(1, worked_.first * of_routing / 100);
    const uint64_t session = std::max<uint64_t>(1, worked_.second * of_session / 100);
    ASSERT_EQ(store_.LoseTail(kRouting, routing), routing);
    ASSERT_EQ(store_.LoseTail(kSession, session), session);
    // Each hears of it at its next commit.
    EXPECT_FALSE(at_->TryDo(HoldContact{kAna, kFirst, contact(0), talking_}).ok());
    EXPECT_FALSE(at_->Submit(Submission(at_->Now(), kCustomers + 1)).ok());
    ASSERT_TRUE(at_->AwaitServing(kRouting, 2));
    ASSERT_TRUE(at_->AwaitServing(kSession, 2));
  }

  void ExpectAllIsThere() {
    for (int n = 0; n < kCustomers; ++n) {
      SCOPED_TRACE("customer " + std::to_string(n));
      const auto repeated = at_->Submit(submissions_[n]);
      ASSERT_TRUE(repeated.ok()) << repeated.status();
      EXPECT_TRUE(repeated->repeated);
      EXPECT_EQ(repeated->contact, contact(n));
      const std::vector<std::string> talk{"hola", "buenos dias", "sigo aqui"};
      EXPECT_EQ(at_->Texts(conversation(n)), n > 1 ? std::vector<std::string>{"hola"} : talk);
    }
    std::set<std::string> live;
    for (int n : {0, 2, 3, 4}) live.insert(contact(n).ToString());
    EXPECT_EQ(LiveContacts(), live);
    std::map<ContactId, int> once;
    for (int n = 0; n < kCustomers; ++n) once[contact(n)] = 1;
    EXPECT_EQ(TimesQueued(), once);
    // Work goes on: ana's assignment is the one that it was, and her customer hears her.
    ASSERT_TRUE(at_->Do(AttachAgent{kAna, kFirst, kGateway, std::nullopt}).ok());
    Say(0, 2, "digame", conversation::AuthorKind::kAgent);
    EXPECT_TRUE(at_->Do(CompleteContact{kAna, kFirst, contact(0), talking_}).ok());
    const auto later = at_->Submit(Submission(at_->Now(), kCustomers + 2));
    EXPECT_TRUE(later.ok()) << later.status();
  }

 private:
  void Say(int n, uint64_t number, const std::string& text, conversation::AuthorKind author) {
    conversation::AppendMessage message{kTenant, conversation(n), author};
    if (author == conversation::AuthorKind::kAgent) message.agent = kAna;
    message.client_number = number;
    message.parts = Text(text);
    const auto appended = at_->Append(std::move(message));
    EXPECT_TRUE(appended.ok()) << text << ": " << appended.status();
  }
  uint64_t Commits(ShardId shard) {
    return Await<absl::StatusOr<ChainHead>>([&](auto done) { store_.LastCommit(shard, std::move(done)); })->number;
  }
  std::set<std::string> LiveContacts() {
    std::set<std::string> ids;
    const auto listed = Await<absl::StatusOr<admin::v1::ListContactsResponse>>(
        [&](auto done) { at_->routing().ListContacts(kTenant, {}, std::move(done)); });
    EXPECT_TRUE(listed.ok()) << listed.status();
    if (!listed.ok()) return ids;
    for (const auto& contact : listed->contacts()) {
      if (contact.state() != type::v1::CONTACT_STATE_WRAPPING) ids.insert(contact.contact_id());
    }
    return ids;
  }
  std::map<ContactId, int> TimesQueued() {
    std::map<ContactId, int> times;
    const auto entries = Await<absl::StatusOr<std::vector<LogEntry>>>(
        [&](auto done) { store_.ReadAfter(kRouting, {}, SIZE_MAX, std::move(done)); });
    for (const LogEntry& entry : *entries) {
      const auto decoded = DecodeLogEntry(entry.bytes);
      EXPECT_TRUE(decoded.ok());
      for (const LoggedEvent& logged : decoded->events) {
        if (std::holds_alternative<ContactQueued>(logged.event.body)) ++times[logged.event.contact];
      }
    }
    return times;
  }

  MemoryStore store_{MemoryStore::Options{false, &kMonotonic, 1000}};
  testing::FaultStore way_{store_};
  Offers offers_;
  std::unique_ptr<Installation> at_;
  std::unique_ptr<RoutingClient::Registration> registration_;
  std::vector<conversation::SubmitContact> submissions_;
  OfferToken talking_;
  std::pair<uint64_t, uint64_t> before_;  // commits of routing and session
  std::pair<uint64_t, uint64_t> worked_;
};

class BothTailsLostTest : public ::testing::TestWithParam<std::pair<uint64_t, uint64_t>> {};

TEST_P(BothTailsLostTest, EveryAcknowledgedContactAndMessageIsThereInTheEnd) {
  World world;
  ASSERT_NO_FATAL_FAILURE(world.Work());
  ASSERT_NO_FATAL_FAILURE(world.Lose(GetParam().first, GetParam().second));
  world.ExpectAllIsThere();
}

INSTANTIATE_TEST_SUITE_P(PercentOfRoutingAndSession, BothTailsLostTest,
                         ::testing::Values(std::pair{100, 100}, std::pair{100, 0}, std::pair{0, 100}, std::pair{50, 50},
                                           std::pair{30, 70}, std::pair{70, 30}),
                         [](const auto& info) {
                           return std::to_string(info.param.first) + "_" + std::to_string(info.param.second);
                         });

}  // namespace
}  // namespace meridian
