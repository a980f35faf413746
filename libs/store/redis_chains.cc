#include "libs/store/redis_chains.h"

#include <algorithm>
#include <utility>

#include "libs/store/chain_rules.h"

namespace meridian {
namespace {

// Of a page that is read: by so many buckets it may become larger than a page should be.
constexpr size_t kBucketsAtOnce = 32;

}  // namespace

// A term counts only once it is as durable as a commit: an owner that a promotion forgot must not begin.
void RedisChains::TakeTerm(ShardId id, uint64_t owner_nonce, int64_t unix_ms,
                           absl::AnyInvocable<void(absl::StatusOr<TermGrant>)> done) {
  RedisShard& shard = parts_.shards[id];
  const RedisOwner owner{owner_nonce, parts_.options.durability};
  auto on_reply = [this, id, &shard, owner, done = std::move(done)](RedisReply reply) mutable {
    const absl::StatusOr<RedisTerm> taken = DecodeTakeTerm(reply);
    if (!taken.ok()) return done(taken.status());
    parts_.lane.AwaitPatiently(shard.base,
                               [this, id, &shard, owner, grant = taken->grant, newest_entry = taken->newest_entry,
                                done = std::move(done)](RedisReplication how) mutable {
                                 if (how != RedisReplication::kDone) return done(StatusOf(how));
                                 shard.owned = true;
                                 shard.owner = owner;
                                 shard.own_term = grant.term;
                                 shard.durable = grant.last;
                                 shard.unreplicated = shard.tell_lost = false;
                                 NoteDurable(shard, grant.last);
                                 done(grant);
                                 logged_(id, newest_entry);
                               });
  };
  parts_.Send(EncodeTakeTerm(shard.base, owner, unix_ms, shard.own_term, shard.acknowledged), std::move(on_reply));
}

void RedisChains::Commit(std::shared_ptr<const CommitRequest> request, absl::AnyInvocable<void(CommitResult)> done) {
  const uint64_t place = answers_.Add();
  const auto settle = [this, place](CommitResult result, absl::AnyInvocable<void(CommitResult)> answer,
                                    std::shared_ptr<const CommitRequest> durable) {
    answers_.Settle(
        place, [this, result = std::move(result), answer = std::move(answer), durable = std::move(durable)]() mutable {
          answer(std::move(result));
          if (durable && !durable->log_entry.empty()) logged_(durable->shard, {durable->term, durable->number});
        });
  };
  if (std::optional<CommitResult> refusal = RefusedForSize(*request)) {
    return settle(*std::move(refusal), std::move(done), nullptr);
  }
  RedisShard& shard = parts_.shards[request->shard];
  const RedisArguments arguments =
      EncodeCommit(shard.base, shard.owner, *request, parts_.options.wall->Now().ToUnixMilliseconds());
  parts_.Send(arguments, [this, request, &shard, settle, done = std::move(done)](RedisReply reply) mutable {
    CommitResult result = DecodeCommit(reply);
    if (result.outcome != CommitOutcome::kDurable) return settle(std::move(result), std::move(done), nullptr);
    parts_.lane.Await(shard.base, [this, request, settle, done = std::move(done)](RedisReplication how) mutable {
      CommitResult judged = Judge(*request, how);
      const bool durable = judged.outcome == CommitOutcome::kDurable;
      settle(std::move(judged), std::move(done), durable ? std::move(request) : nullptr);
    });
  });
}

// Of a commit that was applied.
CommitResult RedisChains::Judge(const CommitRequest& request, RedisReplication how) {
  RedisShard& shard = parts_.shards[request.shard];
  switch (how) {
    case RedisReplication::kDone:
      NoteDurable(shard, {request.term, request.number, request.digest});
      shard.acknowledged = std::max(shard.acknowledged, {request.term, request.number});
      shard.unreplicated = false;
      return {.outcome = CommitOutcome::kDurable};
    case RedisReplication::kShort:
      shard.unreplicated = true;
      return {CommitOutcome::kNotYetReplicated, RefusalReason::kNone, "too few replicas have it yet"};
    case RedisReplication::kLost:
      break;
  }
  return {CommitOutcome::kUnknown, RefusalReason::kNone, "the connection to Redis was lost"};
}

void RedisChains::LastCommit(ShardId id, OnHead done) {
  const uint64_t place = answers_.Add();
  RedisShard& shard = parts_.shards[id];
  if (std::exchange(shard.tell_lost, false)) {
    shard.unreplicated = false;
    answers_.Settle(place, [done = std::move(done)]() mutable {
      done(absl::UnavailableError("the server was lost before the last commits were replicated"));
    });
    return;
  }
  parts_.Send(RedisCall("head", shard.base, {}),
              [this, id, &shard, place, done = std::move(done)](RedisReply reply) mutable {
                const absl::StatusOr<RedisHead> head = DecodeHead(reply);
                if (!head.ok()) {
                  answers_.Settle(place, [status = head.status(), done = std::move(done)]() mutable { done(status); });
                  return;
                }
                // The marker would show that the server forgot what it had applied.
                if (!shard.unreplicated && PositionOf(head->chain) <= shard.durable_to) {
                  return SettleHead(id, place, *head, RedisReplication::kDone, std::move(done));
                }
                parts_.lane.Await(
                    shard.base, [this, id, place, head = *head, done = std::move(done)](RedisReplication how) mutable {
                      SettleHead(id, place, head, how, std::move(done));
                    });
              });
}

void RedisChains::SettleHead(ShardId id, uint64_t place, const RedisHead& head, RedisReplication how, OnHead done) {
  RedisShard& shard = parts_.shards[id];
  absl::StatusOr<ChainHead> answer = head.chain;
  if (how == RedisReplication::kDone) {
    NoteDurable(shard, head.chain);
    shard.unreplicated = false;
  } else if (how == RedisReplication::kShort && shard.durable) {
    answer = *shard.durable;
  } else {
    answer = StatusOf(how);
  }
  answers_.Settle(
      place, [this, id, how, entry = head.newest_entry, answer = std::move(answer), done = std::move(done)]() mutable {
        done(std::move(answer));
        if (how == RedisReplication::kDone) logged_(id, entry);
      });
}

// A page of records on its way.
struct RedisChains::Loading {
  std::string base;
  std::vector<uint8_t> tables;
  RedisLoadCursor cursor;
  absl::AnyInvocable<void(absl::StatusOr<LoadPage>)> done;
  RedisFound found;
  size_t asked = 0;      // of the buckets found
  size_t under_way = 0;  // of those: not yet answered
  LoadPage page;
  size_t bytes = 0;
  absl::Status status;
};

// Only the holder of the term reads them, and the term was durable, and so is all before it.
void RedisChains::Load(ShardId id, std::vector<uint8_t> tables, const std::string& cursor,
                       absl::AnyInvocable<void(absl::StatusOr<LoadPage>)> done) {
  const absl::StatusOr<RedisLoadCursor> parsed = ParseRedisCursor(tables, cursor);
  if (!parsed.ok()) return done(parsed.status());
  if (tables.empty()) return done(LoadPage{});
  auto loading = std::make_shared<Loading>();
  loading->base = parts_.shards[id].base;
  loading->tables = std::move(tables);
  loading->cursor = *parsed;
  loading->done = std::move(done);
  FindRecords(loading);
}

void RedisChains::FindRecords(const std::shared_ptr<Loading>& loading) {
  const RedisArguments arguments = EncodeFind(loading->base, loading->tables, loading->cursor);
  parts_.Send(arguments, [this, loading](RedisReply reply) {
    absl::StatusOr<RedisFound> found = DecodeFind(reply, loading->tables.size(), loading->cursor.at);
    if (!found.ok()) return loading->done(found.status());
    loading->found = *std::move(found);
    loading->asked = 0;
    GoOn(loading);
  });
}

// The next few of the buckets found: how large they are shows only when they are there.
void RedisChains::ReadBuckets(const std::shared_ptr<Loading>& loading) {
  const std::vector<RedisPlace>& buckets = loading->found.buckets;
  const size_t first = loading->asked;
  loading->asked = std::min(first + kBucketsAtOnce, buckets.size());
  loading->under_way = loading->asked - first;
  const size_t end = loading->asked;
  for (size_t i = first; i < end; ++i) {
    const uint8_t table = loading->tables[buckets[i].table];
    parts_.Send(EncodeReadBucket(loading->base, table, buckets[i].bucket), [this, loading, table](RedisReply reply) {
      const absl::StatusOr<size_t> bytes = DecodeBucket(reply, table, loading->page.records);
      loading->bytes += bytes.value_or(0);
      loading->status.Update(bytes.status());
      if (--loading->under_way == 0) GoOn(loading);
    });
  }
}

// Reads and asks until the page is full, or there are no more.
void RedisChains::GoOn(const std::shared_ptr<Loading>& loading) {
  if (!loading->status.ok()) return loading->done(loading->status);
  const RedisFound& found = loading->found;
  const bool all_read = loading->asked == found.buckets.size();
  if (!all_read && loading->bytes < kLoadPageBytes) return ReadBuckets(loading);
  RedisLoadCursor& cursor = loading->cursor;
  cursor.at = all_read ? found.next : found.buckets[loading->asked];
  LoadPage& page = loading->page;
  if (cursor.at.table < loading->tables.size()) {
    if (page.records.size() < cursor.records && loading->bytes < kLoadPageBytes / 2) return FindRecords(loading);
    cursor.records = RecordsOfNextPage(page.records.size(), loading->bytes);
    page.next_cursor = FormatRedisCursor(cursor);
  }
  loading->done(std::move(page));
}

void RedisChains::Read(ShardId id, std::vector<RecordKey> keys,
                       absl::AnyInvocable<void(absl::StatusOr<std::vector<std::optional<std::string>>>)> done) {
  if (keys.size() > kMaxReadKeys) return done(absl::InvalidArgumentError("more than 256 keys in one read"));
  RedisShard& shard = parts_.shards[id];
  parts_.Send(EncodeRead(shard.base, keys),
              [this, &shard, count = keys.size(), done = std::move(done)](RedisReply reply) mutable {
                absl::StatusOr<RedisValues> read = DecodeRead(reply, count);
                if (!read.ok()) return done(read.status());
                if (read->head <= shard.durable_to) return done(std::move(read->values));
                parts_.lane.AwaitPatiently(shard.base, [&shard, read = *std::move(read),
                                                        done = std::move(done)](RedisReplication how) mutable {
                  if (how != RedisReplication::kDone) return done(StatusOf(how));
                  shard.durable_to = std::max(shard.durable_to, read.head);
                  done(std::move(read.values));
                });
              });
}

}  // namespace meridian
