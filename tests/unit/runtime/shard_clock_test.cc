#include "libs/runtime/shard_clock.h"

#include <gtest/gtest.h>

#include "libs/testing/fake_clock.h"

namespace meridian {
namespace {

class ShardClockTest : public ::testing::Test {
 protected:
  testing::FakeClock fake_;
  ShardClock clock_{fake_.monotonic(), fake_.wall()};
  const Instant start_ = fake_.WallNow();
};

TEST_F(ShardClockTest, NewShardStartsAtTheWallClockAndFollowsElapsedTime) {
  clock_.Restart(Instant{0});
  EXPECT_EQ(clock_.Now(), start_);
  fake_.Advance(Duration::Seconds(7));
  EXPECT_EQ(clock_.Now(), start_ + Duration::Seconds(7));
}

TEST_F(ShardClockTest, ShortPauseIsCaughtUpAtFivePerCent) {
  clock_.Restart(start_ - Duration::Seconds(10));
  EXPECT_EQ(clock_.Now(), start_ - Duration::Seconds(10));
  fake_.Advance(Duration::Seconds(100));
  EXPECT_EQ(clock_.Now(), start_ + Duration::Seconds(95));
  fake_.Advance(Duration::Seconds(100));
  EXPECT_EQ(clock_.Now(), start_ + Duration::Seconds(200)) << "no further than the wall clock";
}

TEST_F(ShardClockTest, LongPauseCounts) {
  clock_.Restart(start_ - Duration::Hours(9));
  EXPECT_EQ(clock_.Now(), start_);
}

TEST_F(ShardClockTest, AWallClockThatIsAheadOfTheStoresTakesNoShardWithIt) {
  fake_.SetWall(start_ + Duration::Hours(1));
  clock_.Restart(start_ - Duration::Seconds(2), start_);
  EXPECT_EQ(clock_.Now(), start_ - Duration::Seconds(2));
}

TEST_F(ShardClockTest, AfterALongPauseTimeStartsAtTheEarlierOfTheTwoClocks) {
  clock_.Restart(start_ - Duration::Hours(9), start_ + Duration::Hours(1));
  EXPECT_EQ(clock_.Now(), start_);
  ShardClock other(fake_.monotonic(), fake_.wall());
  other.Restart(start_ - Duration::Hours(9), start_ - Duration::Minutes(1));
  EXPECT_EQ(other.Now(), start_ - Duration::Minutes(1));
}

TEST_F(ShardClockTest, NeverGoesBackWhenTheWallClockDoes) {
  clock_.Restart(Instant{0});
  fake_.SetWall(start_ - Duration::Hours(1));
  Instant last = clock_.Now();
  EXPECT_EQ(last, start_);
  for (int i = 0; i < 1000; ++i) {
    fake_.Advance(Duration::Milliseconds(20));
    const Instant now = clock_.Now();
    EXPECT_EQ(now - last, Duration::Milliseconds(19));
    last = now;
  }
}

TEST_F(ShardClockTest, NeverJumpsWhenTheWallClockDoes) {
  clock_.Restart(Instant{0});
  fake_.SetWall(start_ + Duration::Hours(1));
  fake_.Advance(Duration::Seconds(20));
  EXPECT_EQ(clock_.Now(), start_ + Duration::Seconds(21));
}

TEST_F(ShardClockTest, LastCommittedTimeAheadOfTheWallIsKept) {
  clock_.Restart(start_ + Duration::Minutes(10));
  EXPECT_EQ(clock_.Now(), start_ + Duration::Minutes(10));
}

TEST_F(ShardClockTest, RestartWhileRunningOnlyMovesForward) {
  clock_.Restart(Instant{0});
  fake_.Advance(Duration::Seconds(5));
  clock_.Restart(start_);
  EXPECT_EQ(clock_.Now(), start_ + Duration::Seconds(5));
  clock_.Restart(start_ + Duration::Seconds(9));
  EXPECT_EQ(clock_.Now(), start_ + Duration::Seconds(9));
}

TEST_F(ShardClockTest, TellsHowLongToWaitAtThePresentSlew) {
  for (Duration error : {Duration::Seconds(-20), Duration::Zero(), Duration::Seconds(20)}) {
    testing::FakeClock fake;
    ShardClock clock(fake.monotonic(), fake.wall());
    clock.Restart(fake.WallNow());
    fake.SetWall(fake.WallNow() + error);
    const Instant deadline = clock.Now() + Duration::Seconds(10);
    const Duration wait = clock.MonotonicUntil(deadline);
    fake.Advance(wait - Duration::Milliseconds(1));
    EXPECT_LT(clock.Now(), deadline);
    fake.Advance(Duration::Milliseconds(2));
    EXPECT_GE(clock.Now(), deadline);
    EXPECT_EQ(clock.MonotonicUntil(deadline), Duration::Zero());
  }
}

}  // namespace
}  // namespace meridian
