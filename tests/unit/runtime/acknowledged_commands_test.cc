#include "libs/runtime/acknowledged_commands.h"

#include <gtest/gtest.h>

#include <string>

namespace meridian {
namespace {

using Commands = AcknowledgedCommands<std::string>;

MonotonicInstant At(int64_t seconds) { return MonotonicInstant{0} + Duration::Seconds(seconds); }

std::string Lost(Commands& kept, uint64_t survived) {
  std::string text;
  for (const auto& one : kept.TakeLost(survived)) text += one.command;
  return text;
}

TEST(AcknowledgedCommandsTest, HandsOutWhatDidNotSurviveOldestFirst) {
  Commands kept;
  kept.Keep("a", 7, 1, At(0));
  kept.Keep("b", 8, 1, At(1));
  kept.Keep("c", 8, 1, At(1));
  kept.Keep("d", 9, 1, At(2));
  EXPECT_EQ(Lost(kept, 7), "bcd");
  EXPECT_EQ(kept.size(), 1u) << "taken once";
  EXPECT_EQ(Lost(kept, 7), "");
  EXPECT_EQ(Lost(kept, 6), "a");
  EXPECT_EQ(kept.bytes(), 0u);
}

TEST(AcknowledgedCommandsTest, AReplayThatDidNotArriveIsInNoCommit) {
  Commands kept;
  kept.Keep("a", 8, 1, At(0));
  kept.Keep("b", Commands::kNoCommit, 1, At(0));
  EXPECT_EQ(Lost(kept, 100), "b");
}

TEST(AcknowledgedCommandsTest, ForgetsWhatIsOlderThanThirtySecondsAtTheNextAcknowledgement) {
  Commands kept;
  kept.Keep("a", 1, 1, At(0));
  kept.Keep("b", 2, 1, At(1));
  kept.Keep("c", 3, 1, At(30));
  EXPECT_EQ(kept.size(), 3u);
  kept.Keep("d", 4, 1, At(31));
  EXPECT_EQ(Lost(kept, 0), "bcd");
}

TEST(AcknowledgedCommandsTest, BeyondItsBoundsTheOldestGo) {
  Commands few({.count = 2, .bytes = 100});
  for (const char* name : {"a", "b", "c"}) few.Keep(name, 1, 1, At(0));
  EXPECT_EQ(Lost(few, 0), "bc");
  Commands small({.count = 100, .bytes = 10});
  small.Keep("a", 1, 6, At(0));
  small.Keep("b", 1, 6, At(0));
  EXPECT_EQ(small.bytes(), 6u);
  EXPECT_EQ(Lost(small, 0), "b");
}

}  // namespace
}  // namespace meridian
