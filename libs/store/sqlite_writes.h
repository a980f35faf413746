// The writes of the SQLite store: what each does in the writer's transaction and how it answers its caller.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/functional/any_invocable.h"
#include "libs/base/time.h"
#include "libs/runtime/event_log.h"
#include "libs/runtime/shard_directory.h"
#include "libs/runtime/shard_store.h"
#include "libs/store/log_tail.h"
#include "libs/store/log_watchers.h"
#include "libs/store/sqlite_writer.h"

namespace meridian {

std::unique_ptr<QueuedWrite> MakeTermWrite(ShardId shard, uint64_t owner_nonce, int64_t unix_ms,
                                           absl::AnyInvocable<void(absl::StatusOr<TermGrant>)> done);

// The log entry is in `tail` before `done` is called; `watchers` hear of it afterwards.
std::unique_ptr<QueuedWrite> MakeCommitWrite(std::shared_ptr<const CommitRequest> request, Instant at, LogTail& tail,
                                             LogWatchers& watchers, absl::AnyInvocable<void(CommitResult)> done);

// Reads the chain after the transaction that it came into.
std::unique_ptr<QueuedWrite> MakeHeadRead(ShardId shard, absl::AnyInvocable<void(absl::StatusOr<ChainHead>)> done);

std::unique_ptr<QueuedWrite> MakeFollowerWrite(ShardId shard, std::string follower, LogPosition position,
                                               absl::AnyInvocable<void(absl::Status)> done);

std::unique_ptr<QueuedWrite> MakeFollowerRemoval(ShardId shard, std::string follower,
                                                 absl::AnyInvocable<void(absl::Status)> done);

// One slice; while there is more `again` gets a write for the next one, else `done` is called.
using EnqueueWrite = std::function<void(std::unique_ptr<QueuedWrite>)>;
std::unique_ptr<QueuedWrite> MakeTrimWrite(ShardId shard, SqliteRows::TrimRule rule, LogTail& tail, EnqueueWrite again,
                                           absl::AnyInvocable<void(absl::StatusOr<LogPosition>)> done);

// Trims every shard's log as `rule` says, in slices that are enqueued one by one.
std::unique_ptr<QueuedWrite> MakeRetentionWrite(SqliteRows::TrimRule rule, LogTail& tail, EnqueueWrite again);

std::unique_ptr<QueuedWrite> MakeAssignWrite(TenantId tenant, TenantShards shards,
                                             absl::AnyInvocable<void(absl::StatusOr<TenantShards>)> done);

}  // namespace meridian
