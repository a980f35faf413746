// The tables of the SQLite store, their format version and the settings of every connection. Format 1:
//
//   chain(shard, term, owner_nonce, last_term, last_number, last_digest, trimmed_term, trimmed_number, log_bytes)
//   record(shard, tbl, key, value)
//   log(shard, term, number, at_ms, bytes)          at_ms: wall clock of the commit, for retention only
//   follower(shard, name, term, number)
//   directory(tenant, revision, routing, sessions)  sessions: shard numbers, separated by commas
//
// shard = kind * 2^32 + number. Unsigned 64-bit numbers are stored as the signed ones of the same bits.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "libs/runtime/shard_id.h"
#include "libs/store/sqlite_connection.h"

namespace meridian {

inline constexpr int64_t kSqliteFormat = 1;

// Settings that a connection has for itself; the first statements on each.
absl::Status ConfigureConnection(SqliteConnection& connection, int64_t page_cache_bytes);

// What a file holds. `application_id` names the kind of file, so that none is taken for another.
struct SqliteSchema {
  int64_t application_id = 0;
  int64_t format = 0;
  const char* tables = nullptr;  // SQL that makes them
};
// Makes the tables in a new file; FAILED_PRECONDITION for a file of another format or of another program.
absl::Status PrepareSchema(SqliteConnection& connection, const SqliteSchema& schema);
// Of the store.
absl::Status PrepareStoreSchema(SqliteConnection& connection);

inline int64_t ShardColumn(ShardId shard) {
  return (static_cast<int64_t>(shard.kind) << 32) | static_cast<int64_t>(shard.number);
}
// Terms and numbers stay below; a caller's "end of all" becomes the highest.
inline constexpr uint64_t kMaxStored = static_cast<uint64_t>(INT64_MAX);
inline int64_t PositionColumn(uint64_t number) { return static_cast<int64_t>(std::min(number, kMaxStored)); }
inline ShardId ShardOfColumn(int64_t column) {
  return {static_cast<ShardKind>(column >> 32), static_cast<uint32_t>(column & 0xffffffff)};
}

}  // namespace meridian
