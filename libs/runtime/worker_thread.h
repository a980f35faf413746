// One thread that does what is given to it, in order: for work that takes too long for a shard's thread or for a
// server's event threads. Any thread may post; the owner destroys it.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <string>
#include <thread>

#include "absl/functional/any_invocable.h"

namespace meridian {

class WorkerThread {
 public:
  using Job = absl::AnyInvocable<void()>;

  explicit WorkerThread(std::string name);
  // Finishes what was posted, and joins.
  ~WorkerThread();

  // Unbounded: who posts on behalf of others looks at waiting() first.
  void Post(Job job);
  size_t waiting() const;  // also the one that runs

 private:
  void Run();

  const std::string name_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> jobs_;  // the first one runs
  bool closed_ = false;
  std::thread thread_;
};

}  // namespace meridian
