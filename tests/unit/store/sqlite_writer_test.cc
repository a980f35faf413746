// The writer: one bad write in a transaction does not spoil the others.
#include "libs/store/sqlite_writer.h"

#include <gtest/gtest.h>

#include <future>

#include "libs/store/sqlite_schema.h"
#include "libs/testing/fake_clock.h"
#include "libs/testing/temporary_folder.h"

namespace meridian {
namespace {

class OneStatement : public QueuedWrite {
 public:
  OneStatement(std::string sql, std::promise<TransactionEnd> end) : sql_(std::move(sql)), end_(std::move(end)) {}
  bool Apply(SqliteRows& rows) override { return rows.connection().Execute(sql_.c_str()); }
  void Finish(SqliteRows*, const TransactionEnd& end) override { end_.set_value(end); }

 private:
  const std::string sql_;
  std::promise<TransactionEnd> end_;
};

// Holds the writer until it is let go, so that what comes meanwhile is one transaction.
class Gate : public QueuedWrite {
 public:
  Gate(std::promise<void> reached, std::shared_future<void> go) : reached_(std::move(reached)), go_(std::move(go)) {}
  bool Apply(SqliteRows&) override { return true; }
  void Finish(SqliteRows*, const TransactionEnd&) override {
    reached_.set_value();
    go_.wait();
  }

 private:
  std::promise<void> reached_;
  std::shared_future<void> go_;
};

class SqliteWriterTest : public ::testing::Test {
 protected:
  std::unique_ptr<SqliteConnection> Connect() {
    auto connection = SqliteConnection::Open(folder_.path() + "/store.db", "");
    EXPECT_TRUE(connection.ok()) << connection.status();
    EXPECT_TRUE(ConfigureConnection(**connection, 1 << 20).ok());
    EXPECT_TRUE(PrepareStoreSchema(**connection).ok());
    return *std::move(connection);
  }

  std::vector<TransactionEnd> RunTogether(SqliteWriter& writer, const std::vector<std::string>& statements) {
    std::promise<void> reached, go;
    auto is_reached = reached.get_future();
    writer.Enqueue(std::make_unique<Gate>(std::move(reached), go.get_future().share()));
    is_reached.wait();
    std::vector<std::future<TransactionEnd>> pending;
    for (const std::string& sql : statements) {
      std::promise<TransactionEnd> end;
      pending.push_back(end.get_future());
      writer.Enqueue(std::make_unique<OneStatement>(sql, std::move(end)));
    }
    go.set_value();
    std::vector<TransactionEnd> ends;
    for (auto& end : pending) ends.push_back(end.get());
    return ends;
  }

  testing::FakeClock clock_;
  testing::TemporaryFolder folder_;
};

TEST_F(SqliteWriterTest, AWriteWhoseStatementFailsIsUndoneAlone) {
  SqliteWriter writer(Connect(), {.monotonic = clock_.monotonic()});
  const auto ends = RunTogether(writer, {"INSERT INTO directory VALUES('a', 1, 1, '0')",
                                         "INSERT INTO directory VALUES('b', 1, 1, '0');"
                                         "INSERT INTO directory VALUES('a', 2, 2, '0')",
                                         "INSERT INTO directory VALUES('c', 1, 1, '0')"});
  EXPECT_EQ(ends[0].kind, TransactionEnd::Kind::kDurable);
  EXPECT_EQ(ends[1].kind, TransactionEnd::Kind::kRolledBack);
  EXPECT_TRUE(ends[1].failure.IsOfOneStatement()) << ends[1].failure.ToString();
  EXPECT_EQ(ends[2].kind, TransactionEnd::Kind::kDurable);
  writer.Close();
  EXPECT_EQ(writer.transactions(), 2);
  auto connection = Connect();
  EXPECT_EQ(*connection->QueryInteger("SELECT count(*) FROM directory"), 2);
  EXPECT_EQ(*connection->QueryInteger("SELECT count(*) FROM directory WHERE tenant='b'"), 0);
}

TEST_F(SqliteWriterTest, AWriteThatComesAfterTheEndIsRolledBack) {
  SqliteWriter writer(Connect(), {.monotonic = clock_.monotonic()});
  writer.Close();
  std::promise<TransactionEnd> end;
  auto pending = end.get_future();
  writer.Enqueue(std::make_unique<OneStatement>("DELETE FROM directory", std::move(end)));
  EXPECT_EQ(pending.get().kind, TransactionEnd::Kind::kRolledBack);
}

}  // namespace
}  // namespace meridian
