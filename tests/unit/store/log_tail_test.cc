#include "libs/store/log_tail.h"

#include <gtest/gtest.h>

namespace meridian {
namespace {

constexpr ShardId kShard{ShardKind::kRouting, 0};

class LogTailTest : public ::testing::Test {
 protected:
  // Entries of 10 bytes at numbers 6, 7, … of term 1, behind a chain that ended at 5.
  void Fill(LogTail& tail, uint64_t count) {
    for (uint64_t number = 6; number < 6 + count; ++number) {
      tail.Append(kShard, {1, number - 1}, {{1, number}, std::string(10, 'e')});
    }
  }
};

TEST_F(LogTailTest, WhatIsOlderThanTheTailIsNotItsToAnswer) {
  LogTail tail(1000);
  EXPECT_FALSE(tail.ReadAfter(kShard, {}, 1000));
  Fill(tail, 3);
  EXPECT_FALSE(tail.ReadAfter(kShard, {1, 4}, 1000));
  EXPECT_EQ(tail.ReadAfter(kShard, {1, 5}, 1000)->size(), 3u);
  EXPECT_EQ(tail.ReadAfter(kShard, {1, 7}, 1000)->front().position, (LogPosition{1, 8}));
  EXPECT_TRUE(tail.ReadAfter(kShard, {1, 8}, 1000)->empty());
  EXPECT_FALSE(tail.ReadAfter({ShardKind::kSession, 0}, {1, 5}, 1000));
}

TEST_F(LogTailTest, ItIsBoundedInBytes) {
  LogTail tail(25);
  Fill(tail, 5);
  EXPECT_FALSE(tail.ReadAfter(kShard, {1, 7}, 1000));
  EXPECT_EQ(tail.ReadAfter(kShard, {1, 8}, 1000)->size(), 2u);
}

TEST_F(LogTailTest, WhatIsTrimmedOrUnknownIsNotAnswered) {
  LogTail tail(1000);
  Fill(tail, 5);
  tail.Trim(kShard, {1, 7});
  EXPECT_FALSE(tail.ReadAfter(kShard, {1, 6}, 1000));
  EXPECT_EQ(tail.ReadAfter(kShard, {1, 7}, 1000)->size(), 3u);
  tail.Trim(kShard, {1, 20});
  EXPECT_FALSE(tail.ReadAfter(kShard, {1, 10}, 1000));
  Fill(tail, 1);
  tail.Forget(kShard);
  EXPECT_FALSE(tail.ReadAfter(kShard, {1, 20}, 1000));
}

}  // namespace
}  // namespace meridian
