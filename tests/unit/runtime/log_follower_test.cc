#include "libs/runtime/log_follower.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "libs/store/memory_store.h"
#include "libs/testing/fake_clock.h"

namespace meridian {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const ShardId kSource{ShardKind::kRouting, 1};

// The target: applies entries as log_follower.h asks of a program, and answers when the test says so.
class Target {
 public:
  void Deliver(FollowedEntry entry, absl::AnyInvocable<void(absl::Status)> done) {
    most_waiting = std::max(most_waiting, waiting_.size() + 1);
    waiting_.push_back({std::move(entry), std::move(done)});
  }
  bool Step() {
    if (waiting_.empty()) return false;
    auto [entry, done] = std::move(waiting_.front());
    waiting_.erase(waiting_.begin());
    if (fail_next > 0) {
      --fail_next;
      done(absl::UnavailableError("SHARD_RELOADED"));
    } else if (entry.position <= stored) {
      done(absl::OkStatus());
    } else if (entry.previous != stored) {
      done(absl::FailedPreconditionError("a gap"));
    } else {
      stored = entry.position;
      applied.push_back(entry.bytes);
      done(absl::OkStatus());
    }
    return true;
  }
  // The process of the target dies with what waited.
  void Forget() { waiting_.clear(); }

  LogPosition stored;
  std::vector<std::string> applied;
  int fail_next = 0;
  size_t most_waiting = 0;

 private:
  std::vector<std::pair<FollowedEntry, absl::AnyInvocable<void(absl::Status)>>> waiting_;
};

class LogFollowerTest : public ::testing::Test {
 protected:
  LogFollowerTest() {
    store_.TakeTerm(kSource, 1, 100, [this](absl::StatusOr<TermGrant> grant) { term_ = grant->term; });
    Boot();
  }
  void Boot() {
    LogFollowerOptions options;
    options.source = kSource;
    options.name = "session-s1";
    options.max_in_flight = 4;
    options.read_bytes = 40;
    LogFollowerPorts ports;
    ports.log = &store_;
    ports.clock = clock_.monotonic();
    ports.stored_position = [this](absl::AnyInvocable<void(absl::StatusOr<LogPosition>)> done) {
      ++asked_;
      if (target_down_) return done(absl::UnavailableError("loading"));
      done(target_.stored);
    };
    ports.deliver = [this](FollowedEntry entry, absl::AnyInvocable<void(absl::Status)> done) {
      target_.Deliver(std::move(entry), std::move(done));
    };
    ports.on_error = [this](const absl::Status& status) { errors_.push_back(std::string(status.message())); };
    follower_ = std::make_unique<LogFollower>(options, ports);
    follower_->Start();
  }
  void Append(const std::string& entry) {
    CommitRequest request{kSource, term_, ++number_, {}, {}, entry, 0};
    request.digest = DigestOf(request);
    store_.Commit(request, [](CommitResult result) { ASSERT_EQ(result.outcome, CommitOutcome::kDurable); });
  }
  void StepFollower() {
    while (follower_->Step()) {
    }
  }
  void Settle() {
    do {
      StepFollower();
    } while (target_.Step());
  }
  // How far the source may be trimmed: shows the follower's durable position.
  LogPosition FirstKept() {
    LogPosition first;
    store_.TrimTo(kSource, {term_, number_}, [&](absl::StatusOr<LogPosition> kept) { first = *kept; });
    return first;
  }

  testing::FakeClock clock_;
  MemoryStore store_;
  uint64_t term_ = 0;
  uint64_t number_ = 0;
  Target target_;
  bool target_down_ = false;
  int asked_ = 0;
  std::vector<std::string> errors_;
  std::unique_ptr<LogFollower> follower_;
};

TEST_F(LogFollowerTest, DeliversWhatIsThereAndWhatComesInOrder) {
  Append("a");
  Append("b");
  Settle();
  EXPECT_THAT(target_.applied, ElementsAre("a", "b"));
  Append("c");
  Settle();
  EXPECT_THAT(target_.applied, ElementsAre("a", "b", "c"));
  EXPECT_THAT(errors_, IsEmpty());
  EXPECT_EQ(follower_->confirmed(), (LogPosition{term_, 3}));
  clock_.Advance(LogFollower::kAdvanceEvery);
  Settle();
  EXPECT_EQ(follower_->NextWake(), MonotonicInstant::Never()) << "no polling";
}

TEST_F(LogFollowerTest, BoundsWhatIsUnderWay) {
  for (int i = 0; i < 50; ++i) Append("entry " + std::to_string(i));
  StepFollower();
  Settle();
  EXPECT_EQ(target_.applied.size(), 50u);
  EXPECT_EQ(target_.most_waiting, 4u);
}

TEST_F(LogFollowerTest, AdvancesInTheSourceOnlyAfterTheTargetIsDurable) {
  Append("a");
  Append("b");
  Append("c");
  StepFollower();
  EXPECT_EQ(follower_->confirmed(), LogPosition{});
  target_.Step();
  StepFollower();
  EXPECT_EQ(follower_->confirmed(), (LogPosition{term_, 1}));
  EXPECT_EQ(FirstKept(), (LogPosition{term_, 2})) << "what is not durable in the target is not trimmed";
}

TEST_F(LogFollowerTest, AdvancesInTheSourceOnceInAWhile) {
  Append("a");
  Settle();
  EXPECT_EQ(FirstKept(), (LogPosition{term_, 1}));
  Append("b");
  Append("c");
  Settle();
  EXPECT_EQ(FirstKept(), (LogPosition{term_, 2})) << "the source was told of the first entry alone";
  clock_.Advance(follower_->NextWake() - clock_.monotonic()->Now());
  Settle();
  EXPECT_EQ(FirstKept(), (LogPosition{term_, 3}));
}

TEST_F(LogFollowerTest, FailureInTheMiddleLosesAndDoublesNothing) {
  for (int i = 0; i < 6; ++i) Append(std::string(1, static_cast<char>('a' + i)));
  StepFollower();
  target_.Step();
  target_.fail_next = 1;
  for (int i = 0; i < 20; ++i) {
    Settle();
    clock_.Advance(Duration::Seconds(1));
  }
  EXPECT_THAT(target_.applied, ElementsAre("a", "b", "c", "d", "e", "f"));
  EXPECT_FALSE(errors_.empty());
}

TEST_F(LogFollowerTest, GoesOnFromTheTargetsPositionAfterACrash) {
  for (int i = 0; i < 4; ++i) Append(std::string(1, static_cast<char>('a' + i)));
  StepFollower();
  target_.Step();
  target_.Step();
  target_.Forget();
  follower_.reset();
  Boot();
  Settle();
  EXPECT_THAT(target_.applied, ElementsAre("a", "b", "c", "d"));
}

TEST_F(LogFollowerTest, WaitsForATargetThatIsNotReady) {
  Append("a");
  target_down_ = true;
  Settle();
  EXPECT_THAT(target_.applied, IsEmpty());
  target_down_ = false;
  EXPECT_NE(follower_->NextWake(), MonotonicInstant::Never());
  clock_.Advance(Duration::Seconds(1));
  Settle();
  EXPECT_THAT(target_.applied, ElementsAre("a"));
}

TEST_F(LogFollowerTest, StopDeliversNothingMore) {
  follower_->RequestStop();
  StepFollower();
  EXPECT_TRUE(follower_->stopped());
  Append("a");
  Settle();
  EXPECT_THAT(target_.applied, IsEmpty());
}

TEST_F(LogFollowerTest, TheEndIsReachedWhenWhatTheLogHeldIsDurable) {
  Append("a");
  Append("b");
  bool reached = false;
  follower_->AwaitEnd([&] { reached = true; });
  StepFollower();
  EXPECT_FALSE(reached);
  target_.Step();
  StepFollower();
  EXPECT_FALSE(reached) << "the second entry is under way";
  target_.Step();
  StepFollower();
  EXPECT_TRUE(reached);
  reached = false;
  follower_->AwaitEnd([&] { reached = true; });
  StepFollower();
  EXPECT_TRUE(reached) << "there is nothing to follow";
}

TEST_F(LogFollowerTest, TheEndIsReachedWhileMoreComesAllTheTime) {
  for (const char* entry : {"a", "b", "c"}) Append(entry);
  bool reached = false;
  follower_->AwaitEnd([&] { reached = true; });
  for (int more = 0; !reached && more < 200; ++more) {
    StepFollower();
    Append(std::to_string(more));
    target_.Step();
    EXPECT_GT(follower_->in_flight(), 0u) << "never idle";
  }
  EXPECT_TRUE(reached);
  EXPECT_GE(target_.applied.size(), 3u);
}

TEST_F(LogFollowerTest, AReadUnderWayMayHaveMissedTheEnd) {
  Append("a");
  bool reached = false;
  StepFollower();  // has read "a" and found nothing behind it
  Append("b");
  follower_->AwaitEnd([&] { reached = true; });
  target_.Step();
  follower_->Step();
  EXPECT_FALSE(reached);
  Settle();
  EXPECT_TRUE(reached);
  EXPECT_THAT(target_.applied, ElementsAre("a", "b"));
}

TEST_F(LogFollowerTest, TheEndIsAwaitedAnewAfterAFailure) {
  Append("a");
  Append("b");
  bool reached = false;
  follower_->AwaitEnd([&] { reached = true; });
  StepFollower();
  target_.fail_next = 1;
  target_.Step();
  StepFollower();
  EXPECT_FALSE(reached);
  for (int i = 0; i < 10 && !reached; ++i) {
    Settle();
    clock_.Advance(Duration::Seconds(1));
  }
  EXPECT_TRUE(reached);
  EXPECT_THAT(target_.applied, ElementsAre("a", "b"));
}

}  // namespace
}  // namespace meridian
