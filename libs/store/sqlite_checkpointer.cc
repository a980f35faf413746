#include "libs/store/sqlite_checkpointer.h"

#include <utility>

#include "libs/runtime/thread_name.h"

namespace meridian {

SqliteCheckpointer::SqliteCheckpointer(std::unique_ptr<SqliteConnection> connection, std::function<void()> finish)
    : connection_(std::move(connection)), finish_(std::move(finish)) {
  thread_ = std::thread([this] { Run(); });
}

SqliteCheckpointer::~SqliteCheckpointer() { Close(); }

void SqliteCheckpointer::Wake() {
  std::lock_guard lock(mutex_);
  if (wanted_) return;
  wanted_ = true;
  wake_.notify_one();
}

void SqliteCheckpointer::Close() {
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
    wake_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

void SqliteCheckpointer::Run() {
  NameThisThread("sqlite-checkpt");
  while (true) {
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return wanted_ || closed_; });
      if (closed_) return;
    }
    // The second pass takes what came during the first, so that little is left for the writer. A failed checkpoint
    // leaves the WAL as it is and is tried again after the next transaction.
    for (int pass = 0; pass < 2; ++pass) {
      sqlite3_wal_checkpoint_v2(connection_->handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
    }
    finish_();
    checkpoints_.fetch_add(1, std::memory_order_relaxed);
    std::lock_guard lock(mutex_);
    wanted_ = false;
  }
}

}  // namespace meridian
