// What the Redis store asks of its function library (redis_functions.lua), and what the answers mean. Pure. Any thread.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/runtime/event_log.h"
#include "libs/runtime/shard_directory.h"
#include "libs/runtime/shard_leases.h"
#include "libs/runtime/shard_store.h"
#include "libs/store/redis_options.h"
#include "libs/store/redis_reply.h"

namespace meridian {

// Lua's numbers are exact below: a caller's "end of all" becomes the highest.
inline constexpr uint64_t kMaxRedisNumber = (uint64_t{1} << 53) - 1;
inline constexpr uint32_t kRedisBuckets = 1024;

std::string_view ToString(RedisDurability durability);

// Names of a shard's (and the directory's) keys, see redis_functions.lua.
class RedisKeys {
 public:
  explicit RedisKeys(std::string prefix) : prefix_(std::move(prefix)) {}
  std::string Base(ShardId shard) const { return prefix_ + ":{" + shard.ToString() + "}"; }
  std::string Directory() const { return prefix_ + ":{directory}"; }
  // Where new entries of its log are announced.
  std::string Channel(ShardId shard) const { return Base(shard) + ":log"; }

 private:
  std::string prefix_;
};

// FCALL of one of the library's functions, e.g. "commit".
RedisArguments RedisCall(std::string_view function, std::string base, RedisArguments arguments);

// What a term was taken with, beside its number.
struct RedisOwner {
  uint64_t nonce = 0;
  RedisDurability durability = RedisDurability::kReplicated;
};

// `own_term`: the newest that this process was granted; `acknowledged`: the newest commit that it answered as durable.
RedisArguments EncodeTakeTerm(const std::string& base, const RedisOwner& owner, int64_t unix_ms, uint64_t own_term,
                              LogPosition acknowledged);
struct RedisTerm {
  TermGrant grant;
  LogPosition newest_entry;  // of the shard's log
};
absl::StatusOr<RedisTerm> DecodeTakeTerm(RedisReply reply);

RedisArguments EncodeCommit(const std::string& base, const RedisOwner& owner, const CommitRequest& request,
                            int64_t wall_ms);
// kDurable stands for `applied`.
CommitResult DecodeCommit(RedisReply reply);

struct RedisHead {
  ChainHead chain;
  LogPosition newest_entry;
};
absl::StatusOr<RedisHead> DecodeHead(RedisReply reply);

RedisArguments EncodeRead(const std::string& base, const std::vector<RecordKey>& keys);
struct RedisValues {
  LogPosition head;  // of the chain that they were read at
  std::vector<std::optional<std::string>> values;
};
absl::StatusOr<RedisValues> DecodeRead(RedisReply reply, size_t count);

// A bucket of one of the tables that a Load asks for.
struct RedisPlace {
  size_t table = 0;  // index in the tables asked for; their number: behind the last bucket of all
  uint32_t bucket = 0;

  friend auto operator<=>(const RedisPlace&, const RedisPlace&) = default;
};
// Where a Load goes on, with about so many records.
struct RedisLoadCursor {
  RedisPlace at;
  uint32_t records = 256;
};
std::string FormatRedisCursor(RedisLoadCursor cursor);
absl::StatusOr<RedisLoadCursor> ParseRedisCursor(const std::vector<uint8_t>& tables, std::string_view text);
// How many records the next page of Load asks for, so that it is about as large as a page should be.
uint32_t RecordsOfNextPage(size_t records, size_t bytes);

// The buckets that hold the next records, in order, and what comes behind them.
struct RedisFound {
  RedisPlace next;
  std::vector<RedisPlace> buckets;
};
RedisArguments EncodeFind(const std::string& base, const std::vector<uint8_t>& tables, RedisLoadCursor cursor);
// An error when the answer does not go on from `at`, or leaves the `tables` (their number) that were asked for.
absl::StatusOr<RedisFound> DecodeFind(RedisReply reply, size_t tables, RedisPlace at);
RedisArguments EncodeReadBucket(const std::string& base, uint8_t table, uint32_t bucket);
// Appends what the bucket holds; how many bytes that are.
absl::StatusOr<size_t> DecodeBucket(RedisReply reply, uint8_t table, std::vector<Record>& records);

RedisArguments EncodeReadLog(const std::string& base, LogPosition position, size_t max_bytes);
absl::StatusOr<std::vector<LogEntry>> DecodeReadLog(RedisReply reply, ShardId shard);
RedisArguments EncodeFollow(const std::string& base, const std::string& follower, LogPosition position);
absl::StatusOr<LogState> DecodeDescribe(RedisReply reply);
RedisArguments EncodeTrim(const std::string& base, LogPosition position);
struct RedisTrimmed {
  bool more = false;
  LogPosition kept;
};
absl::StatusOr<RedisTrimmed> DecodeTrim(RedisReply reply);
// "term-number" or "term number".
std::optional<LogPosition> ParseRedisPosition(std::string_view text);
std::string FormatRedisPosition(LogPosition position);

// The directory's values.
std::string FormatTenantShards(const TenantShards& shards);
std::optional<TenantShards> ParseTenantShards(std::string_view text);

// OK for any answer but a lost one and an error.
absl::Status StatusOfReply(RedisReply reply);
// The server is not (any more) one that the store can use, so that it has to look for another, or to make this one
// ready again.
bool MeansLostServer(RedisReply reply);

}  // namespace meridian
