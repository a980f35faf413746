// The Redis store's ShardStore: terms, commits, records. Answers of commits, and of LastCommit, come in the order in
// which they were handed in. Lives on the store's I/O thread.
#pragma once

#include <functional>
#include <memory>

#include "libs/store/redis_answers.h"
#include "libs/store/redis_shards.h"

namespace meridian {

class RedisChains {
 public:
  // `logged`: a shard's log is known to have, durably, an entry at a position. Called after the commit's answer.
  RedisChains(RedisParts parts, std::function<void(ShardId, LogPosition)> logged)
      : parts_(parts), logged_(std::move(logged)) {}

  void TakeTerm(ShardId shard, uint64_t owner_nonce, int64_t unix_ms,
                absl::AnyInvocable<void(absl::StatusOr<TermGrant>)> done);
  void Commit(std::shared_ptr<const CommitRequest> request, absl::AnyInvocable<void(CommitResult)> done);
  void LastCommit(ShardId shard, absl::AnyInvocable<void(absl::StatusOr<ChainHead>)> done);
  void Load(ShardId shard, std::vector<uint8_t> tables, const std::string& cursor,
            absl::AnyInvocable<void(absl::StatusOr<LoadPage>)> done);
  void Read(ShardId shard, std::vector<RecordKey> keys,
            absl::AnyInvocable<void(absl::StatusOr<std::vector<std::optional<std::string>>>)> done);

 private:
  struct Loading;
  using OnHead = absl::AnyInvocable<void(absl::StatusOr<ChainHead>)>;

  CommitResult Judge(const CommitRequest& request, RedisReplication how);
  void SettleHead(ShardId shard, uint64_t place, const RedisHead& head, RedisReplication how, OnHead done);
  void FindRecords(const std::shared_ptr<Loading>& loading);
  void ReadBuckets(const std::shared_ptr<Loading>& loading);
  void GoOn(const std::shared_ptr<Loading>& loading);

  const RedisParts parts_;
  const std::function<void(ShardId, LogPosition)> logged_;
  RedisAnswers answers_;
};

}  // namespace meridian
