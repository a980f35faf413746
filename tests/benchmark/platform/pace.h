// How arrivals follow one another. Open: a Poisson process, which does not wait for answers, so that a slow server is
// seen as slow by every contact that was due meanwhile. Closed: as many as are outstanding, each end makes the next.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <utility>

#include "tests/benchmark/platform/access.h"

namespace meridian::load {

void SleepUntil(int64_t monotonic_ns);

// Asks each millisecond until `condition` holds; false when it does not within `limit_ns`.
template <class Condition>
bool AwaitTrue(int64_t limit_ns, Condition condition);

using Arrive = std::function<void(int64_t arrival_ns)>;

// Calls `arrive` at each point of a Poisson process of `rate` per second until `end_ns`, on this thread.
void PaceOpenLoop(int64_t rate, uint64_t seed, int64_t end_ns, const Arrive& arrive);

class ClosedLoop {
 public:
  explicit ClosedLoop(Arrive arrive) : arrive_(std::move(arrive)) {}

  // Keeps `outstanding` on their way until `end_ns`, when it returns; `End` must be called once for each that ended.
  void Run(int64_t outstanding, int64_t end_ns);
  // Any thread. Does nothing outside Run.
  void End();

 private:
  const Arrive arrive_;
  std::atomic<int64_t> end_ns_ = 0;
};

template <class Condition>
bool AwaitTrue(int64_t limit_ns, Condition condition) {
  for (const int64_t end = MonotonicNs() + limit_ns; !condition(); SleepUntil(MonotonicNs() + 1'000'000)) {
    if (MonotonicNs() > end) return false;
  }
  return true;
}

}  // namespace meridian::load
