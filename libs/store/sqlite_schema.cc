#include "libs/store/sqlite_schema.h"

#include "libs/base/status_macros.h"

namespace meridian {
namespace {

constexpr int64_t kApplicationId = 0x4d455249;  // "MERI"

constexpr char kTables[] = R"sql(
CREATE TABLE chain(
  shard INTEGER PRIMARY KEY, term INTEGER NOT NULL, owner_nonce INTEGER NOT NULL,
  last_term INTEGER NOT NULL, last_number INTEGER NOT NULL, last_digest INTEGER NOT NULL,
  trimmed_term INTEGER NOT NULL, trimmed_number INTEGER NOT NULL, log_bytes INTEGER NOT NULL) STRICT;
CREATE TABLE record(
  shard INTEGER NOT NULL, tbl INTEGER NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL,
  PRIMARY KEY(shard, tbl, key)) WITHOUT ROWID, STRICT;
CREATE TABLE log(
  shard INTEGER NOT NULL, term INTEGER NOT NULL, number INTEGER NOT NULL, at_ms INTEGER NOT NULL, bytes BLOB NOT NULL,
  PRIMARY KEY(shard, term, number)) WITHOUT ROWID, STRICT;
CREATE TABLE follower(
  shard INTEGER NOT NULL, name TEXT NOT NULL, term INTEGER NOT NULL, number INTEGER NOT NULL,
  PRIMARY KEY(shard, name)) WITHOUT ROWID, STRICT;
CREATE TABLE directory(
  tenant TEXT PRIMARY KEY NOT NULL, revision INTEGER NOT NULL, routing INTEGER NOT NULL, sessions TEXT NOT NULL)
  WITHOUT ROWID, STRICT;
)sql";

absl::Status Execute(SqliteConnection& connection, const std::string& sql) {
  return connection.Execute(sql.c_str()) ? absl::OkStatus() : connection.failure().ToStatus();
}

// SQLite answers the mode in force instead of an error where it cannot have a WAL.
absl::Status UseWal(SqliteConnection& connection) {
  MERIDIAN_RETURN_IF_ERROR(Execute(connection, "PRAGMA journal_mode=WAL"));
  SqliteStatement mode(connection, "PRAGMA journal_mode");
  if (!mode.Next()) return connection.failure().ToStatus();
  const bool is_wal = mode.Bytes(0) == "wal";
  mode.Reset();
  return is_wal ? absl::OkStatus() : absl::FailedPreconditionError("the file system has no room for a WAL");
}

}  // namespace

absl::Status ConfigureConnection(SqliteConnection& connection, int64_t page_cache_bytes) {
  MERIDIAN_RETURN_IF_ERROR(Execute(connection, "PRAGMA page_size=4096"));
  MERIDIAN_RETURN_IF_ERROR(UseWal(connection));
  MERIDIAN_RETURN_IF_ERROR(Execute(connection, "PRAGMA synchronous=FULL"));
  // Checkpoints have a thread of their own.
  MERIDIAN_RETURN_IF_ERROR(Execute(connection, "PRAGMA wal_autocheckpoint=0"));
  MERIDIAN_RETURN_IF_ERROR(Execute(connection, "PRAGMA temp_store=MEMORY"));
  // What is deleted is overwritten.
  MERIDIAN_RETURN_IF_ERROR(Execute(connection, "PRAGMA secure_delete=ON"));
  // The WAL is kept at its size, because overwriting is cheaper to sync than growing, but not after a long peak.
  MERIDIAN_RETURN_IF_ERROR(Execute(connection, "PRAGMA journal_size_limit=268435456"));
  return Execute(connection, "PRAGMA cache_size=-" + std::to_string(page_cache_bytes / 1024));
}

absl::Status PrepareSchema(SqliteConnection& connection, const SqliteSchema& schema) {
  MERIDIAN_ASSIGN_OR_RETURN(const int64_t application, connection.QueryInteger("PRAGMA application_id"));
  MERIDIAN_ASSIGN_OR_RETURN(const int64_t format, connection.QueryInteger("PRAGMA user_version"));
  MERIDIAN_ASSIGN_OR_RETURN(const int64_t tables, connection.QueryInteger("SELECT count(*) FROM sqlite_schema"));
  if (tables == 0) {
    return Execute(connection, "BEGIN IMMEDIATE;" + std::string(schema.tables) +
                                   "PRAGMA application_id=" + std::to_string(schema.application_id) +
                                   ";PRAGMA user_version=" + std::to_string(schema.format) + ";COMMIT");
  }
  if (application != schema.application_id) return absl::FailedPreconditionError("the file belongs to another program");
  if (format != schema.format) {
    return absl::FailedPreconditionError("the file has format " + std::to_string(format) + ", this version reads " +
                                         std::to_string(schema.format));
  }
  return absl::OkStatus();
}

absl::Status PrepareStoreSchema(SqliteConnection& connection) {
  return PrepareSchema(connection, {kApplicationId, kSqliteFormat, kTables});
}

}  // namespace meridian
