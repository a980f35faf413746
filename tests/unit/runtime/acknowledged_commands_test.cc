#include "libs/runtime/acknowledged_commands.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace meridian {
namespace {

using Commands = AcknowledgedCommands<std::string>;

MonotonicInstant At(int64_t seconds) { return MonotonicInstant{0} + Duration::Seconds(seconds); }

Acknowledgement In(uint64_t commit, uint64_t term = 1) { return {term, commit, 0}; }

std::string Lost(Commands& kept, uint64_t survived, uint64_t term = 2) {
  std::string text;
  for (const auto& one : kept.TakeLost(term, survived)) text += one.command;
  return text;
}

TEST(AcknowledgedCommandsTest, HandsOutWhatDidNotSurviveOldestFirst) {
  Commands kept;
  kept.Keep("a", In(7), 1, At(0));
  kept.Keep("b", In(8), 1, At(1));
  kept.Keep("c", In(8), 1, At(1));
  kept.Keep("d", In(9), 1, At(2));
  EXPECT_EQ(Lost(kept, 7), "bcd");
  EXPECT_EQ(kept.size(), 1u) << "taken once";
  EXPECT_EQ(Lost(kept, 7), "");
  EXPECT_EQ(Lost(kept, 6), "a");
  EXPECT_EQ(kept.bytes(), 0u);
}

TEST(AcknowledgedCommandsTest, AReplayThatDidNotArriveIsLostInTheNextTermToo) {
  Commands kept;
  kept.Keep("a", In(8), 1, At(0));
  kept.Keep("b", In(9), 1, At(0));
  std::vector<Commands::Kept> lost = kept.TakeLost(2, 8);
  ASSERT_EQ(lost.size(), 1u);
  kept.KeepLost(std::move(lost.front()));
  EXPECT_EQ(Lost(kept, 100, 3), "b");
}

TEST(AcknowledgedCommandsTest, WhatATermAcknowledgedItDoesNotLack) {
  Commands kept;
  kept.Keep("a", In(8, 1), 1, At(0));
  kept.Keep("b", In(8, 2), 1, At(0));
  EXPECT_EQ(Lost(kept, 7, 2), "a") << "told twice of the same term";
  EXPECT_EQ(Lost(kept, 7, 3), "b");
}

TEST(AcknowledgedCommandsTest, ForgetsWhatIsOlderThanThirtySecondsAtTheNextAcknowledgement) {
  Commands kept;
  kept.Keep("a", In(1), 1, At(0));
  kept.Keep("b", In(2), 1, At(1));
  kept.Keep("c", In(3), 1, At(30));
  EXPECT_EQ(kept.size(), 3u);
  kept.Keep("d", In(4), 1, At(31));
  EXPECT_EQ(Lost(kept, 0), "bcd");
}

TEST(AcknowledgedCommandsTest, BeyondItsBoundsTheOldestGo) {
  Commands few({.count = 2, .bytes = 100});
  for (const char* name : {"a", "b", "c"}) few.Keep(name, In(1), 1, At(0));
  EXPECT_EQ(Lost(few, 0), "bc");
  Commands small({.count = 100, .bytes = 10});
  small.Keep("a", In(1), 6, At(0));
  small.Keep("b", In(1), 6, At(0));
  EXPECT_EQ(small.bytes(), 6u);
  EXPECT_EQ(Lost(small, 0), "b");
}

}  // namespace
}  // namespace meridian
