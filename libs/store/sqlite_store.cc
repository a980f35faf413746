#include "libs/store/sqlite_store.h"

#include <utility>

#include "libs/base/check.h"
#include "libs/base/status_macros.h"
#include "libs/store/file_lock.h"
#include "libs/store/free_bytes.h"
#include "libs/store/lease_table.h"
#include "libs/store/log_tail.h"
#include "libs/store/log_watchers.h"
#include "libs/store/sqlite_checkpointer.h"
#include "libs/store/sqlite_reader.h"
#include "libs/store/sqlite_schema.h"
#include "libs/store/sqlite_writer.h"
#include "libs/store/sqlite_writes.h"

namespace meridian {
namespace {

void FillDefaults(SqliteOptions& options) {
  MERIDIAN_CHECK(options.wall != nullptr && options.monotonic != nullptr);
  if (!options.free_bytes) options.free_bytes = [path = options.path] { return FreeBytes(path); };
}

// It reads each page once.
constexpr int64_t kCheckpointerCacheBytes = 1 << 20;

absl::StatusOr<std::unique_ptr<SqliteConnection>> OpenConnection(const SqliteOptions& options, int64_t cache_bytes) {
  MERIDIAN_ASSIGN_OR_RETURN(auto connection, SqliteConnection::Open(options.path, options.vfs));
  if (sqlite3_db_readonly(connection->handle(), "main") == 1) {
    return absl::PermissionDeniedError(options.path + " is read-only");
  }
  MERIDIAN_RETURN_IF_ERROR(ConfigureConnection(*connection, cache_bytes));
  return connection;
}

absl::Status Closed() { return absl::UnavailableError("the store is closed"); }

struct Connections {
  std::unique_ptr<SqliteConnection> writer, reader, checkpointer;
};

}  // namespace

// Members stand in the order of their dependence; the threads are joined before any goes.
class SqliteStore::Core {
 public:
  Core(SqliteOptions options, std::unique_ptr<FileLock> lock, Connections connections)
      : options_(std::move(options)),
        lock_(std::move(lock)),
        leases_(options_.monotonic),
        tail_(static_cast<size_t>(options_.log_tail_bytes)),
        checkpointer_(std::move(connections.checkpointer), [this] { writer_.FinishCheckpoint(); }),
        reader_(std::move(connections.reader)),
        writer_(std::move(connections.writer), WriterOptions()) {}

  ~Core() {
    checkpointer_.Close();
    writer_.Close();
    reader_.Close();
  }

  void Write(std::unique_ptr<QueuedWrite> write) { writer_.Enqueue(std::move(write)); }
  EnqueueWrite Writes() {
    return [this](std::unique_ptr<QueuedWrite> write) { Write(std::move(write)); };
  }

  // Answers `done` what `read` finds.
  template <typename Done, typename Read>
  void Answer(Done done, Read read) {
    reader_.Enqueue([done = std::move(done), read = std::move(read)](SqliteReads* reads) mutable {
      if (reads == nullptr) {
        done(Closed());
      } else {
        done(read(*reads));
      }
    });
  }

  const SqliteOptions& options() const { return options_; }
  LeaseTable& leases() { return leases_; }
  LogTail& tail() { return tail_; }
  LogWatchers& watchers() { return watchers_; }
  Counters counters() const {
    return {writer_.transactions(), writer_.failed_transactions(), checkpointer_.checkpoints()};
  }

 private:
  SqliteWriter::Options WriterOptions() {
    return {.min_free_bytes = options_.min_free_bytes,
            .free_bytes = options_.free_bytes,
            .wal_bytes = options_.wal_bytes,
            .on_large_wal = [this] { checkpointer_.Wake(); },
            .monotonic = options_.monotonic,
            .on_tick = [this] { Write(MakeRetentionWrite(RetentionRule(), tail_, Writes())); },
            .tick = options_.retention_every};
  }

  SqliteRows::TrimRule RetentionRule() const {
    return {.older_than_ms = (options_.wall->Now() - options_.log_keep).ToUnixMilliseconds(),
            .keep_bytes = options_.log_keep_bytes};
  }

  const SqliteOptions options_;
  const std::unique_ptr<FileLock> lock_;
  LeaseTable leases_;
  LogTail tail_;
  LogWatchers watchers_;
  SqliteCheckpointer checkpointer_;
  SqliteReader reader_;
  SqliteWriter writer_;
};

absl::StatusOr<std::unique_ptr<SqliteStore>> SqliteStore::Open(SqliteOptions options) {
  FillDefaults(options);
  MERIDIAN_ASSIGN_OR_RETURN(auto lock, FileLock::Acquire(options.path + ".lock", options.holder));
  Connections connections;
  MERIDIAN_ASSIGN_OR_RETURN(connections.writer, OpenConnection(options, options.page_cache_bytes));
  MERIDIAN_RETURN_IF_ERROR(PrepareStoreSchema(*connections.writer));
  MERIDIAN_ASSIGN_OR_RETURN(connections.reader, OpenConnection(options, options.page_cache_bytes / 4));
  MERIDIAN_ASSIGN_OR_RETURN(connections.checkpointer, OpenConnection(options, kCheckpointerCacheBytes));
  auto core = std::make_unique<Core>(std::move(options), std::move(lock), std::move(connections));
  return std::unique_ptr<SqliteStore>(new SqliteStore(std::move(core)));
}

SqliteStore::SqliteStore(std::unique_ptr<Core> core) : core_(std::move(core)) {}
SqliteStore::~SqliteStore() = default;

ShardLeases& SqliteStore::leases() { return core_->leases(); }
SqliteStore::Counters SqliteStore::counters() const { return core_->counters(); }

void SqliteStore::TakeTerm(ShardId shard, uint64_t owner_nonce, int64_t unix_ms,
                           absl::AnyInvocable<void(absl::StatusOr<TermGrant>)> done) {
  core_->Write(MakeTermWrite(shard, owner_nonce, unix_ms, std::move(done)));
}

void SqliteStore::Commit(std::shared_ptr<const CommitRequest> request, absl::AnyInvocable<void(CommitResult)> done) {
  core_->Write(MakeCommitWrite(std::move(request), core_->options().wall->Now(), core_->tail(), core_->watchers(),
                               std::move(done)));
}

void SqliteStore::LastCommit(ShardId shard, absl::AnyInvocable<void(absl::StatusOr<ChainHead>)> done) {
  core_->Write(MakeHeadRead(shard, std::move(done)));
}

void SqliteStore::Load(ShardId shard, std::vector<uint8_t> tables, std::string cursor,
                       absl::AnyInvocable<void(absl::StatusOr<LoadPage>)> done) {
  core_->Answer(std::move(done), [shard, tables = std::move(tables), cursor = std::move(cursor)](SqliteReads& reads) {
    return reads.Load(shard, tables, cursor);
  });
}

void SqliteStore::Read(ShardId shard, std::vector<RecordKey> keys,
                       absl::AnyInvocable<void(absl::StatusOr<std::vector<std::optional<std::string>>>)> done) {
  core_->Answer(std::move(done),
                [shard, keys = std::move(keys)](SqliteReads& reads) { return reads.Read(shard, keys); });
}

void SqliteStore::ReadAfter(ShardId shard, LogPosition position, size_t max_bytes,
                            absl::AnyInvocable<void(absl::StatusOr<std::vector<LogEntry>>)> done) {
  core_->Answer(std::move(done), [&tail = core_->tail(), shard, position, max_bytes](SqliteReads& reads) {
    auto held = tail.ReadAfter(shard, position, max_bytes);
    return held ? absl::StatusOr<std::vector<LogEntry>>(*std::move(held))
                : reads.EntriesAfter(shard, position, max_bytes);
  });
}

void SqliteStore::SetFollower(ShardId shard, std::string follower, LogPosition position,
                              absl::AnyInvocable<void(absl::Status)> done) {
  core_->Write(MakeFollowerWrite(shard, std::move(follower), position, std::move(done)));
}

void SqliteStore::RemoveFollower(ShardId shard, std::string follower, absl::AnyInvocable<void(absl::Status)> done) {
  core_->Write(MakeFollowerRemoval(shard, std::move(follower), std::move(done)));
}

void SqliteStore::Describe(ShardId shard, absl::AnyInvocable<void(absl::StatusOr<LogState>)> done) {
  core_->Answer(std::move(done), [shard](SqliteReads& reads) { return reads.Describe(shard); });
}

void SqliteStore::TrimTo(ShardId shard, LogPosition position,
                         absl::AnyInvocable<void(absl::StatusOr<LogPosition>)> done) {
  core_->Write(MakeTrimWrite(shard, {.up_to = position}, core_->tail(), core_->Writes(), std::move(done)));
}

std::unique_ptr<EventLog::Subscription> SqliteStore::Watch(ShardId shard, std::function<void(LogPosition)> on_entry) {
  return core_->watchers().Watch(shard, std::move(on_entry));
}

void SqliteStore::Lookup(TenantId tenant, absl::AnyInvocable<void(absl::StatusOr<TenantShards>)> done) {
  core_->Answer(std::move(done), [tenant = std::move(tenant)](SqliteReads& reads) { return reads.Tenant(tenant); });
}

void SqliteStore::Assign(TenantId tenant, TenantShards shards,
                         absl::AnyInvocable<void(absl::StatusOr<TenantShards>)> done) {
  core_->Write(MakeAssignWrite(std::move(tenant), std::move(shards), std::move(done)));
}

void SqliteStore::List(TenantId after, absl::AnyInvocable<void(absl::StatusOr<std::vector<TenantAssignment>>)> done) {
  core_->Answer(std::move(done), [after = std::move(after)](SqliteReads& reads) { return reads.TenantsAfter(after); });
}

}  // namespace meridian
