// Closed conversations are erased by their shard: through its loop and a store, also when the process dies meanwhile.
#include "services/session/eraser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libs/conversation/records.h"
#include "tests/unit/services/session/session_world.h"

namespace meridian {
namespace {

constexpr ShardId kShard{ShardKind::kSession, 0};
constexpr Duration kKept = Duration::Minutes(10);

class EraserTest : public ::testing::Test {
 protected:
  void Open(uint64_t n, uint64_t messages, SessionWorld& world) {
    conversation::SubmitContact submission = world.Submission(n, 1, "text 1");
    submission.personal_attributes.push_back({AttributeName{"note"}, "allergic"});
    world.Submit("open " + std::to_string(n), submission);
    world.Settle();
    for (uint64_t i = 2; i <= messages; ++i) {
      world.Say(std::to_string(n) + "/" + std::to_string(i), n, i, "text " + std::to_string(i));
    }
    world.Settle();
  }
  void Close(uint64_t n, SessionWorld& world) {
    world.service().Close({SessionWorld::Tenant(), SessionWorld::Conversation(n)}, [](auto) {});
    world.Settle();
    ASSERT_EQ(world.shard().program().core().Find(SessionWorld::Conversation(n)), nullptr);
  }
  // Records of conversations that have closed, and of all messages and details.
  static size_t Stored(SessionWorld& world, std::vector<uint8_t> tables = {
                                                conversation::kMessageTable, conversation::kEndedTable,
                                                conversation::kContactDetailsTable, conversation::kClosingTable}) {
    size_t count = 0;
    world.store().Load(kShard, std::move(tables), "",
                       [&count](const absl::StatusOr<LoadPage>& page) { count = page->records.size(); });
    world.Settle();
    return count;
  }
  static absl::StatusCode Listed(SessionWorld& world, uint64_t n) { return world.List(n).status().code(); }
};

TEST_F(EraserTest, WhatIsErasedIsNotFound) {
  SessionWorld world(false, true, kKept);
  Open(1, 150, world);
  Open(2, 2, world);
  Close(1, world);
  world.Pass(kKept - Duration::Seconds(1));
  EXPECT_EQ(world.List(1)->last_number(), 150u);
  world.Pass(Duration::Seconds(3));
  EXPECT_EQ(Listed(world, 1), absl::StatusCode::kNotFound);
  auto reader = world.Watch(1);
  world.Settle();
  EXPECT_TRUE(reader->Has("ended CONVERSATION_NOT_FOUND"));
  EXPECT_EQ(Stored(world), 3u) << "of the other one";
  EXPECT_EQ(world.List(2)->messages_size(), 2);

  conversation::SubmitContact late = world.Submission(1, 1, "text 1");
  late.conversation_named_before = true;
  world.Submit("late", late);
  world.Settle();
  EXPECT_EQ(world.answers["late"], "CONVERSATION_CLOSED");
}

TEST_F(EraserTest, WhatBecameDueWhileNobodyServedGoesAtTheStart) {
  SessionWorld world(false, true, kKept);
  for (uint64_t n = 1; n <= 40; ++n) {
    Open(n, 3, world);
    Close(n, world);
  }
  world.Crash();
  world.clock().Advance(kKept * 2);
  world.Boot();
  world.Pass(Duration::Seconds(2));
  EXPECT_EQ(Stored(world), 0u);
}

// At each answer of the store on the way.
TEST_F(EraserTest, AProcessThatDiesMeanwhileGoesOn) {
  bool died_meanwhile = true;
  for (int answers = 0; died_meanwhile; ++answers) {
    SCOPED_TRACE("died after so many answers: " + std::to_string(answers));
    ASSERT_LT(answers, 200);
    SessionWorld world(false, true, kKept);
    Open(1, 150, world);
    Open(2, 2, world);
    Open(3, 1, world);
    Close(1, world);
    Close(2, world);
    world.Pass(kKept - Duration::Seconds(1));
    for (int i = 0; i < answers; ++i) {
      while (world.store().waiting() == 0 && world.clock().MonotonicNow() < MonotonicInstant() + Duration::Hours(2)) {
        world.clock().Advance(Duration::Milliseconds(50));
        world.StepShard();
      }
      world.store().Step();
      world.StepShard();
    }
    world.Crash();
    died_meanwhile = Stored(world) > 2;
    world.Boot();
    world.Pass(Duration::Seconds(5));
    EXPECT_EQ(Stored(world), 2u) << "of the third";
    EXPECT_EQ(Listed(world, 1), absl::StatusCode::kNotFound);
    EXPECT_EQ(world.List(3)->messages_size(), 1);
  }
}

// Whoever reads meanwhile finds all of it or nothing, never a hole.
TEST_F(EraserTest, ReadersMeetNoHole) {
  for (int answers = 0; answers < 40; ++answers) {
    SessionWorld world(false, true, kKept);
    Open(1, 300, world);
    Close(1, world);
    world.Pass(kKept - Duration::Milliseconds(100));
    for (int i = 0; i < answers; ++i) {
      world.clock().Advance(Duration::Milliseconds(5));
      world.StepShard();
      world.store().Step();
      world.StepShard();
    }
    auto reader = world.Watch(1);
    std::optional<absl::StatusOr<session::v1::ListMessagesResponse>> list;
    session::v1::ListMessagesRequest request;
    request.set_conversation_id(SessionWorld::Conversation(1).ToString());
    request.set_after_number(250);
    world.service().ListMessages(SessionWorld::Tenant(), request, [&](auto response) { list = std::move(response); });
    world.Pass(Duration::Seconds(2));
    ASSERT_TRUE(list.has_value());
    EXPECT_TRUE(list->ok() || absl::IsNotFound(list->status())) << list->status();
    EXPECT_TRUE(reader->ended());
    EXPECT_TRUE(reader->Has("ended OK") || reader->Has("ended CONVERSATION_NOT_FOUND")) << reader->lines.back();
    EXPECT_EQ(Stored(world), 0u);
  }
}

}  // namespace
}  // namespace meridian
