// What the SQLite store writes, row by row, inside the writer's transaction; holds the chains of the shards in memory.
// Used by the writer's thread alone. A call that answers false failed: the connection holds the failure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "libs/base/time.h"
#include "libs/runtime/event_log.h"
#include "libs/runtime/shard_directory.h"
#include "libs/store/chain_rules.h"
#include "libs/store/sqlite_connection.h"

namespace meridian {

// What the store holds of a shard beside its records.
struct ShardRow {
  ShardChain chain;
  LogPosition trimmed;    // the last entry removed from the log
  int64_t log_bytes = 0;  // in the entries kept
};

class SqliteRows {
 public:
  explicit SqliteRows(SqliteConnection& connection);

  SqliteConnection& connection() { return connection_; }

  // nullptr when it failed. Valid until Forget. A shard that never existed is all zero.
  const ShardRow* Shard(ShardId shard);
  bool PutShard(ShardId shard, const ShardRow& row);
  // After anything was rolled back: what is held may never have been written.
  void Forget() { shards_.clear(); }

  // Records, log entry and chain of a commit that the chain's rules let pass.
  bool Append(const CommitRequest& request, Instant at);

  bool PutFollower(ShardId shard, const std::string& follower, LogPosition position);
  bool RemoveFollower(ShardId shard, const std::string& follower);
  // The lowest position of the shard's followers; the highest possible when it has none.
  std::optional<LogPosition> LowestFollower(ShardId shard);

  // Which entries may go: those up to `up_to`, those older than `older_than_ms`, and the oldest until no more than
  // `keep_bytes` are left. Never one above the lowest follower.
  struct TrimRule {
    LogPosition up_to;
    int64_t older_than_ms = 0;
    int64_t keep_bytes = INT64_MAX;
  };
  static constexpr int kTrimSlice = 256;
  // Removes at most kTrimSlice of the oldest entries; true in `more` when there may be others to remove.
  bool TrimSlice(ShardId shard, const TrimRule& rule, bool& more);
  // The first entry kept, or the last one removed when none is kept.
  std::optional<LogPosition> FirstKept(ShardId shard);
  // All shards that the store knows; empty also when it failed.
  std::vector<ShardId> Shards();

  // Revision 0 for an unknown tenant.
  std::optional<TenantShards> Tenant(const TenantId& tenant);
  bool PutTenant(const TenantId& tenant, const TenantShards& shards);

 private:
  SqliteConnection& connection_;
  SqliteStatement get_shard_, put_shard_, list_shards_;
  SqliteStatement put_record_, delete_record_;
  SqliteStatement put_entry_, oldest_entries_, first_entry_, delete_entries_;
  SqliteStatement put_follower_, delete_follower_, lowest_follower_;
  SqliteStatement get_tenant_, put_tenant_;
  std::map<ShardId, ShardRow> shards_;
};

// How the directory's column holds session shards: their numbers, separated by commas.
std::string EncodeSessions(const std::vector<ShardId>& sessions);
std::vector<ShardId> DecodeSessions(std::string_view text);

}  // namespace meridian
