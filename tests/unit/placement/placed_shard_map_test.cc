#include "libs/placement/placed_shard_map.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>

#include "libs/store/memory_store.h"
#include "libs/testing/await.h"

namespace meridian {
namespace {

// A placement that can be out of reach.
class PlacementAway final : public ShardPlacement {
 public:
  explicit PlacementAway(ShardPlacement* placement) : placement_(placement) {}

  void SetAway(bool away) { away_ = away; }

  void FixCount(ShardKind kind, uint32_t count, absl::AnyInvocable<void(absl::StatusOr<uint32_t>)> done) override {
    placement_->FixCount(kind, count, std::move(done));
  }
  void FixRegion(std::string region, absl::AnyInvocable<void(absl::StatusOr<std::string>)> done) override {
    placement_->FixRegion(std::move(region), std::move(done));
  }
  void Announce(ShardProcess process, Duration ttl, absl::AnyInvocable<void(absl::Status)> done) override {
    placement_->Announce(std::move(process), ttl, std::move(done));
  }
  void Leave(ShardKind kind, std::string address, absl::AnyInvocable<void(absl::Status)> done) override {
    placement_->Leave(kind, std::move(address), std::move(done));
  }
  void Wish(ShardId shard, std::string address, absl::AnyInvocable<void(absl::Status)> done) override {
    placement_->Wish(shard, std::move(address), std::move(done));
  }
  void View(absl::AnyInvocable<void(absl::StatusOr<PlacementView>)> done) override {
    if (away_) return done(absl::UnavailableError("away"));
    placement_->View(std::move(done));
  }
  std::unique_ptr<Subscription> Watch(std::function<void()> on_change) override {
    return placement_->Watch(std::move(on_change));
  }

 private:
  ShardPlacement* const placement_;
  std::atomic<bool> away_{false};
};

class PlacedShardMapTest : public ::testing::Test {
 protected:
  PlacedShardMapTest() {
    watch_ = map_.OnChange([this] {
      std::lock_guard lock(mutex_);
      changed_.notify_all();
    });
  }

  void FixCounts(uint32_t routing, uint32_t session) {
    store_.placement().FixCount(ShardKind::kRouting, routing, [](const auto&) {});
    store_.placement().FixCount(ShardKind::kSession, session, [](const auto&) {});
  }
  void Announce(ShardKind kind, const std::string& address, std::vector<uint32_t> serving) {
    store_.placement().Announce({kind, address, false, "key/tls", std::move(serving), {}}, Duration::Seconds(2),
                                [](const absl::Status&) {});
  }
  void Assign(const std::string& tenant, uint32_t routing, uint32_t session) {
    TenantShards shards{{ShardKind::kRouting, routing}, {{ShardKind::kSession, session}}, 0};
    const auto assigned = testing::Await<absl::StatusOr<TenantShards>>(
        [&](auto done) { store_.Assign(TenantId{tenant}, shards, std::move(done)); });
    ASSERT_TRUE(assigned.ok()) << assigned.status();
  }
  template <typename Condition>
  void Await(Condition condition) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, std::chrono::seconds(30), condition));
  }
  std::string OwnerOfTenant(const std::string& tenant) {
    return map_.Find(ShardKind::kRouting, TenantId{tenant}).address;
  }

  MemoryStore store_;
  rpc::DeadlineTimer timer_;
  // Looked at once a minute, so that it hears of every change or misses it.
  PlacementAway placement_{&store_.placement()};
  PlacedShardMap map_{&placement_, &store_, &timer_, Duration::Minutes(1), Duration::Minutes(1)};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::unique_ptr<ShardMap::Watch> watch_;
};

TEST_F(PlacedShardMapTest, NobodyIsKnownAtFirst) {
  EXPECT_TRUE(map_.AwaitRead(Duration::Seconds(30)));
  EXPECT_EQ(OwnerOfTenant("acme"), "");
  EXPECT_TRUE(map_.Addresses(ShardKind::kRouting).empty());
}

TEST_F(PlacedShardMapTest, ATenantIsFoundWhereItsHashSaysAndThenWhereItWasAssigned) {
  FixCounts(4, 4);
  const uint32_t by_itself = FirstShardOf(TenantId{"acme"}, 4);
  const uint32_t other = (by_itself + 1) % 4;
  Announce(ShardKind::kRouting, "a:1", {by_itself});
  Announce(ShardKind::kRouting, "b:1", {other});
  Announce(ShardKind::kSession, "c:1", {by_itself});
  Await([&] { return map_.Addresses(ShardKind::kSession).size() == 1; });
  EXPECT_EQ(map_.Addresses(ShardKind::kRouting), (std::vector<std::string>{"a:1", "b:1"}));
  EXPECT_EQ(OwnerOfTenant("acme"), "a:1");
  EXPECT_EQ(map_.AssignmentOf(TenantId{"acme"}), std::nullopt);
  Assign("acme", other, by_itself);
  Await([&] { return OwnerOfTenant("acme") == "b:1"; });
  EXPECT_EQ(map_.Find(ShardKind::kSession, TenantId{"acme"}).address, "c:1");
  EXPECT_TRUE(map_.AssignmentOf(TenantId{"acme"}).has_value());
}

TEST_F(PlacedShardMapTest, WhatAServerSaysHoldsUntilTheStoreWasRead) {
  FixCounts(1, 1);
  Announce(ShardKind::kRouting, "a:1", {0});
  Await([&] { return OwnerOfTenant("acme") == "a:1"; });
  map_.Learn(ShardKind::kRouting, TenantId{"acme"}, "b:1");
  // Read again meanwhile, perhaps: it is one or the other.
  const std::string owner = OwnerOfTenant("acme");
  EXPECT_TRUE(owner == "b:1" || owner == "a:1") << owner;
  Announce(ShardKind::kRouting, "a:1", {});
  Announce(ShardKind::kRouting, "c:1", {0});
  Await([&] { return OwnerOfTenant("acme") == "c:1"; });
}

TEST_F(PlacedShardMapTest, WhoIsMissingAfterTheStoreWasAwayIsNotTakenForDeadAtOnce) {
  PlacedShardMap hasty(&placement_, &store_, &timer_, Duration::Minutes(1), Duration::Milliseconds(1));
  const auto watch = hasty.OnChange([this] {
    std::lock_guard lock(mutex_);
    changed_.notify_all();
  });
  Announce(ShardKind::kRouting, "a:1", {});
  Announce(ShardKind::kRouting, "b:1", {});
  Await([&] { return map_.Addresses(ShardKind::kRouting).size() == 2; });
  EXPECT_TRUE(map_.NamesAllWhoLive());

  placement_.SetAway(true);
  map_.Refresh();
  hasty.Refresh();
  Await([&] { return !map_.Now()->complete && !hasty.Now()->complete; });
  EXPECT_FALSE(map_.NamesAllWhoLive());
  EXPECT_EQ(map_.Addresses(ShardKind::kRouting).size(), 2u) << "what was known last";

  // The store is back and has forgotten both; one has said so again.
  store_.placement().Leave(ShardKind::kRouting, "b:1", [](const absl::Status&) {});
  placement_.SetAway(false);
  map_.Refresh();
  hasty.Refresh();
  Await([&] { return map_.Now()->complete && map_.Addresses(ShardKind::kRouting).size() == 1; });
  EXPECT_FALSE(map_.NamesAllWhoLive());
  Await([&] { return hasty.NamesAllWhoLive() && hasty.Now()->complete; });
}

TEST_F(PlacedShardMapTest, ASessionShardNeedsTheLogsOfItsTenants) {
  FixCounts(4, 4);
  Await([&] { return map_.RoutingShardsOf(1) == std::set<uint32_t>{1}; });
  for (int i = 0; i < 300; ++i) Assign("t" + std::to_string(i), i % 2 == 0 ? 1 : 3, 1);  // more than a page
  Await([&] { return map_.Now()->tenants.size() == 300; });
  EXPECT_EQ(map_.RoutingShardsOf(1), (std::set<uint32_t>{1, 3}));
  EXPECT_EQ(map_.RoutingShardsOf(2), std::set<uint32_t>{2});
}

TEST_F(PlacedShardMapTest, UnequalNumbersOfShardsArePairedByTheirTenants) {
  FixCounts(2, 4);
  Await([&] { return map_.Now()->view.CountOf(ShardKind::kSession) == 4; });
  EXPECT_TRUE(map_.RoutingShardsOf(1).empty());
}

TEST_F(PlacedShardMapTest, AnEndedWatchIsNotCalled) {
  watch_.reset();
  bool called = false;
  auto watch = map_.OnChange([&] { called = true; });
  watch.reset();
  FixCounts(1, 1);
  std::promise<void> later;
  timer_.After(Duration::Milliseconds(20), [&] { later.set_value(); });
  later.get_future().wait();
  EXPECT_FALSE(called);
}

}  // namespace
}  // namespace meridian
