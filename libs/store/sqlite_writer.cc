#include "libs/store/sqlite_writer.h"

#include <chrono>
#include <utility>

#include "libs/runtime/thread_name.h"

namespace meridian {
namespace {

// Bounds of one transaction: enough to amortise the sync, little enough that the first in it does not wait long.
constexpr size_t kMaxWrites = 512;
constexpr size_t kMaxBytes = 8 << 20;
constexpr int kPageBytes = 4096;

SqliteFailure NoRoom(int64_t free_bytes, int64_t min_free_bytes) {
  return {SQLITE_FULL, 0,
          "the disk has " + std::to_string(free_bytes) + " bytes free, writing stops below " +
              std::to_string(min_free_bytes)};
}

}  // namespace

SqliteWriter::SqliteWriter(std::unique_ptr<SqliteConnection> connection, Options options)
    : connection_(std::move(connection)),
      options_(std::move(options)),
      rows_(*connection_),
      begin_(*connection_, "BEGIN IMMEDIATE"),
      commit_(*connection_, "COMMIT"),
      savepoint_(*connection_, "SAVEPOINT one_write"),
      release_(*connection_, "RELEASE one_write"),
      rollback_to_(*connection_, "ROLLBACK TO one_write") {
  const auto note_wal_pages = [](void* self, sqlite3*, const char*, int pages) {
    static_cast<SqliteWriter*>(self)->wal_pages_ = pages;
    return SQLITE_OK;
  };
  sqlite3_wal_hook(connection_->handle(), note_wal_pages, this);
  thread_ = std::thread([this] { Run(); });
}

SqliteWriter::~SqliteWriter() { Close(); }

void SqliteWriter::Enqueue(std::unique_ptr<QueuedWrite> write) {
  std::unique_lock lock(mutex_);
  if (!closed_) {
    waiting_.push_back(std::move(write));
    // The writer looks again before it sleeps: only the first one has to wake it.
    const bool first = waiting_.size() == 1;
    lock.unlock();
    if (first) wake_.notify_one();
    return;
  }
  lock.unlock();
  write->Finish(nullptr, {TransactionEnd::Kind::kRolledBack, {SQLITE_ABORT, 0, "the store is closed"}});
}

void SqliteWriter::FinishCheckpoint() {
  std::lock_guard lock(mutex_);
  finish_checkpoint_ = true;
  wake_.notify_one();
}

void SqliteWriter::Close() {
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
    wake_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

void SqliteWriter::Run() {
  NameThisThread("sqlite-writer");
  MonotonicInstant next_tick = options_.monotonic->Now() + options_.tick;
  while (true) {
    bool finish_checkpoint = false;
    {
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, std::chrono::nanoseconds(options_.tick.ns),
                     [this] { return !waiting_.empty() || finish_checkpoint_ || closed_; });
      if (closed_ && waiting_.empty()) return;
      finish_checkpoint = std::exchange(finish_checkpoint_, false);
    }
    Batch batch = TakeWaiting();
    if (!batch.empty()) Transact(batch);
    if (finish_checkpoint) {
      sqlite3_wal_checkpoint_v2(connection_->handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
    }
    if (const MonotonicInstant now = options_.monotonic->Now(); now >= next_tick) {
      next_tick = now + options_.tick;
      if (options_.on_tick) options_.on_tick();
    }
  }
}

SqliteWriter::Batch SqliteWriter::TakeWaiting() {
  Batch batch;
  size_t bytes = 0;
  std::lock_guard lock(mutex_);
  while (!waiting_.empty() && batch.size() < kMaxWrites && bytes < kMaxBytes) {
    bytes += waiting_.front()->Bytes();
    batch.push_back({std::move(waiting_.front()), std::nullopt});
    waiting_.pop_front();
  }
  return batch;
}

void SqliteWriter::Transact(Batch& batch) {
  TransactionEnd end;
  if (RefuseWithoutRoom(batch)) {
    end = begin_.Run() && ApplyAll(batch) ? EndTransaction()
                                          : TransactionEnd{TransactionEnd::Kind::kRolledBack, connection_->failure()};
    // SQLite may have rolled back by itself.
    if (connection_->InTransaction()) connection_->Execute("ROLLBACK");
    if (end.kind != TransactionEnd::Kind::kDurable) rows_.Forget();
    auto& counter = end.kind == TransactionEnd::Kind::kDurable ? transactions_ : failed_transactions_;
    counter.fetch_add(1, std::memory_order_relaxed);
  }
  for (Entry& entry : batch) entry.write->Finish(&rows_, entry.own_end ? *entry.own_end : end);
  if (options_.on_large_wal && int64_t{wal_pages_} * kPageBytes > options_.wal_bytes) options_.on_large_wal();
}

bool SqliteWriter::RefuseWithoutRoom(Batch& batch) {
  const int64_t free_bytes = options_.free_bytes ? options_.free_bytes() : options_.min_free_bytes;
  if (free_bytes >= options_.min_free_bytes) return true;
  bool others = false;
  for (Entry& entry : batch) {
    if (entry.write->NeedsRoom()) {
      entry.own_end = {TransactionEnd::Kind::kRolledBack, NoRoom(free_bytes, options_.min_free_bytes)};
    } else {
      others = true;
    }
  }
  return others;
}

bool SqliteWriter::ApplyAll(Batch& batch) {
  for (Entry& entry : batch) {
    if (entry.own_end) continue;
    if (!savepoint_.Run()) return false;
    if (!entry.write->Apply(rows_)) {
      const SqliteFailure failure = connection_->failure();
      if (!failure.IsOfOneStatement() || !connection_->InTransaction()) return false;
      entry.own_end = {TransactionEnd::Kind::kRolledBack, failure};
      if (!rollback_to_.Run()) return false;
      rows_.Forget();
    }
    if (!release_.Run()) return false;
  }
  return true;
}

TransactionEnd SqliteWriter::EndTransaction() {
  if (commit_.Run()) return {};
  const SqliteFailure& failure = connection_->failure();
  // The frame that makes a transaction valid is the last that is written: where a write failed it is not there whole,
  // and no recovery will find it. After a failed sync it may be there.
  const int primary = failure.code & 0xff;
  const bool write_failed = primary == SQLITE_FULL || primary == SQLITE_READONLY ||
                            (failure.code == SQLITE_IOERR_WRITE && failure.reason() != RefusalReason::kBroken);
  return {write_failed ? TransactionEnd::Kind::kRolledBack : TransactionEnd::Kind::kUnknown, failure};
}

}  // namespace meridian
