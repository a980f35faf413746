// What the SQLite store reads for others, on a connection of its own: durable state only. Used by the reader's thread
// alone.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/runtime/event_log.h"
#include "libs/runtime/shard_directory.h"
#include "libs/runtime/shard_store.h"
#include "libs/store/sqlite_connection.h"

namespace meridian {

class SqliteReads {
 public:
  explicit SqliteReads(SqliteConnection& connection);

  absl::StatusOr<LoadPage> Load(ShardId shard, std::vector<uint8_t> tables, const std::string& cursor);
  absl::StatusOr<std::vector<std::optional<std::string>>> Read(ShardId shard, const std::vector<RecordKey>& keys);
  absl::StatusOr<std::vector<LogEntry>> EntriesAfter(ShardId shard, LogPosition position, size_t max_bytes);
  absl::StatusOr<LogState> Describe(ShardId shard);
  absl::StatusOr<TenantShards> Tenant(const TenantId& tenant);
  absl::StatusOr<std::vector<TenantAssignment>> TenantsAfter(const TenantId& after);

 private:
  // Adds the records of `table` after `key` until the page is full; false when it failed.
  bool LoadTable(ShardId shard, uint8_t table, const std::string& key, LoadPage& page, size_t& bytes);
  absl::StatusOr<LogPosition> Trimmed(ShardId shard);

  SqliteConnection& connection_;
  SqliteStatement records_, record_;
  SqliteStatement trimmed_, entries_, log_bytes_, followers_;
  SqliteStatement tenant_, tenants_;
};

}  // namespace meridian
