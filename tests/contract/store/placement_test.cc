// The placement: which processes live, what they hold, how many shards there are, and what an operator wishes.
#include <atomic>

#include "tests/contract/store/store_backend.h"

namespace meridian {
namespace {

class StorePlacementTest : public StoreTest {
 protected:
  uint32_t FixCount(ShardKind kind, uint32_t count) {
    return *testing::Await<absl::StatusOr<uint32_t>>(
        [&](auto done) { placement().FixCount(kind, count, std::move(done)); });
  }
  void Announce(const ShardProcess& process, Duration ttl = Duration::Seconds(2)) {
    const auto said =
        testing::Await<absl::Status>([&](auto done) { placement().Announce(process, ttl, std::move(done)); });
    ASSERT_TRUE(said.ok()) << said;
  }
  void Leave(ShardKind kind, const std::string& address) {
    const auto left =
        testing::Await<absl::Status>([&](auto done) { placement().Leave(kind, address, std::move(done)); });
    ASSERT_TRUE(left.ok()) << left;
  }
  void Wish(ShardId shard, const std::string& address) {
    const auto wished =
        testing::Await<absl::Status>([&](auto done) { placement().Wish(shard, address, std::move(done)); });
    ASSERT_TRUE(wished.ok()) << wished;
  }
  PlacementView View() {
    auto view = testing::Await<absl::StatusOr<PlacementView>>([&](auto done) { placement().View(std::move(done)); });
    EXPECT_TRUE(view.ok()) << view.status();
    return view.value_or(PlacementView{});
  }

  const ShardProcess routing_{ShardKind::kRouting, "10.0.0.1:7001", false, "k1/tls", {0, 3, 15}, {7}};
  const ShardProcess session_{ShardKind::kSession, "[::1]:7002", false, "k1/tls", {}, {}};
};
INSTANTIATE_TEST_SUITE_P(Stores, StorePlacementTest, ::testing::ValuesIn(SharedStoreKinds()), KindName);

TEST_P(StorePlacementTest, NothingIsKnownAtFirst) { EXPECT_EQ(View(), PlacementView{}); }

TEST_P(StorePlacementTest, TheFirstToFixTheRegionDecidesIt) {
  for (const std::string region : {"eu1", "us1", "eu1"}) {
    const auto in_force =
        testing::Await<absl::StatusOr<std::string>>([&](auto done) { placement().FixRegion(region, std::move(done)); });
    ASSERT_TRUE(in_force.ok()) << in_force.status();
    EXPECT_EQ(*in_force, "eu1");
  }
}

TEST_P(StorePlacementTest, TheFirstToFixTheCountDecidesIt) {
  EXPECT_EQ(FixCount(ShardKind::kRouting, 16), 16U);
  EXPECT_EQ(FixCount(ShardKind::kRouting, 4), 16U);
  EXPECT_EQ(FixCount(ShardKind::kSession, 8), 8U);
  EXPECT_EQ(View().CountOf(ShardKind::kRouting), 16U);
  EXPECT_EQ(View().CountOf(ShardKind::kSession), 8U);
}

TEST_P(StorePlacementTest, AProcessIsSeenAsItSaidLast) {
  Announce(session_);
  Announce(routing_);
  EXPECT_EQ(View().processes, (std::vector<ShardProcess>{routing_, session_}));
  ShardProcess leaving = routing_;
  leaving.leaving = true;
  leaving.serving = {3};
  leaving.held = {};
  Announce(leaving);
  EXPECT_EQ(View().processes, (std::vector<ShardProcess>{leaving, session_}));
}

TEST_P(StorePlacementTest, AProcessThatIsNotHeardOfIsGone) {
  Announce(routing_, Duration::Milliseconds(1500));
  Announce(session_, Duration::Seconds(5));
  clock_.Advance(Duration::Milliseconds(1400));
  EXPECT_EQ(View().processes.size(), 2U);
  clock_.Advance(Duration::Milliseconds(200));
  EXPECT_EQ(View().processes, std::vector<ShardProcess>{session_});
  Announce(routing_);
  EXPECT_EQ(View().processes.size(), 2U);
}

TEST_P(StorePlacementTest, WhoTrustsOthersIsRefusedWhileTheyLive) {
  Announce(session_, Duration::Milliseconds(1500));
  ShardProcess stranger = routing_;
  stranger.trust = "k2/tls";
  const auto said = [&] {
    return testing::Await<absl::Status>(
        [&](auto done) { placement().Announce(stranger, Duration::Seconds(2), std::move(done)); });
  };
  EXPECT_EQ(said().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(said().message().find(session_.address), std::string::npos);
  EXPECT_EQ(View().processes, std::vector<ShardProcess>{session_});
  clock_.Advance(Duration::Milliseconds(1600));
  EXPECT_TRUE(said().ok());
  EXPECT_EQ(View().processes, std::vector<ShardProcess>{stranger});
}

TEST_P(StorePlacementTest, OneThatLeavesIsGoneAtOnce) {
  Announce(routing_);
  Announce(session_);
  Leave(ShardKind::kRouting, session_.address);  // of the other kind
  Leave(ShardKind::kRouting, routing_.address);
  EXPECT_EQ(View().processes, std::vector<ShardProcess>{session_});
}

TEST_P(StorePlacementTest, AWishStandsUntilItIsEnded) {
  Wish({ShardKind::kRouting, 3}, "10.0.0.1:7001");
  Wish({ShardKind::kSession, 3}, "10.0.0.1:7002");
  Wish({ShardKind::kRouting, 3}, "10.0.0.2:7001");
  EXPECT_EQ(View().wishes, (std::map<ShardId, std::string>{{{ShardKind::kRouting, 3}, "10.0.0.2:7001"},
                                                           {{ShardKind::kSession, 3}, "10.0.0.1:7002"}}));
  Wish({ShardKind::kSession, 3}, "");
  EXPECT_EQ(View().wishes.size(), 1U);
}

TEST_P(StorePlacementTest, EveryAssignmentOfATenantIsCounted) {
  const uint64_t before = View().assignments;
  TenantShards shards;
  shards.sessions = {{ShardKind::kSession, 0}};
  const auto assigned = testing::Await<absl::StatusOr<TenantShards>>(
      [&](auto done) { directory().Assign(TenantId{"acme"}, shards, std::move(done)); });
  ASSERT_TRUE(assigned.ok());
  EXPECT_GT(View().assignments, before);
}

TEST_P(StorePlacementTest, WatchersHearOfAChange) {
  std::promise<void> heard;
  std::atomic<bool> armed{false};
  const auto watch = placement().Watch([&] {
    if (armed.exchange(false)) heard.set_value();
  });
  Announce(routing_);
  armed = true;
  // What is said before the channel is subscribed is not heard, so it is said until it is.
  auto news = heard.get_future();
  for (uint32_t i = 0; news.wait_for(std::chrono::milliseconds(20)) != std::future_status::ready; ++i) {
    ASSERT_LT(i, 1500U) << "nothing was heard";
    ShardProcess changed = routing_;
    changed.serving = {i};
    Announce(changed);
  }
}

TEST_P(StorePlacementTest, CountsAndWishesOutliveTheProcess) {
  FixCount(ShardKind::kRouting, 16);
  Wish({ShardKind::kRouting, 1}, "10.0.0.1:7001");
  Restart();
  EXPECT_EQ(FixCount(ShardKind::kRouting, 2), 16U);
  EXPECT_EQ(View().wishes.size(), 1U);
}

}  // namespace
}  // namespace meridian
