// A process of a world that owns a shard, or waits to: its clocks, its way to the store, and the steps of what it runs.
// Crashing takes all it had in memory; it starts anew with empty hands.
#pragma once

#include <memory>
#include <string>

#include "libs/runtime/shard_lifecycle.h"
#include "libs/runtime/stepped.h"
#include "tests/simulation/worlds/party.h"
#include "tests/simulation/worlds/store_link.h"
#include "tests/simulation/worlds/world_clock.h"

namespace meridian::worlds {

class Process : public Party {
 public:
  Process(Schedule& schedule, StoreRoads& roads, std::string name);

  void Start();
  // Dies now, and starts again after `down`.
  void Crash(Duration down);
  // For good: the world ends.
  void Stop();
  // Faults have begun or ended.
  void FollowMix() {
    if (link_ != nullptr) link_->FollowMix();
  }
  WorldClock& clock() { return clock_; }
  uint64_t lives() const { return lives_; }

  // What may not break inside, as far as this process can tell.
  virtual void CheckInside() = 0;
  virtual bool serving() const = 0;

 protected:
  static constexpr Duration kLease = Duration::Seconds(3);

  // Makes what the process runs, over link().
  virtual Stepped* Build() = 0;
  virtual void Launch() = 0;
  virtual void Destroy() = 0;

  // What it calls itself in leases: another one in each life.
  std::string OwnerName() const { return name() + "-" + std::to_string(lives_); }
  StoreLink* link() const { return link_.get(); }
  ShardPorts ports() { return {link(), link(), clock_.monotonic(), clock_.wall()}; }

 private:
  void Wake(Duration delay);
  void Step();

  StoreRoads& roads_;
  WorldClock clock_;
  uint64_t lives_ = 0;
  std::unique_ptr<StoreLink> link_;
  Stepped* stepped_ = nullptr;
  Duration next_step_;  // the only one that counts of those in the schedule
  bool step_due_ = false;
};

}  // namespace meridian::worlds
