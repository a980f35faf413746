// Something that does its work when it is stepped: a shard loop, a log follower. Who steps it (a ShardThread in a
// process, a fault world in a test) owns its time and its order.
#pragma once

#include <functional>

#include "libs/runtime/clock.h"

namespace meridian {

class Stepped {
 public:
  virtual ~Stepped() = default;

  // `waker` is called on any thread when Step has something to do, and by late callbacks also after the end of this
  // object: it owns what it needs, and must not block. Once, before the first Step.
  virtual void SetWaker(std::function<void()> waker) = 0;
  // Does what can be done now, without waiting. True: step again at once. The owner's thread.
  virtual bool Step() = 0;
  // When to step again though nobody wakes; Never() when only a wake makes it useful. The owner's thread.
  virtual MonotonicInstant NextWake() = 0;
  // Any thread: stop taking work, finish what is in flight, then be stopped. Idempotent.
  virtual void RequestStop() = 0;
  // The owner's thread.
  virtual bool stopped() const = 0;
};

}  // namespace meridian
