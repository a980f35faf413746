// How much the logs hold, and when that is too much for new contacts.
#include "services/routing/log_room.h"

#include <gtest/gtest.h>

#include <string>

#include "libs/store/memory_store.h"
#include "libs/testing/fake_clock.h"

namespace meridian {
namespace {

const ShardId kShard{ShardKind::kRouting, 1};

class LogRoomTest : public ::testing::Test {
 protected:
  LogRoomTest() {
    store_.TakeTerm(kShard, 1, 100, [this](absl::StatusOr<TermGrant> grant) { term_ = grant->term; });
  }
  void Append(size_t bytes) {
    CommitRequest request{.shard = kShard, .term = term_, .number = ++number_};
    request.log_entry = std::string(bytes, 'e');
    request.digest = DigestOf(request);
    store_.Commit(std::move(request),
                  [](const CommitResult& result) { ASSERT_EQ(result.outcome, CommitOutcome::kDurable); });
  }
  void TrimAll() {
    store_.TrimTo(kShard, {UINT64_MAX, UINT64_MAX}, [](const absl::StatusOr<LogPosition>&) {});
  }
  void Look() {
    clock_.Advance(LogRoom::kLookEvery);
    room_.Step();
    room_.Step();  // takes the answers
  }

  testing::FakeClock clock_;
  MemoryStore store_;
  Metrics metrics_;
  LogRoom room_{{.shards = 2, .limit_bytes = 1000},
                {.event_log = &store_, .monotonic = clock_.monotonic(), .metrics = &metrics_, .log = nullptr}};
  uint64_t term_ = 0;
  uint64_t number_ = 0;
};

TEST_F(LogRoomTest, IsShortFromSixtyPercentOnUntilEventsWent) {
  Append(599);
  Look();
  EXPECT_FALSE(room_.IsShort(1));
  Append(1);
  Look();
  EXPECT_TRUE(room_.IsShort(1));
  EXPECT_FALSE(room_.IsShort(0)) << "each shard has its own log";
  EXPECT_EQ(metrics_.MakeGauge("meridian_event_log_bytes", "", {{"shard", "1"}}).value(), 600);
  TrimAll();
  Look();
  EXPECT_FALSE(room_.IsShort(1));
}

TEST_F(LogRoomTest, LooksOnlyNowAndThenAndNotAfterItsEnd) {
  Look();
  Append(800);
  room_.Step();
  room_.Step();
  EXPECT_FALSE(room_.IsShort(1));
  room_.RequestStop();
  room_.Step();
  EXPECT_TRUE(room_.stopped());
  Look();
  EXPECT_FALSE(room_.IsShort(1));
}

}  // namespace
}  // namespace meridian
