// The directory: which shards a tenant lives on.
#include "tests/contract/store/store_backend.h"

namespace meridian {
namespace {

class StoreDirectoryTest : public StoreTest {
 protected:
  absl::StatusOr<TenantShards> Lookup(const std::string& tenant) {
    return testing::Await<absl::StatusOr<TenantShards>>(
        [&](auto done) { directory().Lookup(TenantId{tenant}, std::move(done)); });
  }
  absl::StatusOr<TenantShards> Assign(const std::string& tenant, TenantShards shards) {
    return testing::Await<absl::StatusOr<TenantShards>>(
        [&](auto done) { directory().Assign(TenantId{tenant}, std::move(shards), std::move(done)); });
  }
  std::vector<TenantAssignment> List(const std::string& after) {
    return *testing::Await<absl::StatusOr<std::vector<TenantAssignment>>>(
        [&](auto done) { directory().List(TenantId{after}, std::move(done)); });
  }

  static TenantShards Shards(uint32_t routing, std::vector<uint32_t> sessions, uint64_t revision = 0) {
    TenantShards shards{{ShardKind::kRouting, routing}, {}, revision};
    for (const uint32_t number : sessions) shards.sessions.push_back({ShardKind::kSession, number});
    return shards;
  }
};
INSTANTIATE_TEST_SUITE_P(Stores, StoreDirectoryTest, ::testing::ValuesIn(AllStoreKinds()), KindName);

TEST_P(StoreDirectoryTest, AnUnknownTenantIsNotFound) {
  EXPECT_EQ(Lookup("nobody").status().code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(List("").empty());
}

TEST_P(StoreDirectoryTest, AnAssignmentIsFoundAlsoAfterARestart) {
  EXPECT_EQ(*Assign("acme", Shards(3, {1, 2, 4294967295})), Shards(3, {1, 2, 4294967295}, 1));
  EXPECT_EQ(*Lookup("acme"), Shards(3, {1, 2, 4294967295}, 1));
  Restart();
  EXPECT_EQ(*Lookup("acme"), Shards(3, {1, 2, 4294967295}, 1));
}

TEST_P(StoreDirectoryTest, ATenantMovesByTheRevisionThatWasRead) {
  Assign("acme", Shards(0, {0})).value();
  EXPECT_EQ(*Assign("acme", Shards(1, {0}, 1)), Shards(1, {0}, 2));
  EXPECT_EQ(Assign("acme", Shards(2, {0}, 1)).status().code(), absl::StatusCode::kAborted);
  EXPECT_EQ(Assign("acme", Shards(2, {0})).status().code(), absl::StatusCode::kAborted);
  EXPECT_EQ(*Lookup("acme"), Shards(1, {0}, 2));
}

TEST_P(StoreDirectoryTest, TheSameAssignmentAgainChangesNothing) {
  Assign("acme", Shards(0, {0})).value();
  EXPECT_EQ(*Assign("acme", Shards(0, {0})), Shards(0, {0}, 1));
}

TEST_P(StoreDirectoryTest, ShardsOfTheWrongKindAndNoSessionShardAreRefused) {
  EXPECT_EQ(Assign("acme", Shards(0, {})).status().code(), absl::StatusCode::kInvalidArgument);
  TenantShards wrong = Shards(0, {0});
  wrong.routing.kind = ShardKind::kSession;
  EXPECT_EQ(Assign("acme", wrong).status().code(), absl::StatusCode::kInvalidArgument);
  wrong = Shards(0, {0});
  wrong.sessions[0].kind = ShardKind::kRouting;
  EXPECT_EQ(Assign("acme", wrong).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_P(StoreDirectoryTest, TheListComesInPagesInOrder) {
  for (int i = 0; i < 300; ++i) Assign("t" + std::to_string(1000 + i), Shards(0, {0})).value();
  const std::vector<TenantAssignment> first = List("");
  ASSERT_EQ(first.size(), ShardDirectory::kListPage);
  EXPECT_EQ(first.front().tenant.value, "t1000");
  const std::vector<TenantAssignment> second = List(first.back().tenant.value);
  EXPECT_EQ(second.size(), 300 - ShardDirectory::kListPage);
  EXPECT_EQ(second.back().tenant.value, "t1299");
}

}  // namespace
}  // namespace meridian
