#include "libs/store/redis_logs.h"

#include <algorithm>
#include <utility>

namespace meridian {

RedisLogs::RedisLogs(RedisParts parts)
    : parts_(parts),
      subscriber_(parts.options, parts.shards.keys(), &parts.link,
                  {.subscribed = [this](ShardId shard) { LookAt(shard); },
                   .announced =
                       [this](ShardId id, LogPosition position) {
                         RedisShard& shard = parts_.shards[id];
                         shard.durable_to = std::max(shard.durable_to, position);
                         Tell(id, shard, position);
                       }}),
      retain_at_(parts.options.monotonic->Now() + parts.options.retention_every) {}

// ---- reading ----

void RedisLogs::ReadAfter(ShardId id, LogPosition position, size_t max_bytes,
                          absl::AnyInvocable<void(absl::StatusOr<std::vector<LogEntry>>)> done) {
  RedisShard& shard = parts_.shards[id];
  parts_.Send(EncodeReadLog(shard.base, position, max_bytes),
              [this, id, &shard, done = std::move(done)](RedisReply reply) mutable {
                absl::StatusOr<std::vector<LogEntry>> entries = DecodeReadLog(reply, id);
                if (!entries.ok() || entries->empty() || entries->back().position <= shard.durable_to) {
                  return done(std::move(entries));
                }
                parts_.lane.AwaitPatiently(shard.base, [&shard, entries = *std::move(entries),
                                                        done = std::move(done)](RedisReplication how) mutable {
                  if (how != RedisReplication::kDone) return done(StatusOf(how));
                  shard.durable_to = std::max(shard.durable_to, entries.back().position);
                  done(std::move(entries));
                });
              });
}

void RedisLogs::SetFollower(ShardId id, const std::string& follower, LogPosition position,
                            absl::AnyInvocable<void(absl::Status)> done) {
  RedisShard& shard = parts_.shards[id];
  parts_.Send(EncodeFollow(shard.base, follower, position),
              [this, &shard, done = std::move(done)](RedisReply reply) mutable {
                if (const absl::Status status = StatusOfReply(reply); !status.ok()) return done(status);
                parts_.lane.AwaitPatiently(
                    shard.base, [done = std::move(done)](RedisReplication how) mutable { done(StatusOf(how)); });
              });
}

void RedisLogs::RemoveFollower(ShardId id, const std::string& follower, absl::AnyInvocable<void(absl::Status)> done) {
  RedisShard& shard = parts_.shards[id];
  parts_.Send(RedisCall("unfollow", shard.base, {follower}),
              [this, &shard, done = std::move(done)](RedisReply reply) mutable {
                if (const absl::Status status = StatusOfReply(reply); !status.ok()) return done(status);
                parts_.lane.AwaitPatiently(
                    shard.base, [done = std::move(done)](RedisReplication how) mutable { done(StatusOf(how)); });
              });
}

void RedisLogs::Describe(ShardId id, absl::AnyInvocable<void(absl::StatusOr<LogState>)> done) {
  RedisShard& shard = parts_.shards[id];
  parts_.Send(RedisCall("describe", shard.base, {}), [this, &shard, done = std::move(done)](RedisReply reply) mutable {
    absl::StatusOr<LogState> state = DecodeDescribe(reply);
    if (!state.ok()) return done(state.status());
    parts_.lane.AwaitPatiently(shard.base,
                               [state = *std::move(state), done = std::move(done)](RedisReplication how) mutable {
                                 if (how != RedisReplication::kDone) return done(StatusOf(how));
                                 done(std::move(state));
                               });
  });
}

void RedisLogs::TrimTo(ShardId id, LogPosition position, absl::AnyInvocable<void(absl::StatusOr<LogPosition>)> done) {
  parts_.Send(EncodeTrim(parts_.shards[id].base, position),
              [this, id, position, done = std::move(done)](RedisReply reply) mutable {
                const absl::StatusOr<RedisTrimmed> trimmed = DecodeTrim(reply);
                if (!trimmed.ok()) return done(trimmed.status());
                if (trimmed->more) return TrimTo(id, position, std::move(done));
                done(trimmed->kept);
              });
}

// ---- watching ----

void RedisLogs::Watch(ShardId id) {
  parts_.shards[id].watched = true;
  subscriber_.Listen(id);
  if (look_at_ == MonotonicInstant::Never()) look_at_ = parts_.options.monotonic->Now() + parts_.options.watch_again;
}

void RedisLogs::OnLogged(ShardId id, LogPosition position) {
  RedisShard& shard = parts_.shards[id];
  if (position <= shard.told) return;
  shard.to_publish = std::max(shard.to_publish, position);
  Tell(id, shard, position);
}

void RedisLogs::Tell(ShardId id, RedisShard& shard, LogPosition position) {
  if (position <= shard.told) return;
  shard.told = position;
  if (shard.watched) to_tell_[id] = position;
}

void RedisLogs::LookAt(ShardId id) {
  RedisShard& shard = parts_.shards[id];
  parts_.Send(RedisCall("head", shard.base, {}), [this, id, &shard](RedisReply reply) {
    const absl::StatusOr<RedisHead> head = DecodeHead(reply);
    if (!head.ok() || head->newest_entry <= shard.told) return;  // it is looked at again
    if (head->newest_entry <= shard.durable_to) return Tell(id, shard, head->newest_entry);
    parts_.lane.AwaitPatiently(shard.base, [this, id, &shard, newest = head->newest_entry](RedisReplication how) {
      if (how != RedisReplication::kDone) return;
      shard.durable_to = std::max(shard.durable_to, newest);
      Tell(id, shard, newest);
    });
  });
}

// Commits that became durable in one round share a message.
void RedisLogs::Publish() {
  if (!parts_.link.up()) return;
  for (auto& [id, shard] : parts_.shards.all()) {
    if (shard.to_publish == LogPosition{}) continue;
    parts_.link.Send({"PUBLISH", parts_.shards.keys().Channel(id), FormatRedisPosition(shard.to_publish)},
                     [](RedisReply) {});  // lost or refused: who watches looks at the log again
    shard.to_publish = {};
  }
}

void RedisLogs::OnDown() { subscriber_.OnDown(); }

// ---- what is due ----

// Bounds the log by age and bytes, where no relay reads it. What a relay adds: its position as a follower keeps
// entries, and at 60 % of the bytes new contacts are refused.
void RedisLogs::Retain(ShardId id) {
  const int64_t old_ms = (parts_.options.wall->Now() - parts_.options.log_keep).ToUnixMilliseconds();
  parts_.Send(RedisCall("retain", parts_.shards[id].base,
                        {std::to_string(std::max<int64_t>(old_ms, 0)), std::to_string(parts_.options.log_keep_bytes)}),
              [this, id](RedisReply reply) {
                if (!reply.is_error() && reply.number() != 0) Retain(id);
              });
}

void RedisLogs::Tick() {
  const MonotonicInstant now = parts_.options.monotonic->Now();
  std::map<ShardId, LogPosition> telling;
  telling.swap(to_tell_);
  for (const auto& [id, position] : telling) watchers_.Notify(id, position);
  Publish();
  if (now >= look_at_) {
    look_at_ = now + parts_.options.watch_again;
    for (const auto& [id, shard] : parts_.shards.all()) {
      if (shard.watched) LookAt(id);
    }
  }
  if (now >= retain_at_) {
    retain_at_ = now + parts_.options.retention_every;
    for (const auto& [id, shard] : parts_.shards.all()) {
      if (shard.owned) Retain(id);
    }
  }
  subscriber_.Tick();
}

MonotonicInstant RedisLogs::NextWake() const {
  if (!to_tell_.empty()) return MonotonicInstant{};
  return std::min({look_at_, retain_at_, subscriber_.NextWake()});
}

}  // namespace meridian
