#include "libs/rpc/deadline_timer.h"

#include <algorithm>
#include <chrono>

namespace meridian::rpc {
namespace {

int64_t MonotonicNow() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// Longer waits are cut to this, so that sums stay far from overflow.
constexpr Duration kLongestDelay = Duration::Hours(24 * 366);

}  // namespace

DeadlineTimer::DeadlineTimer() : thread_([this] { Run(); }) {}

DeadlineTimer::~DeadlineTimer() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

DeadlineTimer::Id DeadlineTimer::After(Duration delay, std::function<void()> call) {
  int64_t deadline = MonotonicNow() + std::clamp(delay, Duration::Zero(), kLongestDelay).ns;
  std::lock_guard lock(mutex_);
  Id id = next_id_++;
  auto added = waiting_.emplace(Deadline{deadline, id}, std::move(call)).first;
  deadlines_.emplace(id, deadline);
  if (added == waiting_.begin()) changed_.notify_one();
  return id;
}

void DeadlineTimer::Cancel(Id id) {
  std::function<void()> dropped;  // destroyed outside the lock
  std::lock_guard lock(mutex_);
  auto found = deadlines_.find(id);
  if (found == deadlines_.end()) return;
  auto waiting = waiting_.find({found->second, id});
  dropped = std::move(waiting->second);
  waiting_.erase(waiting);
  deadlines_.erase(found);
}

void DeadlineTimer::Run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (waiting_.empty()) {
      changed_.wait(lock);
      continue;
    }
    auto first = waiting_.begin();
    int64_t wait = first->first.first - MonotonicNow();
    if (wait > 0) {
      changed_.wait_for(lock, std::chrono::nanoseconds(wait));
      continue;
    }
    std::function<void()> call = std::move(first->second);
    deadlines_.erase(first->first.second);
    waiting_.erase(first);
    lock.unlock();
    call();
    call = nullptr;
    lock.lock();
  }
}

}  // namespace meridian::rpc
