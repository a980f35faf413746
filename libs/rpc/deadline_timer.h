// Calls functions later, on one thread of its own: deadlines of streams, not of the engine. One per process, made
// before the servers and destroyed after them. Any thread may call it.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "libs/base/time.h"

namespace meridian::rpc {

class DeadlineTimer {
 public:
  using Id = uint64_t;

  DeadlineTimer();
  // What is still waiting is dropped uncalled.
  ~DeadlineTimer();
  DeadlineTimer(const DeadlineTimer&) = delete;
  DeadlineTimer& operator=(const DeadlineTimer&) = delete;

  // Calls `call` once, not before `delay` by the monotonic clock. It must be short and must not throw; what it refers
  // to must be held by weak_ptr, because Cancel does not wait for a call that has begun.
  Id After(Duration delay, std::function<void()> call);
  void Cancel(Id id);

 private:
  using Deadline = std::pair<int64_t, Id>;  // monotonic nanoseconds; the id breaks ties in the order of After

  void Run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<Deadline, std::function<void()>> waiting_;
  std::map<Id, int64_t> deadlines_;
  Id next_id_ = 1;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace meridian::rpc
