#include <gtest/gtest.h>

#include <sstream>

#include "libs/store/memory_store.h"
#include "libs/testing/await.h"
#include "services/meridianctl/shard_commands.h"

namespace meridian::ctl {
namespace {

class ShardsTest : public ::testing::Test {
 protected:
  ShardsTest() : shared_(SharedStore::Of(&store_, &store_.leases())) {
    shared_.placement = &store_.placement();
    for (const ShardKind kind : {ShardKind::kRouting, ShardKind::kSession}) {
      store_.placement().FixCount(kind, 4, [](const absl::StatusOr<uint32_t>&) {});
    }
    Announce("a:1", {0, 1}, {});
    Announce("b:1", {2}, {3});
  }

  void Announce(const std::string& address, std::vector<uint32_t> serving, std::vector<uint32_t> held) {
    store_.placement().Announce({ShardKind::kRouting, address, false, "key/tls", std::move(serving), std::move(held)},
                                Duration::Seconds(2), [](const absl::Status&) {});
  }
  int Move(const std::string& what, const std::string& to) {
    ShardsOptions options;
    options.what = what;
    options.to = to;
    options.wait = Duration::Milliseconds(300);
    return MoveShards(shared_, options, console_);
  }
  int Place(const std::string& tenant, std::optional<uint32_t> routing, std::optional<uint32_t> session) {
    ShardsOptions options;
    options.what = tenant;
    options.routing = routing;
    options.session = session;
    return MoveShards(shared_, options, console_);
  }
  PlacementView View() {
    return *testing::Await<absl::StatusOr<PlacementView>>([&](auto done) { store_.placement().View(std::move(done)); });
  }

  MemoryStore store_;
  SharedStore shared_;
  std::ostringstream out_, err_;
  const Console console_{out_, err_};
};

TEST_F(ShardsTest, NamesOfShards) {
  EXPECT_EQ(ParseShardName("routing/3"), (ShardId{ShardKind::kRouting, 3}));
  EXPECT_EQ(ParseShardName("session/15"), (ShardId{ShardKind::kSession, 15}));
  for (const char* wrong : {"acme", "routing", "routing/", "routing/x", "routing/3x", "relay/1", "/3", "routing/-1"}) {
    EXPECT_EQ(ParseShardName(wrong), std::nullopt) << wrong;
  }
}

TEST_F(ShardsTest, TheListSaysWhoHoldsEachShard) {
  ASSERT_EQ(Place("acme", 2, 1), kDone);
  out_.str("");
  ASSERT_EQ(ListShards(shared_, console_), kDone);
  std::vector<std::string> lines;
  std::istringstream text(out_.str());
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  ASSERT_EQ(lines.size(), 9U);
  const auto has = [&](size_t line, const char* part) { return lines[line].find(part) != std::string::npos; };
  EXPECT_TRUE(has(1, "routing/0") && has(1, "a:1") && has(1, "serving")) << lines[1];
  EXPECT_TRUE(has(3, "routing/2") && has(3, "b:1") && has(3, "1")) << lines[3];
  EXPECT_TRUE(has(4, "routing/3") && has(4, "moving")) << lines[4];
  EXPECT_TRUE(has(5, "session/0") && has(5, "nobody")) << lines[5];
}

TEST_F(ShardsTest, AShardIsWishedToAProcessAndWaitedFor) {
  EXPECT_EQ(Move("routing/2", "b:1"), kDone) << err_.str();
  EXPECT_EQ(View().wishes.at({ShardKind::kRouting, 2}), "b:1");
  EXPECT_EQ(Move("routing/1", "b:1"), kFailed) << "nobody moves it in this test";
  EXPECT_NE(err_.str().find("the wish stands"), std::string::npos) << err_.str();
  EXPECT_EQ(Move("routing/1", "any"), kDone);
  EXPECT_FALSE(View().wishes.contains({ShardKind::kRouting, 1}));
}

TEST_F(ShardsTest, WhatCannotBeIsRefused) {
  EXPECT_EQ(Move("routing/4", "a:1"), kFailed);
  EXPECT_EQ(Move("routing/1", ""), kFailed);
  EXPECT_EQ(Move("routing/1", "c:1"), kFailed);
  EXPECT_NE(err_.str().find("a:1, b:1"), std::string::npos) << err_.str();
  EXPECT_EQ(Move("session/1", "a:1"), kFailed) << "of the other kind";
  EXPECT_EQ(Place("acme", std::nullopt, std::nullopt), kFailed);
  EXPECT_EQ(Place("acme", 4, std::nullopt), kFailed);
  for (const char* wrong : {"ACME!!", "../..", "", "rotuing/3"})
    EXPECT_EQ(Place(wrong, 1, std::nullopt), kFailed) << wrong;
  EXPECT_TRUE(View().wishes.empty());
}

TEST_F(ShardsTest, WhatIsOfATenantIsRefusedForAShardAndTheOtherWayRound) {
  EXPECT_EQ(Place("routing/1", 2, std::nullopt), kFailed);
  EXPECT_NE(err_.str().find("--routing is of a tenant: routing/1 is a shard"), std::string::npos) << err_.str();
  EXPECT_EQ(Place("session/1", std::nullopt, 2), kFailed);
  EXPECT_NE(err_.str().find("--session is of a tenant"), std::string::npos) << err_.str();
  EXPECT_EQ(Move("acme", "a:1"), kFailed);
  EXPECT_NE(err_.str().find("--to is of a shard, such as routing/3: acme is a tenant"), std::string::npos)
      << err_.str();
  EXPECT_TRUE(View().wishes.empty());
}

TEST_F(ShardsTest, ATenantIsAssignedOnceOnly) {
  EXPECT_EQ(Place("acme", 3, std::nullopt), kDone);
  EXPECT_EQ(Place("acme", 1, std::nullopt), kFailed);
  EXPECT_NE(err_.str().find("TENANT_HAS_SHARDS"), std::string::npos) << err_.str();
  const auto held = testing::Await<absl::StatusOr<TenantShards>>(
      [&](auto done) { store_.Lookup(TenantId{"acme"}, std::move(done)); });
  ASSERT_TRUE(held.ok());
  EXPECT_EQ(held->routing.number, 3U);
}

}  // namespace
}  // namespace meridian::ctl
