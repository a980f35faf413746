// Calls a function at once and then again and again, on the timer's thread, until it is destroyed; the destructor waits
// for a call that runs, so it must not run inside one. For looking after what tells nothing by itself.
#pragma once

#include <functional>
#include <memory>

#include "libs/base/time.h"
#include "libs/rpc/deadline_timer.h"

namespace meridian {

class Periodic {
 public:
  // `call` must not block; `timer` outlives this.
  Periodic(rpc::DeadlineTimer* timer, Duration interval, std::function<void()> call);
  ~Periodic();
  Periodic(const Periodic&) = delete;
  Periodic& operator=(const Periodic&) = delete;

 private:
  struct State;
  const std::shared_ptr<State> state_;
};

}  // namespace meridian
