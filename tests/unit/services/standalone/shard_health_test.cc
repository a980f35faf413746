#include "services/standalone/shard_health.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace meridian {
namespace {

using ::testing::ElementsAre;

constexpr ShardId kRouting{ShardKind::kRouting, 0};
constexpr ShardId kSession{ShardKind::kSession, 0};

class ShardHealthTest : public ::testing::Test {
 protected:
  void Enter(ShardId shard, ShardState state, const absl::Status& why = absl::OkStatus()) {
    health_.OnState(shard, state, why);
  }

  ShardHealth health_{{kRouting, kSession}};
};

TEST_F(ShardHealthTest, ServesWhileAllShardsAreServed) {
  std::vector<bool> told;
  health_.Follow([&](bool serving) { told.push_back(serving); });
  Enter(kRouting, ShardState::kServing);
  EXPECT_FALSE(health_.serving());
  Enter(kSession, ShardState::kServing);
  EXPECT_TRUE(health_.serving());
  Enter(kRouting, ShardState::kLost, absl::FailedPreconditionError("taken"));
  EXPECT_FALSE(health_.serving());
  Enter(kRouting, ShardState::kAcquiring);
  Enter(kRouting, ShardState::kServing);
  EXPECT_THAT(told, ElementsAre(false, true, false, true));
  health_.Follow(nullptr);
  Enter(kSession, ShardState::kSuspended);
  EXPECT_EQ(told.size(), 4u);
  EXPECT_FALSE(health_.serving());
}

TEST_F(ShardHealthTest, TheStartWaitsForAllAndNotForOneThatFailed) {
  Enter(kRouting, ShardState::kServing);
  const absl::Status missing = health_.AwaitServing(Duration::Zero());
  EXPECT_NE(missing.ToString().find(kSession.ToString()), std::string::npos) << missing;
  Enter(kSession, ShardState::kFailed, absl::DataLossError("a stored record cannot be read"));
  const absl::Status failed = health_.AwaitServing(Duration::Minutes(10));
  EXPECT_NE(failed.ToString().find("cannot be read"), std::string::npos) << failed;
  Enter(kSession, ShardState::kServing);
  EXPECT_TRUE(health_.AwaitServing(Duration::Minutes(10)).ok());
}

}  // namespace
}  // namespace meridian
