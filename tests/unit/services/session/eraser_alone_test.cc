// What cannot be read, or is not there, is told, and stops the erasure of nothing else. Against a core, without a
// shard.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "libs/conversation/records.h"
#include "libs/wire/session_records.h"
#include "services/session/eraser.h"

namespace meridian {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr Instant kNow = Instant::FromUnixSeconds(1'750'000'000);

class EraserAloneTest : public ::testing::Test {
 protected:
  EraserAloneTest() {
    core_.BeginLoad();
    EXPECT_TRUE(core_.Restore(conversation::ErasureRecord{1, 257, {}, 0}).ok());
    core_.FinishLoad(kNow);
  }
  static ConversationId Id(uint64_t n) { return {*RegionCode::Parse("eu"), Uuid::Version7(1'600'000'000'000, 1, n)}; }
  void Keep(uint64_t n, Instant closed = Instant{}) {
    closings_[conversation::ClosingKey(n)] = Encode(conversation::ClosingRecord{n, Id(n), closed});
    conversation::ConversationRecord ended;
    ended.id = Id(n);
    ended.tenant = TenantId{"demo"};
    ended.identity = {"web", "visitor"};
    ended.state = conversation::ConversationState::kClosed;
    ended_[conversation::ConversationKey(Id(n))] = Encode(ended);
  }
  Eraser Make() {
    return Eraser({.core = [this]() -> const conversation::SessionCore& { return core_; },
                   .read = [this](const std::vector<RecordKey>& keys, auto done) { Read(keys, std::move(done)); },
                   .post = [this](conversation::EraseClosed command, auto done) { Post(std::move(command), done); },
                   .now = [this] { return now_; },
                   .on_trouble = [this](const ErasureTrouble& trouble) { troubles_.push_back(trouble); }});
  }
  void Read(const std::vector<RecordKey>& keys, absl::AnyInvocable<void(ReadingPorts::Values)> done) {
    if (away_) return done(absl::UnavailableError("away"));
    std::vector<std::optional<std::string>> values;
    for (const RecordKey& key : keys) {
      const auto& table = key.table == conversation::kClosingTable ? closings_ : ended_;
      const auto found = table.find(key.key);
      values.push_back(found == table.end() ? std::nullopt : std::optional(found->second));
    }
    done(std::move(values));
  }
  template <typename Done>
  void Post(conversation::EraseClosed command, Done& done) {
    conversation::Answer answer = core_.Apply(std::move(command), kNow);
    for (const conversation::ErasedRecord& erased : core_.TakeEffects().erased) {
      (erased.table == conversation::kClosingTable ? closings_ : ended_).erase(erased.key);
    }
    done(std::get<conversation::Erased>(answer));
  }
  void Run(Eraser& eraser, Duration time = Duration::Seconds(1)) {
    for (const MonotonicInstant end = now_ + time; eraser.NextWake() <= end;) {
      now_ = std::max(now_, eraser.NextWake());
      eraser.Step();
    }
    now_ = now_ + time;
  }

  conversation::SessionCore core_;
  MonotonicInstant now_{1'000'000'000};
  std::map<std::string, std::string> closings_, ended_;
  bool away_ = false;
  std::vector<ErasureTrouble> troubles_;
};

TEST_F(EraserAloneTest, WhatCannotBeReadStaysAndStopsNothingElse) {
  for (uint64_t n = 1; n <= 40; ++n) Keep(n);
  closings_[conversation::ClosingKey(5)] = "garbage";
  ended_[conversation::ConversationKey(Id(6))] = "garbage";
  Eraser eraser = Make();
  eraser.Start();
  Run(eraser);
  EXPECT_THAT(closings_, SizeIs(2));
  EXPECT_THAT(ended_, SizeIs(2)) << "that of 5, which nothing names, and that of 6";
  ASSERT_THAT(troubles_, SizeIs(2)) << "each is told once";
  EXPECT_EQ(troubles_[0].closing, 5u);
  EXPECT_TRUE(troubles_[0].conversation.IsNil());
  EXPECT_EQ(troubles_[1].closing, 6u);
  EXPECT_EQ(troubles_[1].conversation, Id(6));
  eraser.Stop();
  eraser.Start();
  Run(eraser);
  EXPECT_THAT(troubles_, SizeIs(2));
}

TEST_F(EraserAloneTest, NothingIsToldBeforeItsTime) {
  Keep(1, kNow);
  ended_[conversation::ConversationKey(Id(1))] = "garbage";
  Eraser eraser = Make();
  eraser.Start();
  Run(eraser, Duration::Hours(5));
  EXPECT_THAT(troubles_, IsEmpty());
  EXPECT_EQ(core_.next_erasure().first, 1u);
}

TEST_F(EraserAloneTest, AnEndedRecordThatIsMissingIsTold) {
  for (uint64_t n = 1; n <= 3; ++n) Keep(n);
  ended_.erase(conversation::ConversationKey(Id(2)));
  Eraser eraser = Make();
  eraser.Start();
  Run(eraser);
  EXPECT_THAT(closings_, IsEmpty());
  EXPECT_THAT(ended_, IsEmpty());
  ASSERT_THAT(troubles_, SizeIs(1));
  EXPECT_EQ(troubles_[0].why.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(troubles_[0].conversation, Id(2));
}

TEST_F(EraserAloneTest, AStoreThatIsAwayIsAskedAgain) {
  Keep(1);
  away_ = true;
  Eraser eraser = Make();
  eraser.Start();
  eraser.Step();
  EXPECT_THAT(troubles_, SizeIs(1));
  EXPECT_EQ(eraser.NextWake(), now_ + Eraser::kRetry);
  away_ = false;
  Run(eraser, Eraser::kRetry);
  EXPECT_THAT(closings_, IsEmpty());
}

// The shard stops serving while a question is under way.
TEST_F(EraserAloneTest, AnAnswerOfAFormerLifeIsNotWanted) {
  absl::AnyInvocable<void(ReadingPorts::Values)> answer;
  Eraser eraser({.core = [this]() -> const conversation::SessionCore& { return core_; },
                 .read = [&](const std::vector<RecordKey>&, auto done) { answer = std::move(done); },
                 .post = [](const conversation::EraseClosed&, const auto&) { ADD_FAILURE(); },
                 .now = [this] { return now_; },
                 .on_trouble = [](const ErasureTrouble&) { ADD_FAILURE(); }});
  eraser.Start();
  eraser.Step();
  EXPECT_EQ(eraser.NextWake(), MonotonicInstant::Never()) << "one question at a time";
  eraser.Stop();
  std::exchange(answer, nullptr)(absl::UnavailableError("away"));
  EXPECT_EQ(eraser.NextWake(), MonotonicInstant::Never());
}

}  // namespace
}  // namespace meridian
