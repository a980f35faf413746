// How many calls to one target may be made again: a share of the calls that were made, and a few per second for a
// target that gets few. What lies beyond is not to be tried again, so that a target in trouble is not asked ever more.
// What is not used is kept, up to `most`. Time is an argument. Not thread-safe: its owner's lock guards it.
#pragma once

#include <algorithm>
#include <cstdint>

#include "libs/runtime/clock.h"

namespace meridian {

class RetryBudget {
 public:
  struct Limit {
    int64_t permille_of_calls = 100;
    int64_t per_second = 10;
    int64_t most = 1000;
  };

  RetryBudget() : RetryBudget(Limit()) {}
  // Begins with what ten seconds without calls would give.
  explicit RetryBudget(Limit limit) : limit_(limit), permille_(std::min(10 * limit.per_second, limit.most) * 1000) {}

  // A call was made for the first time.
  void OnCall() { Add(limit_.permille_of_calls); }
  // Whether one may be made again; if so it is counted.
  bool TryAgain(MonotonicInstant now) {
    if (now > filled_at_) {
      const int64_t per_permille = Duration::Seconds(1).ns / (limit_.per_second * 1000);
      const int64_t gained = filled_at_ == MonotonicInstant() ? 0 : (now - filled_at_).ns / per_permille;
      filled_at_ = filled_at_ == MonotonicInstant() ? now : filled_at_ + Duration::Nanoseconds(gained * per_permille);
      Add(gained);
    }
    if (permille_ < 1000) return false;
    permille_ -= 1000;
    return true;
  }

 private:
  void Add(int64_t permille) { permille_ = std::min(permille_ + permille, limit_.most * 1000); }

  const Limit limit_;
  int64_t permille_;  // of a call
  MonotonicInstant filled_at_;
};

}  // namespace meridian
