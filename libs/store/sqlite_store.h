// The store in one SQLite file (WAL, synchronous=FULL): all ports of a shard's storage, for one process on one machine.
//
// One writer thread folds everything that waits, of all shards, into one transaction with one sync, a savepoint per
// commit; what arrives meanwhile is the next transaction, so nobody is delayed on purpose. Reads have a connection and
// a thread of their own and see only what is durable; LastCommit goes through the writer and so answers after every
// commit that was handed in before it. Checkpoints run on a third thread.
//
// Outcomes: an error that ends a transaction refuses every commit folded into it (no space, read-only, broken); so does
// a failed write in COMMIT, because what makes a transaction valid is written last; any other error of COMMIT, a failed
// sync above all, is kUnknown. After a refusal the store tries again with the next call: an empty commit writes the
// chain's row and so is a probe. Under `min_free_bytes` of free space commits are refused before they write.
//
// A lock file beside the database (path + ".lock") keeps a second store out, in this process or another; leases are
// therefore held in memory and end with the process.
//
// Any thread may call; callbacks come on the store's threads (leases: inside the call) and must not block. The
// destructor finishes what was handed in, answers it, and joins the threads; no callback comes after it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/runtime/clock.h"
#include "libs/runtime/event_log.h"
#include "libs/runtime/shard_directory.h"
#include "libs/runtime/shard_leases.h"
#include "libs/runtime/shard_store.h"

namespace meridian {

struct SqliteOptions {
  std::string path;                     // of the database file; its folder must exist
  std::string holder = "meridian";      // how a second process names this one, beside its pid
  int64_t page_cache_bytes = 64 << 20;  // of the writer; the reader has a quarter of it
  int64_t min_free_bytes = 32 << 20;    // on the file system of `path`
  Duration log_keep = Duration::Hours(7 * 24);
  int64_t log_keep_bytes = int64_t{2} << 30;  // per shard
  Duration retention_every = Duration::Seconds(10);
  int64_t log_tail_bytes = 4 << 20;           // of the newest log entries held in memory, per shard
  int64_t wal_bytes = 16 << 20;               // a checkpoint starts above it
  const WallClock* wall = nullptr;            // stamps log entries for `log_keep`; must outlive the store
  const MonotonicClock* monotonic = nullptr;  // of the leases; must outlive the store
  std::function<int64_t()> free_bytes;        // empty: of the file system of `path`
  std::string vfs;                            // a registered SQLite VFS; empty: the system's
};

class SqliteStore : public ShardStore, public EventLog, public ShardDirectory {
 public:
  // FAILED_PRECONDITION when another store has the file (named), or when a newer version wrote it; PERMISSION_DENIED
  // when it cannot be written; else what SQLite says.
  static absl::StatusOr<std::unique_ptr<SqliteStore>> Open(SqliteOptions options);
  ~SqliteStore() override;

  ShardLeases& leases();

  struct Counters {
    int64_t transactions = 0;  // ended well: so often the store waited for the disk
    int64_t failed_transactions = 0;
    int64_t checkpoints = 0;
  };
  Counters counters() const;

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
  std::unique_ptr<Subscription> Watch(ShardId shard, std::function<void(LogPosition)> on_entry) override;

  void Lookup(TenantId tenant, absl::AnyInvocable<void(absl::StatusOr<TenantShards>)> done) override;
  void Assign(TenantId tenant, TenantShards shards,
              absl::AnyInvocable<void(absl::StatusOr<TenantShards>)> done) override;
  void List(TenantId after, absl::AnyInvocable<void(absl::StatusOr<std::vector<TenantAssignment>>)> done) override;

 private:
  class Core;
  explicit SqliteStore(std::unique_ptr<Core> core);

  std::unique_ptr<Core> core_;
};

}  // namespace meridian
