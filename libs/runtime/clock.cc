#include "libs/runtime/clock.h"

#include <ctime>

#include "libs/base/check.h"

namespace meridian {
namespace {

int64_t Read(clockid_t id) {
  timespec time{};
  MERIDIAN_CHECK(clock_gettime(id, &time) == 0);
  return static_cast<int64_t>(time.tv_sec) * 1000000000 + time.tv_nsec;
}

}  // namespace

MonotonicInstant SystemMonotonicClock::Now() const { return {Read(CLOCK_BOOTTIME)}; }

Instant SystemWallClock::Now() const { return {Read(CLOCK_REALTIME)}; }

}  // namespace meridian
