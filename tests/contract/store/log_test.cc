// The log: reading after a position, followers, trimming, watching.
#include <atomic>
#include <condition_variable>
#include <mutex>

#include "libs/store/log_trimmed.h"
#include "tests/contract/store/store_backend.h"

namespace meridian {
namespace {

class StoreLogTest : public StoreTest {
 protected:
  // Commits `count` entries of one term; answers their positions.
  std::vector<LogPosition> Fill(int count) {
    const TermGrant grant = TakeTerm();
    std::vector<LogPosition> positions;
    for (const CommitRequest& request : NextCommits(grant, count)) positions.push_back({request.term, request.number});
    for (const CommitResult& result : CommitInFlight(store(), NextCommits(grant, count))) {
      EXPECT_EQ(result.outcome, CommitOutcome::kDurable) << result.detail;
    }
    return positions;
  }

  LogState Describe() {
    auto state = testing::Await<absl::StatusOr<LogState>>([&](auto done) { log().Describe(kShard, std::move(done)); });
    EXPECT_TRUE(state.ok()) << state.status();
    return state.value_or(LogState{});
  }

  std::vector<LogPosition> PositionsAfter(LogPosition position) {
    std::vector<LogPosition> positions;
    const auto entries = ReadAfter(position);
    EXPECT_TRUE(entries.ok()) << entries.status();
    for (const LogEntry& entry : *entries) positions.push_back(entry.position);
    return positions;
  }
};
INSTANTIATE_TEST_SUITE_P(Stores, StoreLogTest, ::testing::ValuesIn(AllStoreKinds()), KindName);

TEST_P(StoreLogTest, EntriesComeInOrderAfterThePosition) {
  std::vector<LogPosition> all = Fill(3);
  const std::vector<LogPosition> second_term = Fill(2);
  all.insert(all.end(), second_term.begin(), second_term.end());
  EXPECT_EQ(PositionsAfter({}), all);
  EXPECT_EQ(PositionsAfter(all[1]), std::vector<LogPosition>(all.begin() + 2, all.end()));
  EXPECT_EQ(PositionsAfter(all[2]), second_term);
  EXPECT_TRUE(PositionsAfter(all.back()).empty());
  EXPECT_TRUE(PositionsAfter({UINT64_MAX, UINT64_MAX}).empty());
  EXPECT_EQ((*ReadAfter(all[0]))[0].bytes, "entry2");
}

TEST_P(StoreLogTest, AReadIsBoundedInBytesButNeverEmptyForIt) {
  const TermGrant grant = TakeTerm();
  for (uint64_t number = 1; number <= 4; ++number) Commit(Request(grant, number, {}, {}, std::string(1000, 'e')));
  EXPECT_EQ(ReadAfter({}, 2000)->size(), 2u);
  EXPECT_EQ(ReadAfter({}, 1)->size(), 1u);
  EXPECT_EQ(ReadAfter({}, 0)->size(), 1u);
}

TEST_P(StoreLogTest, AnAnswerOfFewerBytesThanAskedForHoldsAllThereIs) {
  const TermGrant grant = TakeTerm();
  for (uint64_t number = 1; number <= 4; ++number) Commit(Request(grant, number, {}, {}, std::string(1000, 'e')));
  for (const size_t most : {999u, 1000u, 1001u, 2500u, 3000u, 3999u, 4000u, 4001u}) {
    const auto entries = ReadAfter({}, most);
    ASSERT_TRUE(entries.ok()) << entries.status();
    EXPECT_TRUE(entries->size() * 1000 >= most || entries->size() == 4) << most;
  }
}

TEST_P(StoreLogTest, TrimRemovesUpToThePositionAndReadingBelowSaysWhereToGoOn) {
  const std::vector<LogPosition> all = Fill(5);
  EXPECT_EQ(*TrimTo(all[2]), all[3]);
  EXPECT_EQ(PositionsAfter(all[2]), std::vector<LogPosition>(all.begin() + 3, all.end()));
  for (const LogPosition below : {LogPosition{}, all[0], all[1]}) {
    const auto entries = ReadAfter(below);
    EXPECT_EQ(entries.status().code(), absl::StatusCode::kOutOfRange);
    EXPECT_EQ(OldestReadable(entries.status()), all[2]);
  }
}

TEST_P(StoreLogTest, TrimIsIdempotentAndMayRemoveAll) {
  const std::vector<LogPosition> all = Fill(3);
  EXPECT_EQ(*TrimTo(all[1]), all[2]);
  EXPECT_EQ(*TrimTo(all[0]), all[2]);
  EXPECT_EQ(*TrimTo(all[2]), all[2]);
  EXPECT_EQ(*TrimTo({UINT64_MAX, UINT64_MAX}), all[2]);
  EXPECT_TRUE(PositionsAfter(all[2]).empty());
  EXPECT_EQ(ReadAfter(all[1]).status().code(), absl::StatusCode::kOutOfRange);
}

TEST_P(StoreLogTest, AnUntrimmedLogIsReadFromZero) {
  EXPECT_EQ(*TrimTo({UINT64_MAX, 1}), LogPosition{});
  EXPECT_TRUE(PositionsAfter({}).empty());
}

TEST_P(StoreLogTest, NothingAboveTheLowestFollowerIsTrimmed) {
  const std::vector<LogPosition> all = Fill(6);
  SetFollower("session", all[4]);
  SetFollower("relay", all[1]);
  EXPECT_EQ(*TrimTo(all[5]), all[2]);
  SetFollower("relay", all[3]);
  EXPECT_EQ(*TrimTo(all[5]), all[4]);
  SetFollower("relay", all[0]);  // a position never moves back
  SetFollower("relay", {UINT64_MAX, UINT64_MAX});
  EXPECT_EQ(*TrimTo(all[5]), all[5]);
}

TEST_P(StoreLogTest, ARemovedFollowerHoldsNothingBack) {
  const std::vector<LogPosition> all = Fill(4);
  SetFollower("relay", all[0]);
  for (int i = 0; i < 2; ++i) {
    const auto removed =
        testing::Await<absl::Status>([&](auto done) { log().RemoveFollower(kShard, "relay", std::move(done)); });
    EXPECT_TRUE(removed.ok()) << removed;
  }
  EXPECT_EQ(*TrimTo(all[2]), all[3]);
  SetFollower("relay", all[1]);  // it may come again, and then holds back again
  EXPECT_EQ(*TrimTo(all[3]), all[3]);
}

TEST_P(StoreLogTest, ItsStateTellsBytesTrimAndFollowers) {
  EXPECT_EQ(Describe().bytes, 0u);
  EXPECT_EQ(Describe().trimmed, LogPosition{});
  EXPECT_TRUE(Describe().followers.empty());
  const std::vector<LogPosition> all = Fill(4);  // "entry1" to "entry4"
  EXPECT_EQ(Describe().bytes, 24u);
  SetFollower("relay", {});
  SetFollower("session-s0", all[2]);
  EXPECT_EQ(Describe().followers,
            (std::map<std::string, LogPosition>{{"relay", LogPosition{}}, {"session-s0", all[2]}}));
  SetFollower("relay", all[0]);
  EXPECT_EQ(*TrimTo(all[3]), all[1]);
  Restart();
  EXPECT_EQ(Describe().bytes, 18u);
  EXPECT_EQ(Describe().trimmed, all[0]);
  EXPECT_EQ(Describe().followers.at("relay"), all[0]);
}

TEST_P(StoreLogTest, FollowersAndTrimSurviveARestart) {
  const std::vector<LogPosition> all = Fill(4);
  SetFollower("session", all[2]);
  EXPECT_EQ(*TrimTo(all[1]), all[2]);
  Restart();
  EXPECT_EQ(*TrimTo(all[3]), all[3]);
  EXPECT_EQ(OldestReadable(ReadAfter({}).status()), all[2]);
}

TEST_P(StoreLogTest, ALongLogIsTrimmedInSlices) {
  const std::vector<LogPosition> all = Fill(700);
  EXPECT_EQ(*TrimTo(all[650]), all[651]);
  EXPECT_EQ(PositionsAfter(all[650]).size(), 49u);
}

TEST_P(StoreLogTest, AWatcherHearsOfEntriesAndOfNothingAfterItEnded) {
  std::mutex mutex;
  std::condition_variable heard;
  LogPosition newest;
  auto subscription = log().Watch(kShard, [&](LogPosition position) {
    std::lock_guard lock(mutex);
    EXPECT_GT(position, newest);
    newest = position;
    heard.notify_all();
  });
  const std::vector<LogPosition> all = Fill(5);
  {
    std::unique_lock lock(mutex);
    EXPECT_TRUE(heard.wait_for(lock, std::chrono::seconds(30), [&] { return newest == all.back(); }));
  }
  subscription.reset();
  Fill(1);
  LastCommit(store());
  std::lock_guard lock(mutex);
  EXPECT_EQ(newest, all.back());
}

TEST_P(StoreLogTest, AWatcherHearsNothingOfOtherShardsAndOfEmptyCommits) {
  std::atomic<int> calls{0};
  auto other = log().Watch({ShardKind::kSession, 7}, [&](LogPosition) { ++calls; });
  const TermGrant grant = TakeTerm();
  auto mine = log().Watch(kShard, [&](LogPosition) { ++calls; });
  Commit(Request(grant, 1, {{{1, "k"}, "v"}}));
  LastCommit(store());
  EXPECT_EQ(calls, 0);
}

TEST_P(StoreLogTest, AWatcherMayEndItselfInItsCall) {
  std::atomic<int> calls{0};
  std::unique_ptr<EventLog::Subscription> subscription;
  subscription = log().Watch(kShard, [&](LogPosition) {
    ++calls;
    subscription.reset();
  });
  Fill(3);
  LastCommit(store());
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace meridian
