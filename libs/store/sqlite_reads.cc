#include "libs/store/sqlite_reads.h"

#include <algorithm>
#include <utility>

#include "libs/base/status_macros.h"
#include "libs/store/chain_rules.h"
#include "libs/store/log_trimmed.h"
#include "libs/store/sqlite_rows.h"
#include "libs/store/sqlite_schema.h"

namespace meridian {

SqliteReads::SqliteReads(SqliteConnection& c)
    : connection_(c),
      records_(c, "SELECT key, value FROM record WHERE shard=?1 AND tbl=?2 AND key>?3 ORDER BY key"),
      record_(c, "SELECT value FROM record WHERE shard=?1 AND tbl=?2 AND key=?3"),
      trimmed_(c, "SELECT trimmed_term, trimmed_number FROM chain WHERE shard=?1"),
      entries_(c,
               "SELECT term, number, bytes FROM log WHERE shard=?1 AND (term, number) > (?2, ?3)"
               " ORDER BY term, number"),
      log_bytes_(c, "SELECT log_bytes FROM chain WHERE shard=?1"),
      followers_(c, "SELECT name, term, number FROM follower WHERE shard=?1"),
      tenant_(c, "SELECT revision, routing, sessions FROM directory WHERE tenant=?1"),
      tenants_(c,
               "SELECT revision, routing, sessions, tenant FROM directory WHERE tenant>?1 ORDER BY tenant LIMIT ?2") {}

absl::StatusOr<LoadPage> SqliteReads::Load(ShardId shard, std::vector<uint8_t> tables, const std::string& cursor) {
  RecordKey after;
  if (!cursor.empty()) {
    auto decoded = DecodeLoadCursor(cursor);
    if (!decoded) return absl::InvalidArgumentError("not a load cursor");
    after = *std::move(decoded);
  }
  std::sort(tables.begin(), tables.end());
  tables.erase(std::unique(tables.begin(), tables.end()), tables.end());
  LoadPage page;
  size_t bytes = 0;
  for (const uint8_t table : tables) {
    if (table < after.table) continue;
    const std::string& key = table == after.table ? after.key : std::string();
    if (!LoadTable(shard, table, key, page, bytes)) return connection_.failure().ToStatus();
    if (!page.next_cursor.empty()) return page;
  }
  connection_.ReleasePages();  // what was loaded stays in memory elsewhere, and is not read again
  return page;
}

bool SqliteReads::LoadTable(ShardId shard, uint8_t table, const std::string& key, LoadPage& page, size_t& bytes) {
  records_.Bind(1, ShardColumn(shard)).Bind(2, int64_t{table}).BindBlob(3, key);
  while (records_.Next()) {
    Record record{{table, std::string(records_.Bytes(0))}, std::string(records_.Bytes(1))};
    bytes += record.key.key.size() + record.value.size();
    page.records.push_back(std::move(record));
    if (bytes < kLoadPageBytes) continue;
    page.next_cursor = EncodeLoadCursor(page.records.back().key);
    records_.Reset();
    return true;
  }
  return records_.ok();
}

absl::StatusOr<std::vector<std::optional<std::string>>> SqliteReads::Read(ShardId shard,
                                                                          const std::vector<RecordKey>& keys) {
  if (keys.size() > kMaxReadKeys) return absl::InvalidArgumentError("more than 256 keys in one read");
  std::vector<std::optional<std::string>> values;
  record_.Bind(1, ShardColumn(shard));
  for (const RecordKey& key : keys) {
    record_.Bind(2, int64_t{key.table}).BindBlob(3, key.key);
    if (record_.Next()) {
      values.emplace_back(record_.Bytes(0));
      record_.Reset();
    } else if (record_.ok()) {
      values.emplace_back(std::nullopt);
    } else {
      return connection_.failure().ToStatus();
    }
  }
  return values;
}

absl::StatusOr<std::vector<LogEntry>> SqliteReads::EntriesAfter(ShardId shard, LogPosition position, size_t max_bytes) {
  entries_.Bind(1, ShardColumn(shard));
  entries_.Bind(2, PositionColumn(position.term)).Bind(3, PositionColumn(position.number));
  std::vector<LogEntry> entries;
  size_t bytes = 0;
  while (entries_.Next()) {
    const std::string_view entry = entries_.Bytes(2);
    if (!entries.empty() && bytes >= max_bytes) {
      entries_.Reset();
      break;
    }
    bytes += entry.size();
    entries.push_back({{entries_.Unsigned(0), entries_.Unsigned(1)}, std::string(entry)});
  }
  if (!entries_.ok()) return connection_.failure().ToStatus();
  // Asked afterwards: what is not trimmed now was not trimmed when the entries were read.
  MERIDIAN_ASSIGN_OR_RETURN(const LogPosition trimmed, Trimmed(shard));
  if (position < trimmed) return LogTrimmed(shard, trimmed);
  return entries;
}

absl::StatusOr<LogPosition> SqliteReads::Trimmed(ShardId shard) {
  LogPosition position;
  trimmed_.Bind(1, ShardColumn(shard));
  if (trimmed_.Next()) {
    position = {trimmed_.Unsigned(0), trimmed_.Unsigned(1)};
    trimmed_.Reset();
  }
  if (!trimmed_.ok()) return connection_.failure().ToStatus();
  return position;
}

absl::StatusOr<LogState> SqliteReads::Describe(ShardId shard) {
  LogState state;
  MERIDIAN_ASSIGN_OR_RETURN(state.trimmed, Trimmed(shard));
  log_bytes_.Bind(1, ShardColumn(shard));
  if (log_bytes_.Next()) {
    state.bytes = log_bytes_.Unsigned(0);
    log_bytes_.Reset();
  }
  followers_.Bind(1, ShardColumn(shard));
  while (followers_.Next()) {
    state.followers[std::string(followers_.Bytes(0))] = {followers_.Unsigned(1), followers_.Unsigned(2)};
  }
  if (!log_bytes_.ok() || !followers_.ok()) return connection_.failure().ToStatus();
  return state;
}

absl::StatusOr<TenantShards> SqliteReads::Tenant(const TenantId& tenant) {
  tenant_.BindText(1, tenant.value);
  if (!tenant_.Next()) {
    if (!tenant_.ok()) return connection_.failure().ToStatus();
    return absl::NotFoundError("tenant " + tenant.value + " has no shards");
  }
  TenantShards shards{ShardOfColumn(tenant_.Integer(1)), DecodeSessions(tenant_.Bytes(2)), tenant_.Unsigned(0)};
  tenant_.Reset();
  return shards;
}

absl::StatusOr<std::vector<TenantAssignment>> SqliteReads::TenantsAfter(const TenantId& after) {
  std::vector<TenantAssignment> page;
  tenants_.BindText(1, after.value).Bind(2, static_cast<int64_t>(ShardDirectory::kListPage));
  while (tenants_.Next()) {
    page.push_back({TenantId{std::string(tenants_.Bytes(3))},
                    {ShardOfColumn(tenants_.Integer(1)), DecodeSessions(tenants_.Bytes(2)), tenants_.Unsigned(0)}});
  }
  if (!tenants_.ok()) return connection_.failure().ToStatus();
  return page;
}

}  // namespace meridian
