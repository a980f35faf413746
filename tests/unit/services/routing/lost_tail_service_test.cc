// The service on its own thread over a store that loses what was acknowledged through Send.
#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "libs/runtime/clock.h"
#include "libs/store/memory_store.h"
#include "libs/testing/await.h"
#include "libs/testing/fault_store.h"
#include "services/routing/routing_service.h"
#include "tests/unit/services/routing/demo_config.h"

namespace meridian {
namespace {

using testing::Await;

const TenantId kTenant{"demo"};
const RegionCode kRegion = *RegionCode::Parse("eu1");
const AgentId kAna{"ana"};
constexpr AttachmentNumber kFirst{1};
constexpr ShardId kShard{ShardKind::kRouting, 0};

ContactId Contact(uint64_t number) { return {kRegion, {0x0190000000007000, number}}; }

EnqueueContact Enqueue(uint64_t number, const char* language = "es") {
  EnqueueContact command;
  command.spec.id = Contact(number);
  command.spec.conversation = {kRegion, {5, number}};
  command.spec.customer = {kRegion, {6, number}};
  command.spec.channel = {"chat"};
  command.spec.language = *LanguageTag::Parse(language);
  return command;
}

class RoutingServiceLostTailTest : public ::testing::Test {
 protected:
  RoutingServiceLostTailTest() {
    way_.SetMayLoseTail(true);
    RoutingPorts ports{&way_, &store_.leases(), &store_, &store_, &monotonic_, &wall_};
    ports.on_state = [this](ShardId, ShardState state, const absl::Status&) {
      std::lock_guard lock(mutex_);
      if (state == ShardState::kServing) ++terms_;
      changed_.notify_all();
    };
    RoutingOptions options;
    options.region = kRegion;
    service_ = std::make_unique<RoutingService>(options, ports);
    registration_ = service_->RegisterGateway({"gw"}, {[this](const TenantId&, GatewayMessage&& message) {
                                                         const auto* offer = std::get_if<OfferMade>(&message.body);
                                                         if (offer == nullptr) return;
                                                         std::lock_guard lock(mutex_);
                                                         offers_[offer->contact] = offer->token;
                                                         changed_.notify_all();
                                                       },
                                                       [] {}});
    service_->Start();
    EXPECT_TRUE(service_->AwaitServing(Duration::Seconds(30)));
    admin::v1::ApplyConfigRequest apply;
    apply.set_request_id(Uuid::Version7(wall_.Now().ToUnixMilliseconds(), 1, 1).ToString());
    *apply.mutable_config() = testing::DemoConfig();
    const auto applied = Await<absl::StatusOr<admin::v1::ApplyConfigResponse>>(
        [&](auto done) { service_->ApplyConfig(kTenant, {}, apply, std::move(done)); });
    EXPECT_TRUE(applied.ok()) << applied.status();
  }

  bool Do(CommandBody body) {
    const auto answer = Await<absl::StatusOr<Answer>>([&](auto done) {
      service_->Send(kTenant, {{{ActorRole::kService, "test"}, {}}, std::move(body)}, std::nullopt, Lane::kLiveWork,
                     std::move(done));
    });
    return answer.ok() && answer->ok();
  }
  OfferToken AwaitOffer(const ContactId& contact) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, std::chrono::seconds(30), [&] { return offers_.contains(contact); }));
    return offers_[contact];
  }
  bool AwaitTerms(int terms) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(30), [&] { return terms_ >= terms; });
  }
  uint64_t Commits() {
    return Await<absl::StatusOr<ChainHead>>([&](auto done) { store_.LastCommit(kShard, std::move(done)); })->number;
  }
  // Contact id → its state's name.
  std::map<std::string, std::string> Contacts() {
    std::map<std::string, std::string> states;
    const auto listed = Await<absl::StatusOr<admin::v1::ListContactsResponse>>(
        [&](auto done) { service_->ListContacts(kTenant, {}, std::move(done)); });
    EXPECT_TRUE(listed.ok()) << listed.status();
    if (!listed.ok()) return states;
    for (const auto& contact : listed->contacts()) {
      states[contact.contact_id()] = type::v1::ContactState_Name(contact.state());
    }
    return states;
  }

  SystemMonotonicClock monotonic_;
  SystemWallClock wall_;
  MemoryStore store_{MemoryStore::Options{false, &monotonic_, 1000}};
  testing::FaultStore way_{store_};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<ContactId, OfferToken> offers_;
  int terms_ = 0;
  std::unique_ptr<RoutingService> service_;
  std::unique_ptr<RoutingClient::Registration> registration_;
};

TEST_F(RoutingServiceLostTailTest, WhatSendAcknowledgedIsThereAfterTheStoreLostIt) {
  const uint64_t before = Commits();
  ASSERT_TRUE(Do(AttachAgent{kAna, kFirst, {"gw"}, Activity::Available()}));
  ASSERT_TRUE(Do(Enqueue(1)));
  const OfferToken talking = AwaitOffer(Contact(1));
  ASSERT_TRUE(Do(AcceptOffer{kAna, kFirst, Contact(1), talking}));
  for (uint64_t number = 2; number <= 5; ++number) ASSERT_TRUE(Do(Enqueue(number, "de")));
  ASSERT_TRUE(Do(CancelContact{Contact(5), CancelBy::kCustomer}));
  const uint64_t lost = Commits() - before;
  ASSERT_GE(lost, 7u);
  ASSERT_EQ(store_.LoseTail(kShard, lost), lost);

  EXPECT_FALSE(Do(Enqueue(6, "de"))) << "the shard hears of it at its next commit";
  ASSERT_TRUE(AwaitTerms(2));
  const std::map<std::string, std::string> expected{{Contact(1).ToString(), "CONTACT_STATE_ASSIGNED"},
                                                    {Contact(2).ToString(), "CONTACT_STATE_QUEUED"},
                                                    {Contact(3).ToString(), "CONTACT_STATE_QUEUED"},
                                                    {Contact(4).ToString(), "CONTACT_STATE_QUEUED"}};
  EXPECT_EQ(Contacts(), expected);
  EXPECT_TRUE(Do(AttachAgent{kAna, kFirst, {"gw"}, std::nullopt}));
  EXPECT_TRUE(Do(CompleteContact{kAna, kFirst, Contact(1), talking}));
  EXPECT_TRUE(Do(Enqueue(6, "de")));
}

}  // namespace
}  // namespace meridian
