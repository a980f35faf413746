#include "libs/rpc/outbound_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace meridian::rpc {
namespace {

using testing::ElementsAre;

std::string Marker(const std::string& key, uint64_t resume_after) {
  return "resync " + key + " " + std::to_string(resume_after);
}

std::vector<std::string> PopAll(OutboundQueue& queue) {
  std::vector<std::string> frames;
  while (auto frame = queue.Pop()) frames.push_back(*frame);
  return frames;
}

TEST(OutboundQueueTest, KeepsOrderWhileThereIsRoom) {
  OutboundQueue queue({.frames = 4});
  EXPECT_TRUE(queue.PushDroppable("m1", {"c1", 0}, Marker));
  EXPECT_TRUE(queue.PushKept("offer"));
  EXPECT_TRUE(queue.PushDroppable("m2", {"c1", 1}, Marker));
  EXPECT_THAT(PopAll(queue), ElementsAre("m1", "offer", "m2"));
  EXPECT_EQ(queue.backlog().bytes, 0u);
}

TEST(OutboundQueueTest, OneMarkerReplacesAllFramesOfAKeyAndNamesTheOldest) {
  OutboundQueue queue({.frames = 4});
  queue.PushDroppable("a5", {"a", 4}, Marker);
  queue.PushDroppable("b1", {"b", 0}, Marker);
  queue.PushKept("offer");
  queue.PushDroppable("a6", {"a", 5}, Marker);
  EXPECT_TRUE(queue.IsOverLimits());
  EXPECT_TRUE(queue.PushDroppable("a7", {"a", 6}, Marker));
  EXPECT_TRUE(queue.PushDroppable("a8", {"a", 7}, Marker));
  EXPECT_EQ(queue.dropped(), 4u);
  EXPECT_THAT(PopAll(queue), ElementsAre("b1", "offer", "resync a 4"));
}

TEST(OutboundQueueTest, AKeyGoesOnAfterItsMarkerWasTaken) {
  OutboundQueue queue({.frames = 1});
  queue.PushDroppable("a1", {"a", 0}, Marker);
  queue.PushDroppable("a2", {"a", 1}, Marker);
  EXPECT_THAT(PopAll(queue), ElementsAre("resync a 0"));
  queue.PushDroppable("a3", {"a", 2}, Marker);
  EXPECT_THAT(PopAll(queue), ElementsAre("a3"));
}

TEST(OutboundQueueTest, KeptFramesGoOnToTheHardLimitOnly) {
  OutboundQueue queue({.frames = 2, .hard_factor = 2});
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(queue.PushKept("offer"));
  EXPECT_FALSE(queue.PushKept("offer"));
  EXPECT_FALSE(queue.PushDroppable("m", {"a", 0}, Marker));
  EXPECT_EQ(queue.backlog().frames, 4u);
}

TEST(OutboundQueueTest, CountsBytesToo) {
  OutboundQueue queue({.frames = 100, .bytes = 10, .hard_factor = 2});
  EXPECT_TRUE(queue.PushDroppable("123456", {"a", 0}, Marker));
  EXPECT_FALSE(queue.IsOverLimits());
  EXPECT_TRUE(queue.PushDroppable("123456", {"a", 1}, Marker));
  EXPECT_TRUE(queue.IsOverLimits());
  EXPECT_TRUE(queue.PushDroppable("123456", {"a", 2}, Marker));
  EXPECT_THAT(PopAll(queue), ElementsAre("resync a 0"));
  EXPECT_EQ(queue.backlog().bytes, 0u);
}

TEST(OutboundQueueTest, NumbersTellWhenABacklogIsDrained) {
  OutboundQueue queue({.frames = 2});
  queue.PushKept("1");
  queue.PushKept("2");
  uint64_t target = queue.last_pushed();
  queue.PushKept("3");
  queue.Pop();
  EXPECT_LT(queue.last_popped(), target);
  queue.Pop();
  EXPECT_GE(queue.last_popped(), target);
}

}  // namespace
}  // namespace meridian::rpc
