#include "services/process/readiness.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace meridian {
namespace {

using ::testing::ElementsAre;

constexpr ShardId kRouting{ShardKind::kRouting, 0};
constexpr ShardId kSession{ShardKind::kSession, 0};

class ReadinessTest : public ::testing::Test {
 protected:
  ReadinessTest() {
    readiness_.Expect(kRouting);
    readiness_.Expect(kSession);
  }
  void Enter(ShardId shard, ShardState state, const absl::Status& why = absl::OkStatus()) {
    readiness_.OnShardState(shard, state, why);
  }

  Readiness readiness_;
};

TEST_F(ReadinessTest, ReadyWhileAllShardsAreServed) {
  std::vector<bool> told;
  readiness_.Follow([&](bool ready) { told.push_back(ready); });
  Enter(kRouting, ShardState::kServing);
  EXPECT_FALSE(readiness_.ready());
  Enter(kSession, ShardState::kServing);
  EXPECT_TRUE(readiness_.ready());
  EXPECT_EQ(readiness_.ToJson(), R"({"status":"ready"})");
  Enter(kRouting, ShardState::kLost, absl::FailedPreconditionError("taken by 10.0.0.7"));
  EXPECT_FALSE(readiness_.ready());
  EXPECT_EQ(readiness_.ToJson(), R"({"status":"not_ready","away":[)"
                                 R"({"dependency":"shard r0","state":"lost","code":"FAILED_PRECONDITION"}]})")
      << "without the words of the store, which are for the log";
  Enter(kRouting, ShardState::kAcquiring);
  Enter(kRouting, ShardState::kServing);
  EXPECT_THAT(told, ElementsAre(false, true, false, true));
  readiness_.Follow(nullptr);
  Enter(kSession, ShardState::kSuspended);
  EXPECT_EQ(told.size(), 4u);
  EXPECT_FALSE(readiness_.ready());
}

TEST_F(ReadinessTest, NotReadyWhileItDrainsWhateverIsThere) {
  Enter(kRouting, ShardState::kServing);
  Enter(kSession, ShardState::kServing);
  std::vector<bool> told;
  readiness_.Follow([&](bool ready) { told.push_back(ready); });
  readiness_.BeginDrain();
  EXPECT_EQ(readiness_.ToJson(), R"({"status":"draining"})");
  Enter(kRouting, ShardState::kAcquiring);
  Enter(kRouting, ShardState::kServing);
  EXPECT_FALSE(readiness_.ready());
  EXPECT_THAT(told, ElementsAre(true, false));
}

TEST_F(ReadinessTest, ADependencyThatIsNoShard) {
  Enter(kRouting, ShardState::kServing);
  Enter(kSession, ShardState::kServing);
  readiness_.Expect("link to routing");
  EXPECT_EQ(readiness_.ToJson(),
            R"({"status":"not_ready","away":[{"dependency":"link to routing","state":"not there yet"}]})");
  readiness_.Tell("link to routing", true, "1 of 2 processes reached", absl::OkStatus());
  EXPECT_TRUE(readiness_.ready());
}

TEST_F(ReadinessTest, TheStartWaitsForAllAndNotForOneThatFailed) {
  Enter(kRouting, ShardState::kServing);
  const absl::Status missing = readiness_.AwaitReady(Duration::Zero());
  EXPECT_NE(missing.ToString().find(kSession.ToString()), std::string::npos) << missing;
  Enter(kSession, ShardState::kFailed, absl::DataLossError("a stored record cannot be read"));
  const absl::Status failed = readiness_.AwaitReady(Duration::Minutes(10));
  EXPECT_NE(failed.ToString().find("cannot be read"), std::string::npos) << failed;
  Enter(kSession, ShardState::kServing);
  EXPECT_TRUE(readiness_.AwaitReady(Duration::Minutes(10)).ok());
}

}  // namespace
}  // namespace meridian
