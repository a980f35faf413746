// Tells Readiness which kinds of service this process reaches over its links: looks every 250 ms, and connects where it
// is not connected. A kind is there while one of its processes is: the others' tenants are served by those that live.
// Made after the clients that it asks and destroyed before them; main thread.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "libs/link/link_router.h"
#include "services/process/periodic.h"
#include "services/process/readiness.h"

namespace meridian {

class LinkWatch {
 public:
  using Probe = std::function<LinkRouter::Reach()>;
  using Kinds = std::vector<std::pair<std::string, Probe>>;  // "routing", and how to reach it

  // `timer` and `readiness` outlive it.
  LinkWatch(rpc::DeadlineTimer* timer, Readiness* readiness, Kinds kinds);

 private:
  void Look();

  Readiness& readiness_;
  const Kinds kinds_;
  const Periodic look_;
};

}  // namespace meridian
