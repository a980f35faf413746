#include "libs/runtime/shard_thread.h"

#include <algorithm>
#include <chrono>

#include "libs/base/check.h"
#include "libs/runtime/thread_name.h"

namespace meridian {

ShardThread::~ShardThread() {
  abandon_ = true;
  Wake();
  if (thread_.joinable()) thread_.join();
}

void ShardThread::Add(Stepped* stepped) {
  MERIDIAN_CHECK(!thread_.joinable());
  stepped->SetWaker([signal = signal_] { signal->Wake(); });
  stepped_.push_back(stepped);
}

void ShardThread::Start() {
  thread_ = std::thread([this] { Run(); });
}

bool ShardThread::Drain(Duration patience) {
  for (Stepped* stepped : stepped_) stepped->RequestStop();
  draining_ = true;
  Wake();
  bool stopped = false;
  if (thread_.joinable()) {
    std::unique_lock<std::mutex> lock(signal_->mutex);
    stopped = stopped_.wait_for(lock, std::chrono::nanoseconds(patience.ns), [this] { return all_stopped_; });
  }
  abandon_ = true;
  Wake();
  if (thread_.joinable()) thread_.join();
  return stopped;
}

void ShardThread::Signal::Wake() {
  // Only the first of many wakes pays for the lock.
  if (woken.exchange(true)) return;
  // Once the lock was had, the thread has seen `woken` or waits; notified under it, it would wake only to wait for it.
  { std::lock_guard<std::mutex> lock(mutex); }
  wake.notify_one();
}

void ShardThread::Run() {
  NameThisThread(name_);
  while (!abandon_) {
    // Cleared before stepping, so that what comes meanwhile is seen by the next wait.
    signal_->woken = false;
    StepAll();
    if (draining_ && AllStopped()) break;
    WaitUntil(NextWake());
  }
  due_.store(MonotonicInstant::Never(), std::memory_order_relaxed);
  std::lock_guard<std::mutex> lock(signal_->mutex);
  all_stopped_ = AllStopped();
  stopped_.notify_all();
}

void ShardThread::StepAll() {
  bool again = true;
  while (again && !abandon_) {
    again = false;
    due_.store(clock_->Now(), std::memory_order_relaxed);
    for (Stepped* stepped : stepped_) again = stepped->Step() || again;
  }
}

Duration ShardThread::LateBy() const {
  return std::max(clock_->Now() - due_.load(std::memory_order_relaxed), Duration::Zero());
}

MonotonicInstant ShardThread::NextWake() {
  MonotonicInstant next = MonotonicInstant::Never();
  for (Stepped* stepped : stepped_) next = std::min(next, stepped->NextWake());
  return next;
}

bool ShardThread::AllStopped() const {
  return std::all_of(stepped_.begin(), stepped_.end(), [](const Stepped* stepped) { return stepped->stopped(); });
}

void ShardThread::WaitUntil(MonotonicInstant when) {
  due_.store(when, std::memory_order_relaxed);
  std::unique_lock<std::mutex> lock(signal_->mutex);
  auto woken = [this] { return signal_->woken.load(); };
  if (when == MonotonicInstant::Never()) {
    signal_->wake.wait(lock, woken);
    return;
  }
  const Duration delay = when - clock_->Now();
  if (delay > Duration::Zero()) signal_->wake.wait_for(lock, std::chrono::nanoseconds(delay.ns), woken);
}

}  // namespace meridian
