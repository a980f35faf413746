// A SQLite connection and its prepared statements, without exceptions: a call answers false when it failed, and the
// connection then holds the failure. One thread at a time.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/runtime/shard_store.h"

namespace meridian {

// What SQLite and the system said.
struct SqliteFailure {
  int code = SQLITE_OK;  // extended
  int os_error = 0;      // errno of the failed system call, where there was one
  std::string message;

  bool ok() const { return code == SQLITE_OK; }
  // kNoSpace, kReadOnly or kBroken.
  RefusalReason reason() const;
  // The failure is of one statement's arguments and leaves the transaction whole.
  bool IsOfOneStatement() const;
  std::string ToString() const;
  // RESOURCE_EXHAUSTED, PERMISSION_DENIED, DATA_LOSS (a corrupt file) or INTERNAL.
  absl::Status ToStatus() const;
};

class SqliteConnection {
 public:
  // Creates the file when it is absent. An empty `vfs` is the system's.
  static absl::StatusOr<std::unique_ptr<SqliteConnection>> Open(const std::string& path, const std::string& vfs);
  ~SqliteConnection();
  SqliteConnection(const SqliteConnection&) = delete;
  SqliteConnection& operator=(const SqliteConnection&) = delete;

  // Runs statements that answer no rows.
  bool Execute(const char* sql);
  // The first column of the first row of a query, as an integer; 0 without a row.
  absl::StatusOr<int64_t> QueryInteger(const char* sql);
  // Forgets the pages that it has read and nobody uses now.
  void ReleasePages() { sqlite3_db_release_memory(db_); }
  bool InTransaction() const { return sqlite3_get_autocommit(db_) == 0; }
  // Of the last call that answered false.
  const SqliteFailure& failure() const { return failure_; }

  sqlite3* handle() { return db_; }

 private:
  friend class SqliteStatement;
  explicit SqliteConnection(sqlite3* db) : db_(db) {}
  bool Note(int code);

  sqlite3* db_;
  SqliteFailure failure_;
};

// Prepared once and reused. Texts and blobs are bound without a copy: they must live until the next Reset or Run.
class SqliteStatement {
 public:
  // The SQL is the program's own: one that does not compile is a broken invariant.
  SqliteStatement(SqliteConnection& connection, const char* sql);
  ~SqliteStatement();
  SqliteStatement(const SqliteStatement&) = delete;
  SqliteStatement& operator=(const SqliteStatement&) = delete;

  SqliteStatement& Bind(int index, int64_t value);
  SqliteStatement& Bind(int index, uint64_t value) { return Bind(index, static_cast<int64_t>(value)); }
  SqliteStatement& BindBlob(int index, std::string_view bytes);
  SqliteStatement& BindText(int index, std::string_view text);
  SqliteStatement& BindNull(int index);

  // Runs to the end and resets; false when it failed.
  bool Run();
  // Moves to the next row: true when there is one. At the end, and after a failure, resets and answers false; ok()
  // tells which.
  bool Next();
  bool ok() const { return ok_; }
  void Reset();

  int64_t Integer(int column) const { return sqlite3_column_int64(statement_, column); }
  bool IsNull(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }
  uint64_t Unsigned(int column) const { return static_cast<uint64_t>(Integer(column)); }
  std::string_view Bytes(int column) const;  // valid until the next step

 private:
  SqliteConnection& connection_;
  sqlite3_stmt* statement_ = nullptr;
  bool ok_ = true;
};

}  // namespace meridian
