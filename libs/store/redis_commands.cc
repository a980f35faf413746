#include "libs/store/redis_commands.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "libs/base/status_macros.h"
#include "libs/store/chain_rules.h"
#include "libs/store/log_trimmed.h"
#include "libs/store/redis_functions.h"

namespace meridian {
namespace {

constexpr uint32_t kLeastRecords = 16;  // asked for in a page
constexpr uint32_t kMostRecords = 8192;

std::string Number(uint64_t number) { return std::to_string(std::min(number, kMaxRedisNumber)); }

std::string Hex(uint64_t value) {
  char text[16];
  const auto [end, error] = std::to_chars(text, text + sizeof text, value, 16);
  return {text, end};
}

uint64_t FromHex(std::string_view text) {
  uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value, 16);
  return value;
}

bool ParseWhole(std::string_view text, uint64_t& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

// FNV-1a: part of the stored format.
uint32_t BucketOf(std::string_view key) {
  uint32_t hash = 2166136261u;
  for (const char byte : key) hash = (hash ^ static_cast<uint8_t>(byte)) * 16777619u;
  return (hash ^ (hash >> 16)) % kRedisBuckets;
}

// The part of a bucket's name behind the shard's base.
std::string Suffix(const RecordKey& key) {
  return ":" + std::to_string(key.table) + ":" + std::to_string(BucketOf(key.key));
}

std::string NameOf(std::string_view function) {
  return "meridian_" + std::string(function) + std::string(kRedisFunctionSuffix);
}

absl::Status Unexpected(std::string_view what) {
  return absl::InternalError("an unexpected answer of the Redis function " + std::string(what));
}

// The errors of a command that the server refused before it ran anything.
CommitResult OfError(RedisReply reply) {
  std::string detail(reply.text());
  const std::string_view code = reply.error_code();
  const bool disk_full = code == "MISCONF" && detail.find("No space left") != std::string::npos;
  if (code == "OOM" || disk_full) return Refused(RefusalReason::kNoSpace, std::move(detail));
  // Another server will take it, or this one later.
  if (MeansLostServer(reply) || code == "NOREPLICAS") {
    return {CommitOutcome::kUnknown, RefusalReason::kNone, std::move(detail)};
  }
  return Refused(RefusalReason::kBroken, std::move(detail));
}

}  // namespace

std::string_view ToString(RedisDurability durability) {
  switch (durability) {
    case RedisDurability::kAsync:
      return "async";
    case RedisDurability::kReplicated:
      return "replicated";
    case RedisDurability::kStrict:
      return "strict";
  }
  return "unknown";
}

RedisArguments RedisCall(std::string_view function, std::string base, RedisArguments arguments) {
  RedisArguments call;
  call.reserve(arguments.size() + 4);
  call.push_back("FCALL");
  call.push_back(NameOf(function));
  call.push_back("1");
  call.push_back(std::move(base));
  std::move(arguments.begin(), arguments.end(), std::back_inserter(call));
  return call;
}

// ---- the chain ----

RedisArguments EncodeTakeTerm(const std::string& base, const RedisOwner& owner, int64_t unix_ms, uint64_t own_term,
                              LogPosition acknowledged) {
  return RedisCall("take_term", base,
                   {std::to_string(owner.nonce), std::to_string(std::max<int64_t>(unix_ms, 0)),
                    std::string(ToString(owner.durability)), Number(own_term), Number(acknowledged.term),
                    Number(acknowledged.number)});
}

absl::StatusOr<RedisTerm> DecodeTakeTerm(RedisReply reply) {
  MERIDIAN_RETURN_IF_ERROR(StatusOfReply(reply));
  if (reply.size() < 8) return Unexpected("take_term");
  return RedisTerm{.grant = {.term = reply.at(0).number(),
                             .last = {reply.at(3).number(), reply.at(4).number(), FromHex(reply.at(5).text())},
                             .tail_at_risk = reply.at(1).number() != 0,
                             .taken_at = Instant::FromUnixMilliseconds(static_cast<int64_t>(reply.at(2).number()))},
                   .newest_entry = {reply.at(6).number(), reply.at(7).number()}};
}

RedisArguments EncodeCommit(const std::string& base, const RedisOwner& owner, const CommitRequest& request,
                            int64_t wall_ms) {
  RedisArguments arguments;
  arguments.reserve(13 + 3 * request.puts.size() + 2 * request.deletes.size());
  arguments.emplace_back("FCALL");
  arguments.push_back(NameOf("commit"));
  arguments.emplace_back("1");
  arguments.push_back(base);
  arguments.push_back(Number(request.term));
  arguments.push_back(std::to_string(owner.nonce));
  arguments.emplace_back(ToString(owner.durability));
  arguments.push_back(Number(request.number));
  arguments.push_back(Hex(request.digest));
  arguments.push_back(std::to_string(std::max<int64_t>(wall_ms, 0)));
  arguments.push_back(std::to_string(request.puts.size()));
  arguments.push_back(std::to_string(request.deletes.size()));
  arguments.push_back(request.log_entry);
  for (const Record& record : request.puts) {
    arguments.push_back(Suffix(record.key));
    arguments.push_back(record.key.key);
    arguments.push_back(record.value);
  }
  for (const RecordKey& key : request.deletes) {
    arguments.push_back(Suffix(key));
    arguments.push_back(key.key);
  }
  return arguments;
}

CommitResult DecodeCommit(RedisReply reply) {
  if (reply.lost()) return {CommitOutcome::kUnknown, RefusalReason::kNone, "the connection to Redis was lost"};
  if (reply.is_error()) return OfError(reply);
  const std::string_view text = reply.text();
  if (text == "ok" || text == "repeat") return {.outcome = CommitOutcome::kDurable};
  std::string detail = "the store says: " + std::string(text);
  if (text.starts_with("term broken")) return Refused(RefusalReason::kBroken, std::move(detail));
  if (text.starts_with("term ")) return Refused(RefusalReason::kWrongTerm, std::move(detail));
  if (text.starts_with("number ")) return Refused(RefusalReason::kWrongNumber, std::move(detail));
  return Refused(RefusalReason::kBroken, std::move(detail));
}

absl::StatusOr<RedisHead> DecodeHead(RedisReply reply) {
  MERIDIAN_RETURN_IF_ERROR(StatusOfReply(reply));
  if (reply.size() < 5) return Unexpected("head");
  return RedisHead{{reply.at(0).number(), reply.at(1).number(), FromHex(reply.at(2).text())},
                   {reply.at(3).number(), reply.at(4).number()}};
}

// ---- records ----

RedisArguments EncodeRead(const std::string& base, const std::vector<RecordKey>& keys) {
  RedisArguments arguments;
  arguments.reserve(2 * keys.size());
  for (const RecordKey& key : keys) {
    arguments.push_back(Suffix(key));
    arguments.push_back(key.key);
  }
  return RedisCall("read", base, std::move(arguments));
}

absl::StatusOr<RedisValues> DecodeRead(RedisReply reply, size_t count) {
  MERIDIAN_RETURN_IF_ERROR(StatusOfReply(reply));
  if (reply.size() != count + 2) return Unexpected("read");
  RedisValues read{{reply.at(0).number(), reply.at(1).number()}, {}};
  for (size_t i = 2; i < reply.size(); ++i) {
    const RedisReply value = reply.at(i);
    read.values.push_back(value.is_nil() ? std::nullopt : std::optional(std::string(value.text())));
  }
  return read;
}

// The three numbers with a slash between them.
std::string FormatRedisCursor(RedisLoadCursor cursor) {
  return Number(cursor.at.table) + "/" + Number(cursor.at.bucket) + "/" + Number(cursor.records);
}

absl::StatusOr<RedisLoadCursor> ParseRedisCursor(const std::vector<uint8_t>& tables, std::string_view text) {
  if (text.empty()) return RedisLoadCursor{};
  const size_t first = text.find('/');
  const size_t second = first == std::string_view::npos ? first : text.find('/', first + 1);
  uint64_t table = 0, bucket = 0, records = 0;
  const bool parsed = second != std::string_view::npos && ParseWhole(text.substr(0, first), table) &&
                      ParseWhole(text.substr(first + 1, second - first - 1), bucket) &&
                      ParseWhole(text.substr(second + 1), records);
  if (!parsed || table >= tables.size() || bucket >= kRedisBuckets || records < kLeastRecords ||
      records > kMostRecords) {
    return absl::InvalidArgumentError("not a load cursor");
  }
  return RedisLoadCursor{{table, static_cast<uint32_t>(bucket)}, static_cast<uint32_t>(records)};
}

uint32_t RecordsOfNextPage(size_t records, size_t bytes) {
  const size_t next = records * kLoadPageBytes / std::max<size_t>(bytes, 1);
  return static_cast<uint32_t>(std::clamp<size_t>(next, kLeastRecords, kMostRecords));
}

RedisArguments EncodeFind(const std::string& base, const std::vector<uint8_t>& tables, RedisLoadCursor cursor) {
  RedisArguments arguments = {Number(cursor.at.table), Number(cursor.at.bucket), Number(cursor.records)};
  for (const uint8_t table : tables) arguments.push_back(std::to_string(table));
  return RedisCall("find", base, std::move(arguments));
}

absl::StatusOr<RedisFound> DecodeFind(RedisReply reply, size_t tables, RedisPlace at) {
  MERIDIAN_RETURN_IF_ERROR(StatusOfReply(reply));
  const RedisPlace end{tables, 0};
  const RedisPlace next{reply.at(0).number(), static_cast<uint32_t>(reply.at(1).number())};
  if (reply.size() < 2 || next <= at || next > end || reply.at(1).number() >= kRedisBuckets) return Unexpected("find");
  RedisFound found{next, {}};
  for (size_t i = 2; i < reply.size(); ++i) {
    const uint64_t number = reply.at(i).number();
    const RedisPlace place{number / kRedisBuckets, static_cast<uint32_t>(number % kRedisBuckets)};
    if (place < at || place >= next || (i > 2 && place <= found.buckets.back())) return Unexpected("find");
    found.buckets.push_back(place);
  }
  return found;
}

RedisArguments EncodeReadBucket(const std::string& base, uint8_t table, uint32_t bucket) {
  return {"HGETALL", base + ":" + std::to_string(table) + ":" + std::to_string(bucket)};
}

absl::StatusOr<size_t> DecodeBucket(RedisReply reply, uint8_t table, std::vector<Record>& records) {
  MERIDIAN_RETURN_IF_ERROR(StatusOfReply(reply));
  if (!reply.is_array() || reply.size() % 2 != 0) return absl::InternalError("an unexpected answer to HGETALL");
  size_t bytes = 0;
  for (size_t i = 0; i < reply.size(); i += 2) {
    records.push_back({{table, std::string(reply.at(i).text())}, std::string(reply.at(i + 1).text())});
    bytes += records.back().key.key.size() + records.back().value.size();
  }
  return bytes;
}

// ---- the log ----

std::optional<LogPosition> ParseRedisPosition(std::string_view text) {
  const size_t between = text.find_first_of("- ");
  LogPosition position;
  if (between == std::string_view::npos || !ParseWhole(text.substr(0, between), position.term) ||
      !ParseWhole(text.substr(between + 1), position.number)) {
    return std::nullopt;
  }
  return position;
}

std::string FormatRedisPosition(LogPosition position) { return Number(position.term) + "-" + Number(position.number); }

RedisArguments EncodeReadLog(const std::string& base, LogPosition position, size_t max_bytes) {
  return RedisCall("read_log", base, {Number(position.term), Number(position.number), Number(max_bytes)});
}

absl::StatusOr<std::vector<LogEntry>> DecodeReadLog(RedisReply reply, ShardId shard) {
  MERIDIAN_RETURN_IF_ERROR(StatusOfReply(reply));
  if (reply.at(0).text() == "trimmed") return LogTrimmed(shard, {reply.at(1).number(), reply.at(2).number()});
  if (reply.size() % 2 != 1) return Unexpected("read_log");
  std::vector<LogEntry> entries;
  for (size_t i = 1; i < reply.size(); i += 2) {
    const auto position = ParseRedisPosition(reply.at(i).text());
    if (!position) return Unexpected("read_log");
    entries.push_back({*position, std::string(reply.at(i + 1).text())});
  }
  return entries;
}

RedisArguments EncodeFollow(const std::string& base, const std::string& follower, LogPosition position) {
  return RedisCall("follow", base, {follower, Number(position.term), Number(position.number)});
}

absl::StatusOr<LogState> DecodeDescribe(RedisReply reply) {
  MERIDIAN_RETURN_IF_ERROR(StatusOfReply(reply));
  LogState state{reply.at(0).number(), {reply.at(1).number(), reply.at(2).number()}, {}};
  for (size_t i = 3; i + 1 < reply.size(); i += 2) {
    const auto position = ParseRedisPosition(reply.at(i + 1).text());
    if (!position) return Unexpected("describe");
    state.followers[std::string(reply.at(i).text())] = *position;
  }
  return state;
}

RedisArguments EncodeTrim(const std::string& base, LogPosition position) {
  return RedisCall("trim", base, {Number(position.term), Number(position.number)});
}

absl::StatusOr<RedisTrimmed> DecodeTrim(RedisReply reply) {
  MERIDIAN_RETURN_IF_ERROR(StatusOfReply(reply));
  const auto kept = ParseRedisPosition(reply.at(1).text());
  if (!kept) return Unexpected("trim");
  return RedisTrimmed{reply.at(0).number() != 0, *kept};
}

// ---- the directory: "revision routing session,session,…" ----

std::string FormatTenantShards(const TenantShards& shards) {
  std::string text = std::to_string(shards.revision) + " " + std::to_string(shards.routing.number) + " ";
  for (size_t i = 0; i < shards.sessions.size(); ++i) {
    text += (i == 0 ? "" : ",") + std::to_string(shards.sessions[i].number);
  }
  return text;
}

std::optional<TenantShards> ParseTenantShards(std::string_view text) {
  TenantShards shards;
  const size_t first = text.find(' ');
  const size_t second = first == std::string_view::npos ? first : text.find(' ', first + 1);
  uint64_t number = 0;
  if (second == std::string_view::npos || !ParseWhole(text.substr(0, first), shards.revision) ||
      !ParseWhole(text.substr(first + 1, second - first - 1), number)) {
    return std::nullopt;
  }
  shards.routing = {ShardKind::kRouting, static_cast<uint32_t>(number)};
  std::string_view rest = text.substr(second + 1);
  while (!rest.empty()) {
    const size_t comma = rest.find(',');
    if (!ParseWhole(rest.substr(0, comma), number)) return std::nullopt;
    shards.sessions.push_back({ShardKind::kSession, static_cast<uint32_t>(number)});
    rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
  }
  return shards;
}

// ---- errors ----

absl::Status StatusOfReply(RedisReply reply) {
  if (reply.lost()) return absl::UnavailableError("the connection to Redis was lost");
  if (!reply.is_error()) return absl::OkStatus();
  const std::string text = "Redis says: " + std::string(reply.text());
  const std::string_view code = reply.error_code();
  if (code == "OOM") return absl::ResourceExhaustedError(text);
  if (code == "NOPERM" || code == "NOAUTH" || code == "WRONGPASS") return absl::PermissionDeniedError(text);
  if (code == "BROKEN") return absl::DataLossError(text);
  if (MeansLostServer(reply) || code == "NOREPLICAS" || code == "MISCONF") return absl::UnavailableError(text);
  return absl::InternalError(text);
}

bool MeansLostServer(RedisReply reply) {
  constexpr std::array<std::string_view, 8> kCodes = {"READONLY", "MASTERDOWN",  "LOADING", "UNBLOCKED",
                                                      "BUSY",     "CLUSTERDOWN", "MOVED",   "NOAUTH"};
  if (!reply.is_error()) return false;
  return std::find(kCodes.begin(), kCodes.end(), reply.error_code()) != kCodes.end() ||
         reply.text().starts_with("ERR Function not found");
}

}  // namespace meridian
