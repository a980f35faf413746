// One thread that steps one or several loops and followers, woken by a condition variable; no polling. With the
// servers' own pools this is the only place of Meridian that starts threads.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "libs/runtime/stepped.h"

namespace meridian {

class ShardThread {
 public:
  explicit ShardThread(const MonotonicClock* clock) : clock_(clock) {}
  // Joins; what has not stopped is abandoned where it is (its in-flight commits settle at the next load).
  ~ShardThread();

  // Before Start; what is added must outlive the thread.
  void Add(Stepped* stepped);
  void Start();

  // Asks all to stop, in the order in which they were added, waits until each has or `patience` is over, and joins.
  // False when something had not stopped. Any thread but this one; once.
  bool Drain(Duration patience);

  // Any thread.
  void Wake();

 private:
  void Run();
  void StepAll();
  MonotonicInstant NextWake();
  bool AllStopped() const;
  void WaitUntil(MonotonicInstant when);

  const MonotonicClock* clock_;
  std::vector<Stepped*> stepped_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::atomic<bool> woken_{false};
  std::atomic<bool> draining_{false};
  std::atomic<bool> abandon_{false};
  bool all_stopped_ = false;  // guarded by mutex_
  std::condition_variable stopped_;
  std::thread thread_;
};

}  // namespace meridian
