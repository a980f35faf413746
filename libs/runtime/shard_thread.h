// One thread that steps one or several loops and followers, woken by a condition variable; no polling. With the
// servers' own pools this is the only place of Meridian that starts threads.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "libs/runtime/stepped.h"

namespace meridian {

class ShardThread {
 public:
  // `name`: of the thread, as top -H shows it.
  explicit ShardThread(const MonotonicClock* clock, std::string name = "shards")
      : clock_(clock), name_(std::move(name)) {}
  // Joins; what has not stopped is abandoned where it is (its in-flight commits settle at the next load).
  ~ShardThread();

  // Before Start; what is added must outlive the thread. It may also outlive this object: it can go on waking it.
  void Add(Stepped* stepped);
  void Start();

  // Asks all to stop, in the order in which they were added, waits until each has or `patience` is over, and joins.
  // False when something had not stopped. Any thread but this one; once.
  bool Drain(Duration patience);

  // Any thread.
  void Wake() { signal_->Wake(); }
  // How long ago it should have gone on: since its step of all began, or since what it waited for. Long: it hangs. Any
  // thread.
  Duration LateBy() const;

 private:
  // Shared with the wakers that were given away.
  struct Signal {
    void Wake();

    std::mutex mutex;
    std::condition_variable wake;
    std::atomic<bool> woken{false};
  };

  void Run();
  void StepAll();
  MonotonicInstant NextWake();
  bool AllStopped() const;
  void WaitUntil(MonotonicInstant when);

  const MonotonicClock* clock_;
  const std::string name_;
  std::vector<Stepped*> stepped_;
  const std::shared_ptr<Signal> signal_ = std::make_shared<Signal>();
  std::atomic<bool> draining_{false};
  std::atomic<bool> abandon_{false};
  std::atomic<MonotonicInstant> due_{MonotonicInstant::Never()};  // to go on
  bool all_stopped_ = false;                                      // guarded by signal_->mutex
  std::condition_variable stopped_;
  std::thread thread_;
};

}  // namespace meridian
