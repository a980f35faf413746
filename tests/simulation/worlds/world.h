// A region in virtual time on one thread: owners of a routing and a session shard over one store, gateways, agents and
// customers, and what goes wrong between them. All of the first minutes it lives with the faults of its mix; then they
// are healed, and all that waits has to be served.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/simulation/worlds/agent.h"
#include "tests/simulation/worlds/customer.h"
#include "tests/simulation/worlds/gateway.h"

namespace meridian::worlds {

struct WorldOptions {
  uint64_t seed = 1;
  Mix mix;
  bool trace = false;
  size_t customers = 8;
  // Befalls the commit that is the n-th of the world, from 1.
  Strike strike = Strike::kNone;
  uint64_t strike_at = 0;
};

struct Outcome {
  uint64_t digest = 0;
  uint64_t events = 0;  // of the schedule
  uint64_t commits = 0;
  Duration took;                        // virtual
  std::vector<std::string> violations;  // empty: all is well
};

class World {
 public:
  explicit World(WorldOptions options);
  ~World();

  Outcome Run();

 private:
  void Build();
  void PublishConfig();
  void PlanFaults();
  // Calls `what` again and again while faults are on.
  void Every(Duration mean, std::function<void()> what);
  void RunFor(Duration time);
  void Heal();
  bool Quiet();
  void AwaitQuiet(Duration bound);
  void CheckWaiting();
  void ReadBack();
  Process& AnyProcess();
  Strike StrikeOf(const CommitRequest& request);

  const WorldOptions options_;
  Schedule schedule_;
  WorldClock store_clock_;
  MemoryStore store_;
  Judge judge_;
  Network network_;
  StoreRoads roads_;
  std::unique_ptr<EventLog::Subscription> watch_;
  LogPosition logged_;
  std::vector<std::unique_ptr<RoutingOwner>> routing_;
  std::vector<std::unique_ptr<SessionOwner>> session_;
  std::vector<std::unique_ptr<Gateway>> gateways_;
  std::vector<std::unique_ptr<Agent>> agents_;
  std::vector<std::unique_ptr<Customer>> customers_;
  std::unique_ptr<Party> operator_;
  std::unique_ptr<RoutingFromAfar> operators_routing_;
  std::unique_ptr<SessionFromAfar> operators_session_;
  uint64_t arrived_commits_ = 0;
};

}  // namespace meridian::worlds
