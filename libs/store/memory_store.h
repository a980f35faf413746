// The store in memory: all ports of a shard's storage, for tests and for simulated worlds. It is as durable as the
// object: share one MemoryStore between the "processes" of a world and a restart finds everything again.
//
// With `stepped` every call waits in a queue until Step runs it, so that a world in virtual time decides when a store
// answers; else calls run and answer at once, inside the call. Leases answer at once always. Any thread; callbacks are
// called with no lock held.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "libs/runtime/clock.h"
#include "libs/runtime/event_log.h"
#include "libs/runtime/shard_directory.h"
#include "libs/runtime/shard_store.h"
#include "libs/store/chain_rules.h"
#include "libs/store/lease_table.h"
#include "libs/store/log_watchers.h"
#include "libs/store/memory_placement.h"

namespace meridian {

class MemoryStore : public ShardStore, public EventLog, public ShardDirectory {
 public:
  struct Options {
    bool stepped = false;
    // Of the leases; must outlive the store. With nullptr they do not expire.
    const MonotonicClock* monotonic = nullptr;
    // How many of a shard's last commits LoseTail can take back.
    size_t undoable_commits = 0;
  };

  MemoryStore() : MemoryStore(Options{}) {}
  explicit MemoryStore(Options options);

  // Runs the call that waits longest and its callback; false when none waits.
  bool Step();
  size_t waiting() const;
  // Forgets the calls that wait, without an answer: their process died before they arrived.
  void DropWaiting();

  // Stands for a fail-over to a copy that had not got a shard's last commits: they are gone with their records and log
  // entries, the owner's term is over, and the next one says that a tail was at risk. At most as many as there are to
  // take back; says how many.
  size_t LoseTail(ShardId shard, size_t commits);

  ShardLeases& leases() { return leases_; }
  ShardPlacement& placement() { return placement_; }

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
  // What a commit replaced.
  struct Undo {
    ChainHead head;
    std::vector<std::pair<RecordKey, std::optional<std::string>>> records;
    std::optional<LogPosition> logged;
  };
  struct Shard {
    ShardChain chain;
    std::map<RecordKey, std::string> records;
    std::map<LogPosition, std::string> log;
    std::map<std::string, LogPosition> followers;
    LogPosition trimmed;
    std::deque<Undo> undo;  // of the last commits, oldest first
    bool tail_at_risk = false;
  };

  // Runs `call` now or when it is stepped.
  void Take(absl::AnyInvocable<void()> call);
  CommitResult Append(const CommitRequest& request, bool& logged);
  void NoteUndo(Shard& shard, const CommitRequest& request) const;
  absl::StatusOr<LoadPage> PageAfter(ShardId shard, const std::vector<uint8_t>& tables, const std::string& cursor);
  absl::StatusOr<std::vector<LogEntry>> EntriesAfter(ShardId shard, LogPosition position, size_t max_bytes);
  LogPosition Trim(ShardId shard, LogPosition position);

  const Options options_;
  LeaseTable leases_;
  MemoryPlacement placement_;
  LogWatchers watchers_;
  mutable std::mutex mutex_;
  std::deque<absl::AnyInvocable<void()>> waiting_;
  std::map<ShardId, Shard> shards_;
  std::map<TenantId, TenantShards> directory_;
};

}  // namespace meridian
