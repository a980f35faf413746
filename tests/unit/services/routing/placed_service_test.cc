// Two routings over one store, between which shards are opened and closed as whoever places them says.
#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <random>

#include "libs/error/error.h"
#include "libs/runtime/refusal.h"
#include "libs/store/memory_store.h"
#include "libs/testing/await.h"
#include "services/routing/routing_service.h"
#include "tests/unit/services/routing/demo_config.h"

namespace meridian {
namespace {

using testing::Await;

const TenantId kTenant{"demo"};
constexpr uint32_t kShards = 4;

class PlacedServiceTest : public ::testing::Test {
 protected:
  struct Process {
    Metrics metrics;
    std::mutex mutex;
    std::condition_variable changed;
    std::map<uint32_t, ShardState> states;
    std::unique_ptr<RoutingService> service;

    void AwaitState(uint32_t shard, ShardState state) {
      std::unique_lock lock(mutex);
      EXPECT_TRUE(changed.wait_for(lock, std::chrono::seconds(30), [&] { return states[shard] == state; }));
    }
  };

  PlacedServiceTest() {
    for (Process* process : {&first_, &second_}) {
      RoutingOptions options;
      options.region = *RegionCode::Parse("eu1");
      options.shards = options.session_shards = kShards;
      options.placed = true;
      options.owner = process == &first_ ? "first" : "second";
      options.seed = process == &first_ ? 1 : 2;
      RoutingPorts ports{.store = &store_,
                         .leases = &store_.leases(),
                         .directory = &store_,
                         .event_log = &store_,
                         .monotonic = &monotonic_,
                         .wall = &wall_,
                         .metrics = &process->metrics,
                         .on_state = [process](ShardId shard, ShardState state, const absl::Status&) {
                           std::lock_guard lock(process->mutex);
                           process->states[shard.number] = state;
                           process->changed.notify_all();
                         }};
      process->service = std::make_unique<RoutingService>(std::move(options), ports);
      process->service->Start();
    }
  }
  ~PlacedServiceTest() override {
    for (Process* process : {&first_, &second_}) process->service->Drain(Duration::Seconds(30));
  }

  absl::Status Publish(Process& process) {
    admin::v1::ApplyConfigRequest request;
    request.set_request_id(Uuid::Version7(wall_.Now().ToUnixMilliseconds(), random_(), random_()).ToString());
    *request.mutable_config() = testing::DemoConfig();
    return Await<absl::StatusOr<admin::v1::ApplyConfigResponse>>([&](auto done) {
             process.service->ApplyConfig(kTenant, {{ActorRole::kOperator, "olga"}, {}}, request, std::move(done));
           })
        .status();
  }
  absl::Status Enqueue(Process& process, uint64_t number) {
    const RegionCode region = *RegionCode::Parse("eu1");
    EnqueueContact command;
    command.spec.id = {region, {0x0190'0000'0000'7000, number}};
    command.spec.conversation = {region, {5, number}};
    command.spec.customer = {region, {6, number}};
    command.spec.channel = {"chat"};
    command.spec.language = *LanguageTag::Parse("es");
    command.spec.enqueued_at = wall_.Now();
    const auto answer = Await<absl::StatusOr<Answer>>([&](auto done) {
      process.service->Send(kTenant, {{{ActorRole::kService, "test"}, {}}, std::move(command)}, std::nullopt,
                            Lane::kNewContacts, std::move(done));
    });
    return answer.status();
  }
  size_t Contacts(Process& process) {
    const auto listed = Await<absl::StatusOr<admin::v1::ListContactsResponse>>(
        [&](auto done) { process.service->ListContacts(kTenant, {}, std::move(done)); });
    EXPECT_TRUE(listed.ok()) << listed.status();
    return listed.ok() ? static_cast<size_t>(listed->contacts_size()) : 0;
  }
  static bool IsNotTaken(const absl::Status& status) {
    return ErrorReason(status) == refusal::kNotOwner && ErrorMetadataOf(status).contains("owner");
  }

  const SystemMonotonicClock monotonic_;
  const SystemWallClock wall_;
  MemoryStore store_;
  std::mt19937_64 random_{7};
  Process first_, second_;
  const uint32_t shard_ = static_cast<uint32_t>(StableHash(kTenant.value) % kShards);
};

TEST_F(PlacedServiceTest, AShardIsServedWhereItIsOpenAndGoesWithAllThatItHolds) {
  EXPECT_TRUE(IsNotTaken(Publish(first_)));
  first_.service->Open(shard_);
  ASSERT_TRUE(Publish(first_).ok());
  const auto assigned =
      Await<absl::StatusOr<TenantShards>>([&](auto done) { store_.Lookup(kTenant, std::move(done)); });
  EXPECT_EQ(assigned->routing.number, shard_);
  EXPECT_EQ(assigned->sessions, (std::vector<ShardId>{{ShardKind::kSession, shard_}}));
  ASSERT_TRUE(Enqueue(first_, 1).ok());
  EXPECT_TRUE(IsNotTaken(Enqueue(second_, 2)));

  first_.service->Close(shard_);
  first_.AwaitState(shard_, ShardState::kStopped);
  EXPECT_TRUE(IsNotTaken(Enqueue(first_, 2)));
  second_.service->Open(shard_);
  ASSERT_TRUE(Enqueue(second_, 2).ok());
  EXPECT_EQ(Contacts(second_), 2U);

  second_.service->Close(shard_);
  second_.AwaitState(shard_, ShardState::kStopped);
  first_.service->Open(shard_);
  first_.AwaitState(shard_, ShardState::kServing);
  ASSERT_TRUE(Enqueue(first_, 3).ok());
  EXPECT_EQ(Contacts(first_), 3U);
}

TEST_F(PlacedServiceTest, WhoGaveAShardAwayCountsItsContactsNoLonger) {
  first_.service->Open(shard_);
  ASSERT_TRUE(Publish(first_).ok());
  const std::string queue = testing::DemoConfig().queues(0).name();
  ASSERT_TRUE(Enqueue(first_, 1).ok());
  const auto gauge = [&] {
    int64_t all = 0;
    for (const char* state : {"waiting", "offered"}) {
      all += first_.metrics
                 .MakeGauge("meridian_queue_contacts", "Live contacts by queue and state.",
                            {{"tenant", "demo"}, {"queue", queue}, {"state", state}})
                 .value();
    }
    return all;
  };
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (gauge() == 0 && std::chrono::steady_clock::now() < until) std::this_thread::yield();
  EXPECT_EQ(gauge(), 1);
  first_.service->Close(shard_);
  first_.AwaitState(shard_, ShardState::kStopped);
  EXPECT_EQ(gauge(), 0);
}

}  // namespace
}  // namespace meridian
