#include "libs/store/sqlite_connection.h"

#include <cerrno>
#include <system_error>

#include "libs/base/check.h"

namespace meridian {
namespace {

int Primary(int code) { return code & 0xff; }

// The errno behind a failure, 0 where there is none. SQLite forgets it for a failed COMMIT, whose writes and syncs are
// the WAL's: that file still knows its last one.
int SystemErrorOf(sqlite3* db, int code) {
  int error = 0;
  if (code == SQLITE_IOERR_WRITE || code == SQLITE_IOERR_FSYNC) {
    sqlite3_file* wal = nullptr;
    sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &wal);
    if (wal != nullptr && wal->pMethods != nullptr) wal->pMethods->xFileControl(wal, SQLITE_FCNTL_LAST_ERRNO, &error);
  }
  const bool may_have_one = Primary(code) == SQLITE_IOERR || Primary(code) == SQLITE_CANTOPEN;
  return error == 0 && may_have_one ? sqlite3_system_errno(db) : error;
}

}  // namespace

RefusalReason SqliteFailure::reason() const {
  if (Primary(code) == SQLITE_FULL || os_error == ENOSPC || os_error == EDQUOT) return RefusalReason::kNoSpace;
  if (Primary(code) == SQLITE_READONLY || os_error == EROFS) return RefusalReason::kReadOnly;
  return RefusalReason::kBroken;
}

bool SqliteFailure::IsOfOneStatement() const {
  const int primary = Primary(code);
  return primary == SQLITE_TOOBIG || primary == SQLITE_CONSTRAINT || primary == SQLITE_MISMATCH ||
         primary == SQLITE_RANGE;
}

std::string SqliteFailure::ToString() const {
  std::string text = "SQLite error " + std::to_string(code) + ": " + message;
  if (os_error != 0) text += " (" + std::generic_category().message(os_error) + ")";
  return text;
}

absl::Status SqliteFailure::ToStatus() const {
  switch (reason()) {
    case RefusalReason::kNoSpace:
      return absl::ResourceExhaustedError(ToString());
    case RefusalReason::kReadOnly:
      return absl::PermissionDeniedError(ToString());
    default:
      break;
  }
  if (Primary(code) == SQLITE_CORRUPT || Primary(code) == SQLITE_NOTADB) return absl::DataLossError(ToString());
  return absl::InternalError(ToString());
}

absl::StatusOr<std::unique_ptr<SqliteConnection>> SqliteConnection::Open(const std::string& path,
                                                                         const std::string& vfs) {
  sqlite3* db = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                                   vfs.empty() ? nullptr : vfs.c_str());
  if (db == nullptr) return absl::ResourceExhaustedError("no memory for a SQLite connection");
  std::unique_ptr<SqliteConnection> connection(new SqliteConnection(db));
  if (!connection->Note(code)) return connection->failure_.ToStatus();
  sqlite3_extended_result_codes(db, 1);
  sqlite3_busy_timeout(db, 2000);
  return connection;
}

SqliteConnection::~SqliteConnection() { sqlite3_close_v2(db_); }

bool SqliteConnection::Execute(const char* sql) { return Note(sqlite3_exec(db_, sql, nullptr, nullptr, nullptr)); }

absl::StatusOr<int64_t> SqliteConnection::QueryInteger(const char* sql) {
  sqlite3_stmt* statement = nullptr;
  int code = sqlite3_prepare_v2(db_, sql, -1, &statement, nullptr);
  int64_t value = 0;
  if (code == SQLITE_OK) {
    code = sqlite3_step(statement);
    if (code == SQLITE_ROW) value = sqlite3_column_int64(statement, 0);
  }
  const bool ok = Note(code == SQLITE_ROW || code == SQLITE_DONE ? SQLITE_OK : code);
  sqlite3_finalize(statement);
  if (!ok) return failure_.ToStatus();
  return value;
}

bool SqliteConnection::Note(int code) {
  if (code == SQLITE_OK) return true;
  const int extended = sqlite3_extended_errcode(db_);
  failure_ = {extended == SQLITE_OK ? code : extended, SystemErrorOf(db_, extended), sqlite3_errmsg(db_)};
  return false;
}

SqliteStatement::SqliteStatement(SqliteConnection& connection, const char* sql) : connection_(connection) {
  const int code = sqlite3_prepare_v3(connection.db_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement_, nullptr);
  if (code != SQLITE_OK) connection.Note(code);
  MERIDIAN_CHECK(code == SQLITE_OK);
}

SqliteStatement::~SqliteStatement() { sqlite3_finalize(statement_); }

SqliteStatement& SqliteStatement::Bind(int index, int64_t value) {
  sqlite3_bind_int64(statement_, index, value);
  return *this;
}

SqliteStatement& SqliteStatement::BindBlob(int index, std::string_view bytes) {
  // A null pointer would bind NULL, not an empty blob.
  sqlite3_bind_blob(statement_, index, bytes.empty() ? "" : bytes.data(), static_cast<int>(bytes.size()),
                    SQLITE_STATIC);
  return *this;
}

SqliteStatement& SqliteStatement::BindText(int index, std::string_view text) {
  sqlite3_bind_text(statement_, index, text.empty() ? "" : text.data(), static_cast<int>(text.size()), SQLITE_STATIC);
  return *this;
}

SqliteStatement& SqliteStatement::BindNull(int index) {
  sqlite3_bind_null(statement_, index);
  return *this;
}

bool SqliteStatement::Run() {
  while (Next()) {
  }
  return ok_;
}

bool SqliteStatement::Next() {
  const int code = sqlite3_step(statement_);
  ok_ = true;
  if (code == SQLITE_ROW) return true;
  ok_ = code == SQLITE_DONE || connection_.Note(code);
  sqlite3_reset(statement_);
  return false;
}

void SqliteStatement::Reset() { sqlite3_reset(statement_); }

std::string_view SqliteStatement::Bytes(int column) const {
  const void* bytes = sqlite3_column_blob(statement_, column);
  return {static_cast<const char*>(bytes), static_cast<size_t>(sqlite3_column_bytes(statement_, column))};
}

}  // namespace meridian
