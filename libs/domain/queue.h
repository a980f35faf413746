// Queues as configured: the line's promises and what happens around an offer. Values, any thread.
#pragma once

#include <cstdint>

#include "libs/base/entity_id.h"
#include "libs/base/time.h"
#include "libs/domain/names.h"

namespace meridian {

inline constexpr uint32_t kDefaultMaxWaiting = 100000;

// What follows when agents let offers time out. Always a cool-down that ends by itself: an agent is never parked for
// ever, and while another agent can take the contact it is not offered back to the one who let it pass.
struct NoAnswerPolicy {
  uint8_t strikes = 3;                         // timed-out offers in a row before the cool-down; 0: never one
  Duration cool_down = Duration::Seconds(60);  // no offers to the agent for so long
  bool rejects_count = false;                  // a reject is a strike too

  friend bool operator==(const NoAnswerPolicy&, const NoAnswerPolicy&) = default;
};

// So many of a thousand contacts reach an agent within the time.
struct ServiceLevelTarget {
  uint16_t permille = 800;
  Duration within = Duration::Seconds(20);

  friend bool operator==(const ServiceLevelTarget&, const ServiceLevelTarget&) = default;
};

// After-contact work: capacity stays taken until the agent is done, at the longest for `longest`.
struct WrapUpRule {
  Duration longest;  // zero: none, the contact completes when the talk ends

  bool none() const { return longest == Duration::Zero(); }
  friend bool operator==(const WrapUpRule&, const WrapUpRule&) = default;
};

struct QueueConfig {
  QueueId id;
  Duration offer_timeout = Duration::Seconds(20);  // from delivery
  NoAnswerPolicy no_answer;
  ServiceLevelTarget target;
  WrapUpRule wrap_up;
  uint32_t max_waiting = kDefaultMaxWaiting;                // more are refused as full
  Duration max_wait = Duration::Hours(24);                  // then the contact expires
  Duration time_per_priority_point = Duration::Minutes(1);  // see VirtualStart in plan.h
  ZoneName zone;                                            // of the opening hours; empty when always open
  ShiftGroupId opening_hours;                               // read in `zone`; empty: always open

  friend bool operator==(const QueueConfig&, const QueueConfig&) = default;
};

}  // namespace meridian
