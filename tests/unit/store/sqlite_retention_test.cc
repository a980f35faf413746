// How long the log is kept without anybody trimming it.
#include <chrono>
#include <thread>

#include "libs/store/log_trimmed.h"
#include "tests/unit/store/sqlite_harness.h"

namespace meridian {
namespace {

class SqliteRetentionTest : public SqliteHarness {
 protected:
  SqliteRetentionTest() {
    options_.log_keep = Duration::Hours(1);
    options_.retention_every = Duration::Milliseconds(1);
  }

  void Fill(uint64_t first, uint64_t count) {
    const uint64_t term = first == 1 ? TakeTerm().term : LastCommit().term;
    for (uint64_t number = first; number < first + count; ++number) {
      ASSERT_EQ(Commit(Request(term, number)).outcome, CommitOutcome::kDurable);
    }
  }

  // The number of the oldest entry that is kept, or of the newest that was removed when none is.
  uint64_t OldestKept() {
    const auto kept =
        testing::Await<absl::StatusOr<LogPosition>>([&](auto done) { store_->TrimTo(kShard, {}, std::move(done)); });
    EXPECT_TRUE(kept.ok()) << kept.status();
    return kept->number;
  }

  // Retention runs by the store's clock, which this moves, on the store's thread, which calls like this one wake.
  bool EventuallyOldestIs(uint64_t number) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (std::chrono::steady_clock::now() < deadline) {
      clock_.Advance(Duration::Milliseconds(1));
      if (OldestKept() == number) return true;
      std::this_thread::yield();
    }
    return false;
  }
};

TEST_F(SqliteRetentionTest, OldEntriesGoAndYoungOnesStay) {
  Open();
  Fill(1, 600);
  clock_.Advance(Duration::Minutes(50));
  Fill(601, 10);
  EXPECT_EQ(OldestKept(), 1u);
  clock_.Advance(Duration::Minutes(11));
  EXPECT_TRUE(EventuallyOldestIs(601));
  EXPECT_EQ(OldestReadable(ReadAfter({}).status())->number, 600u);
}

TEST_F(SqliteRetentionTest, TheOldestGoWhenTheLogIsTooLarge) {
  options_.log_keep_bytes = 100;  // an entry of "entryN" has 6 bytes
  Open();
  Fill(1, 9);
  Fill(10, 12);
  EXPECT_TRUE(EventuallyOldestIs(8));  // 2 of 6 bytes, 12 of 7
}

TEST_F(SqliteRetentionTest, AFollowerThatIsBehindKeepsWhatItNeeds) {
  Open();
  Fill(1, 5);
  const uint64_t term = LastCommit().term;
  const auto status = testing::Await<absl::Status>([&](auto done) {
    store_->SetFollower(kShard, "relay", {term, 3}, std::move(done));
  });
  ASSERT_TRUE(status.ok());
  clock_.Advance(Duration::Hours(2));
  EXPECT_TRUE(EventuallyOldestIs(4));
  clock_.Advance(Duration::Hours(2));
  EXPECT_EQ(OldestKept(), 4u);
  EXPECT_EQ(ReadAfter({term, 3})->size(), 2u);
}

}  // namespace
}  // namespace meridian
