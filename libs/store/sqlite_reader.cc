#include "libs/store/sqlite_reader.h"

#include <utility>

#include "libs/runtime/thread_name.h"

namespace meridian {

SqliteReader::SqliteReader(std::unique_ptr<SqliteConnection> connection)
    : connection_(std::move(connection)), reads_(*connection_) {
  thread_ = std::thread([this] { Run(); });
}

SqliteReader::~SqliteReader() { Close(); }

void SqliteReader::Enqueue(Call call) {
  std::unique_lock lock(mutex_);
  if (!closed_) {
    waiting_.push_back(std::move(call));
    const bool first = waiting_.size() == 1;
    lock.unlock();
    if (first) wake_.notify_one();
    return;
  }
  lock.unlock();
  call(nullptr);
}

void SqliteReader::Close() {
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
    wake_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

void SqliteReader::Run() {
  NameThisThread("sqlite-reader");
  while (true) {
    Call call;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return !waiting_.empty() || closed_; });
      if (waiting_.empty()) return;
      call = std::move(waiting_.front());
      waiting_.pop_front();
    }
    call(&reads_);
  }
}

}  // namespace meridian
