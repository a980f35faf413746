// The thread that moves what the WAL holds into the database file, beside the writer. A checkpoint can only take what
// was committed when it began, and the WAL starts anew only when nothing is left: so the rest, few pages, is given to
// the writer, between two transactions. Wake: any thread.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "libs/store/sqlite_connection.h"

namespace meridian {

class SqliteCheckpointer {
 public:
  // `finish` hands the rest to the writer.
  SqliteCheckpointer(std::unique_ptr<SqliteConnection> connection, std::function<void()> finish);
  ~SqliteCheckpointer();

  // Begins a checkpoint unless one is under way.
  void Wake();
  void Close();

  int64_t checkpoints() const { return checkpoints_.load(std::memory_order_relaxed); }

 private:
  void Run();

  const std::unique_ptr<SqliteConnection> connection_;
  const std::function<void()> finish_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool wanted_ = false;
  bool closed_ = false;
  std::atomic<int64_t> checkpoints_{0};
  std::thread thread_;
};

}  // namespace meridian
