// The service publishes a tenant's configuration again once its zone tables are old: what it publishes, and how it
// stops.
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

#include "libs/runtime/clock.h"
#include "libs/store/memory_store.h"
#include "libs/testing/await.h"
#include "libs/testing/fake_clock.h"
#include "libs/testing/fault_store.h"
#include "services/routing/routing_service.h"
#include "tests/unit/services/routing/demo_config.h"

namespace meridian {
namespace {

using testing::Await;

const TenantId kTenant{"demo"};
const RegionCode kRegion = *RegionCode::Parse("eu1");

// Tells the test of a look-up before it is answered.
class WatchedDirectory final : public ShardDirectory {
 public:
  explicit WatchedDirectory(ShardDirectory& directory) : directory_(directory) {}

  // Before anything is looked up; of the next look-up only.
  void OnNext(std::function<void()> told) { told_ = std::move(told); }

  void Lookup(TenantId tenant, absl::AnyInvocable<void(absl::StatusOr<TenantShards>)> done) override {
    if (const auto told = std::exchange(told_, nullptr)) told();
    directory_.Lookup(std::move(tenant), std::move(done));
  }
  void Assign(TenantId tenant, TenantShards shards,
              absl::AnyInvocable<void(absl::StatusOr<TenantShards>)> done) override {
    directory_.Assign(std::move(tenant), std::move(shards), std::move(done));
  }
  void List(TenantId after, absl::AnyInvocable<void(absl::StatusOr<std::vector<TenantAssignment>>)> done) override {
    directory_.List(std::move(after), std::move(done));
  }

 private:
  ShardDirectory& directory_;
  std::function<void()> told_;
};

class ZoneRenewalTest : public ::testing::Test {
 protected:
  ~ZoneRenewalTest() override { service_ = nullptr; }

  void Open() {
    RoutingPorts ports{&way_, &store_.leases(), &directory_, &store_, &monotonic_, clock_.wall()};
    ports.on_config = [this](const std::shared_ptr<const admin::v1::TenantConfig>& config) {
      std::lock_guard lock(mutex_);
      revision_ = config->revision();
      changed_.notify_all();
    };
    RoutingOptions options;
    options.region = kRegion;
    service_ = std::make_unique<RoutingService>(options, ports);
    service_->Start();
  }
  void Publish(const admin::v1::TenantConfig& config) {
    admin::v1::ApplyConfigRequest apply;
    apply.set_request_id(Uuid::Version7(clock_.WallNow().ToUnixMilliseconds(), 1, 1).ToString());
    *apply.mutable_config() = config;
    const auto applied = Await<absl::StatusOr<admin::v1::ApplyConfigResponse>>(
        [&](auto done) { service_->ApplyConfig(kTenant, {}, apply, std::move(done)); });
    ASSERT_TRUE(applied.ok()) << applied.status();
  }
  // Served again when its zone tables are due.
  void ReopenWhenDue() {
    EXPECT_TRUE(service_->Drain(Duration::Seconds(30)));
    service_ = nullptr;
    clock_.Advance(kZoneTablesRenewedAfter + Duration::Hours(1));
    Open();
  }
  admin::v1::GetConfigResponse GetConfig() {
    const auto config = Await<absl::StatusOr<admin::v1::GetConfigResponse>>(
        [&](auto done) { service_->GetConfig(kTenant, std::move(done)); });
    EXPECT_TRUE(config.ok()) << config.status();
    return config.ok() ? *config : admin::v1::GetConfigResponse{};
  }
  bool AwaitRevision(uint64_t revision) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(30), [&] { return revision_ >= revision; });
  }

  SystemMonotonicClock monotonic_;
  testing::FakeClock clock_;
  MemoryStore store_;
  testing::FaultStore way_{store_};
  WatchedDirectory directory_{store_};
  std::mutex mutex_;
  std::condition_variable changed_;
  uint64_t revision_ = 0;
  std::unique_ptr<RoutingService> service_;
};

TEST_F(ZoneRenewalTest, AgentsKeepAllTheirFields) {
  Open();
  admin::v1::TenantConfig config = testing::DemoConfig();
  config.add_skills("billing");
  admin::v1::Agent& dieter = *config.mutable_agents(1);
  dieter.set_display_name("Dieter K.");
  (*dieter.mutable_skills())["billing"] = 3;
  Publish(config);
  admin::v1::GetConfigResponse before = GetConfig();
  ASSERT_EQ(before.config().agents_size(), 2);
  ReopenWhenDue();
  ASSERT_TRUE(AwaitRevision(2));
  const admin::v1::GetConfigResponse after = GetConfig();
  EXPECT_EQ(after.config().revision(), 2u);
  before.mutable_config()->set_revision(2);
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(before, after)) << after.DebugString();
}

// The renewal reads behind a commit to which the store gives no answer.
TEST_F(ZoneRenewalTest, AServiceWhoseStoreIsStuckEnds) {
  Open();
  Publish(testing::DemoConfig());
  directory_.OnNext([this] {
    way_.Hold(true);
    AttachAgent attach{{"ana"}, {1}, {"gw"}, Activity::Available()};
    service_->Send(kTenant, {{{ActorRole::kService, "test"}, {}}, std::move(attach)}, std::nullopt, Lane::kLiveWork,
                   [](const absl::StatusOr<Answer>& answer) { EXPECT_FALSE(answer.ok()); });
  });
  ReopenWhenDue();
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (way_.waiting() == 0 && std::chrono::steady_clock::now() < until) std::this_thread::yield();
  ASSERT_GT(way_.waiting(), 0u);
  EXPECT_FALSE(service_->Drain(Duration::Milliseconds(100)));
  service_ = nullptr;
  EXPECT_EQ(revision_, 1u);
}

}  // namespace
}  // namespace meridian
