#include "tests/benchmark/platform/pace.h"

#include <sys/prctl.h>

#include <chrono>
#include <random>
#include <thread>

namespace meridian::load {

void SleepUntil(int64_t monotonic_ns) {
  const int64_t left = monotonic_ns - MonotonicNs();
  // lint: allow sleep: the pace of a load is made of sleeps, and other processes can only be polled
  if (left > 0) std::this_thread::sleep_for(std::chrono::nanoseconds(left));
}

void PaceOpenLoop(int64_t rate, uint64_t seed, int64_t end_ns, const Arrive& arrive) {
  prctl(PR_SET_TIMERSLACK, 1);  // nanoseconds: the default of 50 µs would be seen in the latencies
  std::mt19937_64 random(seed);
  std::exponential_distribution<double> gap(static_cast<double>(rate) / 1e9);
  for (int64_t due = MonotonicNs(); due < end_ns; due += static_cast<int64_t>(gap(random))) {
    SleepUntil(due);
    arrive(due);
  }
}

void ClosedLoop::Run(int64_t outstanding, int64_t end_ns) {
  end_ns_ = end_ns;
  for (int64_t i = 0; i < outstanding; ++i) arrive_(MonotonicNs());
  SleepUntil(end_ns);
}

void ClosedLoop::End() {
  const int64_t now = MonotonicNs();
  if (now < end_ns_) arrive_(now);
}

}  // namespace meridian::load
