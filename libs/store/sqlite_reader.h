// The thread that reads the SQLite file for others: calls wait in a queue and run in their order on one connection.
// Enqueue: any thread.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>

#include "absl/functional/any_invocable.h"
#include "libs/store/sqlite_connection.h"
#include "libs/store/sqlite_reads.h"

namespace meridian {

class SqliteReader {
 public:
  // Reads and answers; `reads` is nullptr when the reader was closed already.
  using Call = absl::AnyInvocable<void(SqliteReads* reads)>;

  explicit SqliteReader(std::unique_ptr<SqliteConnection> connection);
  ~SqliteReader();

  void Enqueue(Call call);
  // Runs what waits and joins the thread. Idempotent.
  void Close();

 private:
  void Run();

  const std::unique_ptr<SqliteConnection> connection_;
  SqliteReads reads_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Call> waiting_;
  bool closed_ = false;
  std::thread thread_;
};

}  // namespace meridian
