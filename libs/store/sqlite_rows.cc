#include "libs/store/sqlite_rows.h"

#include <charconv>

#include "libs/store/sqlite_schema.h"

namespace meridian {
SqliteRows::SqliteRows(SqliteConnection& c)
    : connection_(c),
      get_shard_(
          c,
          "SELECT term, owner_nonce, last_term, last_number, last_digest, trimmed_term, trimmed_number, log_bytes"
          " FROM chain WHERE shard=?1"),
      put_shard_(c, "REPLACE INTO chain VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9)"),
      list_shards_(c, "SELECT shard FROM chain ORDER BY shard"),
      put_record_(c, "REPLACE INTO record VALUES(?1,?2,?3,?4)"),
      delete_record_(c, "DELETE FROM record WHERE shard=?1 AND tbl=?2 AND key=?3"),
      put_entry_(c, "REPLACE INTO log VALUES(?1,?2,?3,?4,?5)"),
      oldest_entries_(c,
                      "SELECT term, number, at_ms, length(bytes) FROM log WHERE shard=?1"
                      " ORDER BY term, number LIMIT ?2"),
      first_entry_(c, "SELECT term, number FROM log WHERE shard=?1 ORDER BY term, number LIMIT 1"),
      delete_entries_(c, "DELETE FROM log WHERE shard=?1 AND (term, number) <= (?2, ?3)"),
      put_follower_(c,
                    "INSERT INTO follower VALUES(?1,?2,?3,?4) ON CONFLICT DO UPDATE"
                    " SET term=excluded.term, number=excluded.number"
                    " WHERE (excluded.term, excluded.number) > (follower.term, follower.number)"),
      delete_follower_(c, "DELETE FROM follower WHERE shard=?1 AND name=?2"),
      lowest_follower_(c, "SELECT term, number FROM follower WHERE shard=?1 ORDER BY term, number LIMIT 1"),
      get_tenant_(c, "SELECT revision, routing, sessions FROM directory WHERE tenant=?1"),
      put_tenant_(c, "REPLACE INTO directory VALUES(?1,?2,?3,?4)") {}

const ShardRow* SqliteRows::Shard(ShardId shard) {
  if (auto held = shards_.find(shard); held != shards_.end()) return &held->second;
  ShardRow row;
  get_shard_.Bind(1, ShardColumn(shard));
  if (get_shard_.Next()) {
    row.chain.term = get_shard_.Unsigned(0);
    row.chain.owner_nonce = get_shard_.Unsigned(1);
    row.chain.head = {get_shard_.Unsigned(2), get_shard_.Unsigned(3), get_shard_.Unsigned(4)};
    row.trimmed = {get_shard_.Unsigned(5), get_shard_.Unsigned(6)};
    row.log_bytes = get_shard_.Integer(7);
    get_shard_.Reset();
  } else if (!get_shard_.ok()) {
    return nullptr;
  }
  return &(shards_[shard] = row);
}

bool SqliteRows::PutShard(ShardId shard, const ShardRow& row) {
  const ChainHead& head = row.chain.head;
  put_shard_.Bind(1, ShardColumn(shard)).Bind(2, row.chain.term).Bind(3, row.chain.owner_nonce);
  put_shard_.Bind(4, head.term).Bind(5, head.number).Bind(6, head.digest);
  put_shard_.Bind(7, row.trimmed.term).Bind(8, row.trimmed.number).Bind(9, row.log_bytes);
  if (!put_shard_.Run()) return false;
  shards_[shard] = row;
  return true;
}

bool SqliteRows::Append(const CommitRequest& request, Instant at) {
  const ShardRow* held = Shard(request.shard);
  if (held == nullptr) return false;
  const int64_t shard = ShardColumn(request.shard);
  put_record_.Bind(1, shard);
  for (const Record& record : request.puts) {
    put_record_.Bind(2, int64_t{record.key.table}).BindBlob(3, record.key.key).BindBlob(4, record.value);
    if (!put_record_.Run()) return false;
  }
  delete_record_.Bind(1, shard);
  for (const RecordKey& key : request.deletes) {
    delete_record_.Bind(2, int64_t{key.table}).BindBlob(3, key.key);
    if (!delete_record_.Run()) return false;
  }
  ShardRow next = *held;
  if (!request.log_entry.empty()) {
    put_entry_.Bind(1, shard).Bind(2, request.term).Bind(3, request.number).Bind(4, at.ToUnixMilliseconds());
    if (!put_entry_.BindBlob(5, request.log_entry).Run()) return false;
    next.log_bytes += static_cast<int64_t>(request.log_entry.size());
  }
  next.chain.head = {request.term, request.number, request.digest};
  return PutShard(request.shard, next);
}

bool SqliteRows::PutFollower(ShardId shard, const std::string& follower, LogPosition position) {
  put_follower_.Bind(1, ShardColumn(shard)).BindText(2, follower);
  return put_follower_.Bind(3, PositionColumn(position.term)).Bind(4, PositionColumn(position.number)).Run();
}

bool SqliteRows::RemoveFollower(ShardId shard, const std::string& follower) {
  return delete_follower_.Bind(1, ShardColumn(shard)).BindText(2, follower).Run();
}

std::optional<LogPosition> SqliteRows::LowestFollower(ShardId shard) {
  LogPosition lowest{kMaxStored, kMaxStored};
  lowest_follower_.Bind(1, ShardColumn(shard));
  if (lowest_follower_.Next()) {
    lowest = {lowest_follower_.Unsigned(0), lowest_follower_.Unsigned(1)};
    lowest_follower_.Reset();
  } else if (!lowest_follower_.ok()) {
    return std::nullopt;
  }
  return lowest;
}

bool SqliteRows::TrimSlice(ShardId shard, const TrimRule& rule, bool& more) {
  more = false;
  const ShardRow* held = Shard(shard);
  const std::optional<LogPosition> lowest = LowestFollower(shard);
  if (held == nullptr || !lowest) return false;
  ShardRow next = *held;
  int removed = 0;
  oldest_entries_.Bind(1, ShardColumn(shard)).Bind(2, int64_t{kTrimSlice});
  while (oldest_entries_.Next()) {
    const LogPosition position{oldest_entries_.Unsigned(0), oldest_entries_.Unsigned(1)};
    const bool may_go =
        position <= rule.up_to || oldest_entries_.Integer(2) < rule.older_than_ms || next.log_bytes > rule.keep_bytes;
    if (!may_go || position > *lowest) {
      oldest_entries_.Reset();
      break;
    }
    next.trimmed = position;
    next.log_bytes -= oldest_entries_.Integer(3);
    ++removed;
  }
  if (!oldest_entries_.ok()) return false;
  if (removed == 0) return true;
  more = removed == kTrimSlice;
  delete_entries_.Bind(1, ShardColumn(shard)).Bind(2, next.trimmed.term).Bind(3, next.trimmed.number);
  return delete_entries_.Run() && PutShard(shard, next);
}

std::optional<LogPosition> SqliteRows::FirstKept(ShardId shard) {
  first_entry_.Bind(1, ShardColumn(shard));
  if (first_entry_.Next()) {
    const LogPosition position{first_entry_.Unsigned(0), first_entry_.Unsigned(1)};
    first_entry_.Reset();
    return position;
  }
  const ShardRow* held = first_entry_.ok() ? Shard(shard) : nullptr;
  return held == nullptr ? std::nullopt : std::optional(held->trimmed);
}

std::vector<ShardId> SqliteRows::Shards() {
  std::vector<ShardId> shards;
  while (list_shards_.Next()) shards.push_back(ShardOfColumn(list_shards_.Integer(0)));
  return shards;
}

std::optional<TenantShards> SqliteRows::Tenant(const TenantId& tenant) {
  TenantShards shards;
  get_tenant_.BindText(1, tenant.value);
  if (get_tenant_.Next()) {
    shards.revision = get_tenant_.Unsigned(0);
    shards.routing = ShardOfColumn(get_tenant_.Integer(1));
    shards.sessions = DecodeSessions(get_tenant_.Bytes(2));
    get_tenant_.Reset();
  } else if (!get_tenant_.ok()) {
    return std::nullopt;
  }
  return shards;
}

bool SqliteRows::PutTenant(const TenantId& tenant, const TenantShards& shards) {
  const std::string sessions = EncodeSessions(shards.sessions);
  put_tenant_.BindText(1, tenant.value).Bind(2, shards.revision).Bind(3, ShardColumn(shards.routing));
  return put_tenant_.BindText(4, sessions).Run();
}

std::string EncodeSessions(const std::vector<ShardId>& sessions) {
  std::string text;
  for (const ShardId& shard : sessions) text += (text.empty() ? "" : ",") + std::to_string(shard.number);
  return text;
}

std::vector<ShardId> DecodeSessions(std::string_view text) {
  std::vector<ShardId> sessions;
  const char* at = text.data();
  const char* end = at + text.size();
  while (at < end) {
    ShardId shard{ShardKind::kSession, 0};
    at = std::from_chars(at, end, shard.number).ptr + 1;
    sessions.push_back(shard);
  }
  return sessions;
}

}  // namespace meridian
