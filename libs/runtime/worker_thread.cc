#include "libs/runtime/worker_thread.h"

#include <utility>

#include "libs/runtime/thread_name.h"

namespace meridian {

WorkerThread::WorkerThread(std::string name) : name_(std::move(name)) {
  thread_ = std::thread([this] { Run(); });
}

WorkerThread::~WorkerThread() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    closed_ = true;
    wake_.notify_one();
  }
  thread_.join();
}

void WorkerThread::Post(Job job) {
  std::lock_guard<std::mutex> lock(mutex_);
  jobs_.push_back(std::move(job));
  wake_.notify_one();
}

size_t WorkerThread::waiting() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return jobs_.size();
}

void WorkerThread::Run() {
  NameThisThread(name_);
  std::unique_lock<std::mutex> lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return !jobs_.empty() || closed_; });
    if (jobs_.empty()) return;
    Job job = std::move(jobs_.front());
    lock.unlock();
    job();
    job = nullptr;  // what it holds goes before anybody sees that it is done
    lock.lock();
    jobs_.pop_front();
  }
}

}  // namespace meridian
