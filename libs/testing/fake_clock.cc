#include "libs/testing/fake_clock.h"

namespace meridian::testing {

FakeClock::FakeClock(Instant wall) {
  monotonic_.now = Duration::Hours(1).ns;
  wall_.now = wall.ns;
}

void FakeClock::Advance(Duration by) {
  monotonic_.now += by.ns;
  wall_.now += by.ns;
}

}  // namespace meridian::testing
