#include "libs/http/websocket_outbox.h"

#include <gtest/gtest.h>

namespace meridian {
namespace {

class WebSocketOutboxTest : public ::testing::Test {
 protected:
  int wakes_ = 0;
  WebSocketOutbox outbox_{100, [this] { ++wakes_; }};

  std::string Frame(size_t bytes) { return std::string(bytes, 'x'); }
};

TEST_F(WebSocketOutboxTest, WakesOncePerVisit) {
  EXPECT_EQ(outbox_.Send("a", FrameKind::kKept), SendResult::kQueued);
  EXPECT_EQ(outbox_.Send("b", FrameKind::kKept), SendResult::kQueued);
  EXPECT_EQ(wakes_, 1);
  outbox_.WokenUp();
  EXPECT_EQ(outbox_.Send("c", FrameKind::kKept), SendResult::kQueued);
  EXPECT_EQ(wakes_, 2);
}

TEST_F(WebSocketOutboxTest, FramesComeOutInOrderAndCountUntilWritten) {
  outbox_.Send("one", FrameKind::kKept);
  outbox_.Send("three", FrameKind::kDroppable);
  EXPECT_EQ(outbox_.backlog_bytes(), 8u);
  EXPECT_EQ(outbox_.Take(), "one");
  EXPECT_EQ(outbox_.backlog_bytes(), 8u);
  EXPECT_FALSE(outbox_.Written(3));
  EXPECT_EQ(outbox_.backlog_bytes(), 5u);
  EXPECT_EQ(outbox_.Take(), "three");
  EXPECT_EQ(outbox_.Take(), std::nullopt);
}

TEST_F(WebSocketOutboxTest, DroppableFramesStopAtTheLimitAndKeptOnesAtTwice) {
  EXPECT_EQ(outbox_.Send(Frame(90), FrameKind::kDroppable), SendResult::kQueued);
  EXPECT_EQ(outbox_.Send(Frame(11), FrameKind::kDroppable), SendResult::kFull);
  EXPECT_TRUE(outbox_.full());
  EXPECT_EQ(outbox_.Send(Frame(11), FrameKind::kKept), SendResult::kQueued);
  EXPECT_EQ(outbox_.Send(Frame(99), FrameKind::kKept), SendResult::kQueued);
  EXPECT_EQ(outbox_.backlog_bytes(), 200u);
  EXPECT_EQ(outbox_.Send(Frame(1), FrameKind::kKept), SendResult::kFull);
}

TEST_F(WebSocketOutboxTest, DrainsOnceAtHalf) {
  outbox_.Send(Frame(45), FrameKind::kKept);
  outbox_.Send(Frame(50), FrameKind::kKept);
  EXPECT_EQ(outbox_.Send(Frame(50), FrameKind::kDroppable), SendResult::kFull);
  outbox_.Take();
  EXPECT_TRUE(outbox_.Written(45));  // 50 are left: half
  outbox_.Take();
  EXPECT_FALSE(outbox_.Written(50));
}

TEST_F(WebSocketOutboxTest, WithoutAFullThereIsNoDrain) {
  outbox_.Send(Frame(99), FrameKind::kKept);
  outbox_.Take();
  EXPECT_FALSE(outbox_.Written(99));
}

TEST_F(WebSocketOutboxTest, AnEmptyBacklogTakesAnyFrame) {
  EXPECT_EQ(outbox_.Send(Frame(1000), FrameKind::kDroppable), SendResult::kQueued);
}

TEST_F(WebSocketOutboxTest, TheFirstCloseCountsAndRefusesLaterFrames) {
  outbox_.Send("last", FrameKind::kKept);
  outbox_.Close(1000, "done");
  outbox_.Close(1008, "other");
  EXPECT_EQ(outbox_.Send("late", FrameKind::kKept), SendResult::kClosed);
  ASSERT_TRUE(outbox_.close_wish().has_value());
  EXPECT_EQ(outbox_.close_wish()->code, 1000);
  EXPECT_EQ(outbox_.close_wish()->reason, "done");
  EXPECT_EQ(outbox_.Take(), "last");
}

TEST_F(WebSocketOutboxTest, AReasonIsCutBetweenCharacters) {
  std::string reason(122, 'r');
  outbox_.Close(1008, reason + "\xc3\xa9");
  EXPECT_EQ(outbox_.close_wish()->reason, reason);
}

TEST_F(WebSocketOutboxTest, NothingIsKeptAfterTheEnd) {
  outbox_.Send("frame", FrameKind::kKept);
  outbox_.MarkClosed();
  EXPECT_EQ(outbox_.backlog_bytes(), 0u);
  EXPECT_EQ(outbox_.Send("late", FrameKind::kKept), SendResult::kClosed);
  outbox_.Close(1000, "");
  EXPECT_EQ(wakes_, 1);
}

}  // namespace
}  // namespace meridian
