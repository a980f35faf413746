// The store in one Redis server (7.0 or newer) with its replicas: all ports of a shard's storage, for several processes
// on several machines. Stand-alone, or found through sentinels. docs/operations/redis.md says how the server must be
// set and what each durability can lose; docs/adr/0010 how the keys lie.
//
// A commit is one call of a server-side function (redis_functions.lua), all or nothing. It is answered `durable` when
// the level of RedisOptions::durability is reached, `not yet replicated` when too few replicas confirm in time,
// `unknown` when the connection was lost or there is none. An owner's term ends with the server process as a primary:
// after a restart, a promotion or a return all its commits are refused with kWrongTerm.
//
// Any thread may call. One thread of the store does all its input and output; callbacks come on it and must not block.
// The destructor waits a second at most for what was handed in, answers the rest (commits: unknown, others:
// UNAVAILABLE), and joins; no callback comes after it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/runtime/event_log.h"
#include "libs/runtime/shard_directory.h"
#include "libs/runtime/shard_leases.h"
#include "libs/runtime/shard_placement.h"
#include "libs/runtime/shard_store.h"
#include "libs/store/redis_options.h"

namespace meridian {

class RedisStore : public ShardStore,
                   public ShardLeases,
                   public EventLog,
                   public ShardDirectory,
                   public ShardPlacement {
 public:
  // Blocks until the server was found and verified. FAILED_PRECONDITION, naming the setting, for a server that is set
  // wrongly; PERMISSION_DENIED for a wrong user or password; UNAVAILABLE, with the last reason, when there was none
  // within `options.open_timeout`.
  static absl::StatusOr<std::unique_ptr<RedisStore>> Open(RedisOptions options);
  ~RedisStore() override;

  struct Counters {
    int64_t connects = 0;  // times that the primary was found and verified
    int64_t markers = 0;   // waits for the replicas
  };
  Counters counters() const;

  bool MayLoseAcknowledgedTail() const override;
  bool NearlyFull() const override;

  void TakeTerm(ShardId shard, uint64_t owner_nonce, int64_t unix_ms,
                absl::AnyInvocable<void(absl::StatusOr<TermGrant>)> done) override;
  using ShardStore::Commit;
  void Commit(std::shared_ptr<const CommitRequest> request, absl::AnyInvocable<void(CommitResult)> done) override;
  void LastCommit(ShardId shard, absl::AnyInvocable<void(absl::StatusOr<ChainHead>)> done) override;
  void Load(ShardId shard, std::vector<uint8_t> tables, std::string cursor,
            absl::AnyInvocable<void(absl::StatusOr<LoadPage>)> done) override;
  void Read(ShardId shard, std::vector<RecordKey> keys,
            absl::AnyInvocable<void(absl::StatusOr<std::vector<std::optional<std::string>>>)> done) override;

  void ReadAfter(ShardId shard, LogPosition position, size_t max_bytes,
                 absl::AnyInvocable<void(absl::StatusOr<std::vector<LogEntry>>)> done) override;
  void SetFollower(ShardId shard, std::string follower, LogPosition position,
                   absl::AnyInvocable<void(absl::Status)> done) override;
  void RemoveFollower(ShardId shard, std::string follower, absl::AnyInvocable<void(absl::Status)> done) override;
  void Describe(ShardId shard, absl::AnyInvocable<void(absl::StatusOr<LogState>)> done) override;
  void TrimTo(ShardId shard, LogPosition position, absl::AnyInvocable<void(absl::StatusOr<LogPosition>)> done) override;
  std::unique_ptr<EventLog::Subscription> Watch(ShardId shard, std::function<void(LogPosition)> on_entry) override;

  void Acquire(ShardId shard, std::string owner, uint64_t nonce, Duration ttl,
               absl::AnyInvocable<void(absl::StatusOr<Lease>)> done) override;
  void Renew(Lease lease, Duration ttl, absl::AnyInvocable<void(absl::StatusOr<Lease>)> done) override;
  void Release(Lease lease, absl::AnyInvocable<void(absl::Status)> done) override;

  void Lookup(TenantId tenant, absl::AnyInvocable<void(absl::StatusOr<TenantShards>)> done) override;
  void Assign(TenantId tenant, TenantShards shards,
              absl::AnyInvocable<void(absl::StatusOr<TenantShards>)> done) override;
  void List(TenantId after, absl::AnyInvocable<void(absl::StatusOr<std::vector<TenantAssignment>>)> done) override;

  void FixCount(ShardKind kind, uint32_t count, absl::AnyInvocable<void(absl::StatusOr<uint32_t>)> done) override;
  void FixRegion(std::string region, absl::AnyInvocable<void(absl::StatusOr<std::string>)> done) override;
  void Announce(ShardProcess process, Duration ttl, absl::AnyInvocable<void(absl::Status)> done) override;
  void Leave(ShardKind kind, std::string address, absl::AnyInvocable<void(absl::Status)> done) override;
  void Wish(ShardId shard, std::string address, absl::AnyInvocable<void(absl::Status)> done) override;
  void View(absl::AnyInvocable<void(absl::StatusOr<PlacementView>)> done) override;
  std::unique_ptr<ShardPlacement::Subscription> Watch(std::function<void()> on_change) override;

 private:
  class Core;
  explicit RedisStore(std::unique_ptr<Core> core);

  std::unique_ptr<Core> core_;
};

}  // namespace meridian
