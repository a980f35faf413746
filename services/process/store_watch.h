// Tells Readiness whether the store answers: asks it for one log's state, twice a second and never again before it has
// answered. A store that has not answered for 2 s is away, also when it will: what a shard commits meanwhile waits as
// long. Made after the store and destroyed before it; main thread.
#pragma once

#include <memory>

#include "libs/runtime/clock.h"
#include "libs/runtime/event_log.h"
#include "services/process/periodic.h"
#include "services/process/readiness.h"

namespace meridian {

class StoreWatch {
 public:
  // All outlive it. The log need not hold anything.
  StoreWatch(rpc::DeadlineTimer* timer, const MonotonicClock* clock, EventLog* log, ShardId shard,
             Readiness* readiness);
  ~StoreWatch();

 private:
  struct State;
  const std::shared_ptr<State> state_;
  const Periodic look_;
};

}  // namespace meridian
