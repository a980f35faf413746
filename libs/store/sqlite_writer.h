// The one thread that writes the SQLite file. It takes all writes that wait, folds them into one transaction with a
// savepoint each, and tells each how the transaction ended; what arrives meanwhile is the next transaction.
// Enqueue: any thread. The writes themselves are called on the writer's thread, in the order they came.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "libs/base/time.h"
#include "libs/runtime/clock.h"
#include "libs/store/sqlite_connection.h"
#include "libs/store/sqlite_rows.h"

namespace meridian {

// How the transaction around a write ended: durable, not written, or unknown (the error came from COMMIT).
struct TransactionEnd {
  enum class Kind { kDurable, kRolledBack, kUnknown };
  Kind kind = Kind::kDurable;
  SqliteFailure failure;  // unless durable
};

// One thing to do in a transaction.
class QueuedWrite {
 public:
  virtual ~QueuedWrite() = default;
  // Inside the transaction; false: it failed and the connection of `rows` holds the failure. Must not call back.
  virtual bool Apply(SqliteRows& rows) = 0;
  // After the transaction; answers the caller. `rows` may be read, outside of any transaction; nullptr when the writer
  // was closed already and the write never ran.
  virtual void Finish(SqliteRows* rows, const TransactionEnd& end) = 0;
  // What it adds to the transaction, roughly.
  virtual size_t Bytes() const { return 0; }
  // Refused while the disk has less than its minimum free.
  virtual bool NeedsRoom() const { return false; }
};

class SqliteWriter {
 public:
  struct Options {
    int64_t min_free_bytes = 0;
    std::function<int64_t()> free_bytes;
    int64_t wal_bytes = 0;
    std::function<void()> on_large_wal;  // on the writer's thread, after each transaction that leaves the WAL above
    const MonotonicClock* monotonic = nullptr;
    std::function<void()> on_tick;  // on the writer's thread, about every `tick`
    Duration tick = Duration::Seconds(10);
  };

  SqliteWriter(std::unique_ptr<SqliteConnection> connection, Options options);
  ~SqliteWriter();

  void Enqueue(std::unique_ptr<QueuedWrite> write);
  // Asks for a checkpoint between two transactions, of the few pages that a concurrent one had to leave; only then can
  // the WAL start anew.
  void FinishCheckpoint();
  // Finishes what waits and joins the thread; a write that comes later is finished at once as rolled back. Idempotent.
  void Close();

  int64_t transactions() const { return transactions_.load(std::memory_order_relaxed); }
  int64_t failed_transactions() const { return failed_transactions_.load(std::memory_order_relaxed); }

 private:
  struct Entry {
    std::unique_ptr<QueuedWrite> write;
    std::optional<TransactionEnd> own_end;  // of a write that ended apart from its transaction
  };
  using Batch = std::vector<Entry>;

  void Run();
  Batch TakeWaiting();
  void Transact(Batch& batch);
  // Refuses what needs room that the disk does not have; false when nothing else is left.
  bool RefuseWithoutRoom(Batch& batch);
  // False: the transaction failed as a whole.
  bool ApplyAll(Batch& batch);
  TransactionEnd EndTransaction();

  const std::unique_ptr<SqliteConnection> connection_;
  const Options options_;
  SqliteRows rows_;
  SqliteStatement begin_, commit_, savepoint_, release_, rollback_to_;
  int wal_pages_ = 0;

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::unique_ptr<QueuedWrite>> waiting_;
  bool finish_checkpoint_ = false;
  bool closed_ = false;
  std::atomic<int64_t> transactions_{0};
  std::atomic<int64_t> failed_transactions_{0};
  std::thread thread_;
};

}  // namespace meridian
