// Opening the file: who may, and what is refused.
#include <sqlite3.h>
#include <unistd.h>

#include <atomic>
#include <fstream>

#include "tests/unit/store/sqlite_harness.h"

namespace meridian {
namespace {

class SqliteOpenTest : public SqliteHarness {
 protected:
  SqliteOpenTest() { options_.vfs = ""; }

  void Execute(const char* sql) {
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open(options_.path.c_str(), &db), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(db, sql, nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(db);
    sqlite3_close(db);
  }
};

TEST_F(SqliteOpenTest, ASecondStoreOnTheFileIsRefusedNamingTheFirst) {
  options_.holder = "standalone";
  Open();
  const auto second = SqliteStore::Open(options_);
  EXPECT_EQ(second.status().code(), absl::StatusCode::kFailedPrecondition);
  const std::string message = second.status().ToString();
  EXPECT_NE(message.find("standalone, pid " + std::to_string(getpid())), std::string::npos) << message;
  store_.reset();
  Open();
}

TEST_F(SqliteOpenTest, AFileOfANewerFormatIsRefused) {
  Open();
  store_.reset();
  Execute("PRAGMA user_version=2");
  const auto opened = SqliteStore::Open(options_);
  EXPECT_EQ(opened.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(opened.status().ToString().find("format 2"), std::string::npos) << opened.status();
}

TEST_F(SqliteOpenTest, AFileOfAnotherProgramIsRefused) {
  Execute("CREATE TABLE theirs(a)");
  EXPECT_EQ(SqliteStore::Open(options_).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(SqliteOpenTest, AFileThatIsNoDatabaseIsRefused) {
  std::ofstream(options_.path) << std::string(10'000, 'x');
  EXPECT_EQ(SqliteStore::Open(options_).status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(SqliteOpenTest, AFolderThatIsNotThereIsRefused) {
  options_.path = folder_.path() + "/absent/store.db";
  EXPECT_FALSE(SqliteStore::Open(options_).ok());
}

TEST_F(SqliteOpenTest, ClosingAnswersEverythingThatWasHandedIn) {
  Open();
  const TermGrant grant = TakeTerm();
  std::atomic<int> durable{0};
  std::atomic<int> read{0};
  for (uint64_t number = 1; number <= 100; ++number) {
    store_->Commit(Request(grant.term, number),
                   [&](CommitResult result) { durable += result.outcome == CommitOutcome::kDurable ? 1 : 0; });
    store_->Read(kShard, {{1, "key1"}}, [&](auto values) { read += values.ok() ? 1 : 0; });
  }
  store_.reset();
  EXPECT_EQ(durable, 100);
  EXPECT_EQ(read, 100);
  Open();
  EXPECT_EQ(LastCommit().number, 100u);
}

TEST_F(SqliteOpenTest, LeasesEndWithTheProcess) {
  Open();
  const auto acquire = [&](const std::string& owner) {
    return testing::Await<absl::StatusOr<Lease>>(
        [&](auto done) { store_->leases().Acquire(kShard, owner, 1, Duration::Hours(1), std::move(done)); });
  };
  EXPECT_TRUE(acquire("one").ok());
  EXPECT_FALSE(acquire("two").ok());
  store_.reset();
  Open();
  EXPECT_TRUE(acquire("two").ok());
}

}  // namespace
}  // namespace meridian
