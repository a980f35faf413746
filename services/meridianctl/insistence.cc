#include "services/meridianctl/insistence.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "libs/rpc/error.h"

namespace meridian::ctl {
namespace {

constexpr Duration kFirstPause = Duration::Milliseconds(100);
constexpr Duration kLongestPause = Duration::Seconds(2);

}  // namespace

Insistence::Time Insistence::RealTime() {
  static const SystemMonotonicClock clock;
  return {
      &clock, [](Duration length) {
        std::this_thread::sleep_for(std::chrono::nanoseconds(length.ns));  // lint: allow sleep: between two attempts
      }};
}

absl::Status Insistence::Until(const std::string& what, const std::function<absl::Status()>& attempt) {
  Progress();
  std::string told;
  Duration pause = kFirstPause;
  while (true) {
    const MonotonicInstant began = since_;
    absl::Status status = attempt();
    if (!absl::IsUnavailable(status)) return status;
    if (since_ != began) pause = kFirstPause;
    const Duration left = since_ + patience_ - time_.clock->Now();
    if (left <= Duration::Zero()) return status;
    const std::string why = rpc::ShownReason(status) + ": " + std::string(status.message());
    if (why != told) console_.err << "waiting for " << what << ": " << why << "\n" << std::flush;
    told = why;
    time_.pause(std::min(pause, left));
    pause = std::min(pause + pause, kLongestPause);
  }
}

}  // namespace meridian::ctl
