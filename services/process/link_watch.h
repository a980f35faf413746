// Tells Readiness which kinds of service this process reaches over its links: looks every 250 ms, and connects where it
// is not connected. A kind is there while one of its processes is: the others' tenants are served by those that live.
// Made after the clients that it asks and destroyed before them; main thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "libs/link/link_router.h"
#include "libs/rpc/deadline_timer.h"
#include "services/process/readiness.h"

namespace meridian {

class LinkWatch {
 public:
  using Probe = std::function<LinkRouter::Reach()>;

  // `timer` and `readiness` outlive it. `kinds`: "routing" and how to reach it.
  LinkWatch(rpc::DeadlineTimer* timer, Readiness* readiness, std::vector<std::pair<std::string, Probe>> kinds);
  // No probe runs any more.
  ~LinkWatch();

 private:
  struct State;
  const std::shared_ptr<State> state_;
};

}  // namespace meridian
