// Asks again, at longer and longer intervals, while what is asked cannot answer just now: a shard moves, a process
// starts. Says on `err` what it waits for. One thread.
#pragma once

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "libs/base/time.h"
#include "libs/runtime/clock.h"
#include "services/meridianctl/console.h"

namespace meridian::ctl {

inline constexpr Duration kPatience = Duration::Seconds(30);

class Insistence {
 public:
  struct Time {
    const MonotonicClock* clock = nullptr;
    std::function<void(Duration)> pause;
  };
  static Time RealTime();

  // Gives up when nothing has come of it for `patience`.
  Insistence(Duration patience, const Console& console, Time time = RealTime())
      : patience_(patience), console_(console), time_(std::move(time)) {}

  // What the last attempt said: OK, a refusal of any kind, or UNAVAILABLE when it was given up. `what`: "the events".
  absl::Status Until(const std::string& what, const std::function<absl::Status()>& attempt);

  // Of an attempt that takes long: something came, so the patience begins anew.
  void Progress() { since_ = time_.clock->Now(); }

 private:
  const Duration patience_;
  const Console& console_;
  const Time time_;
  MonotonicInstant since_;
};

}  // namespace meridian::ctl
