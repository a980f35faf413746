// Says when what a server has applied is as durable as the store promises: writes a marker behind it and waits for the
// replicas with WAIT, on a connection of its own. One marker at a time; what is applied meanwhile waits for the next,
// so one wait serves many commits.
//
// A marker is a small write, so that WAIT, which speaks of the writes of its own connection, speaks of everything
// before it: replication is one ordered stream. Its answer names the server process as a primary: from another one, or
// one that was a replica in between, the wait would say nothing of what was applied.
// Lives on the store's I/O thread.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "libs/store/redis_link.h"

namespace meridian {

enum class RedisReplication {
  kDone,   // as durable as promised
  kShort,  // too few replicas have it yet
  kLost,   // the server was lost meanwhile: unknown
};

class RedisDurabilityLane {
 public:
  using Done = absl::AnyInvocable<void(RedisReplication)>;

  // Both must outlive the lane.
  RedisDurabilityLane(const RedisOptions& options, RedisLink* link);

  // What the link's server has applied and answered before this call; `base` names any shard that lies on it. kShort
  // after one wait in vain, or after as many as begin within `patience`. Inside the call where the store promises no
  // more than that.
  void Await(const std::string& base, Done done, Duration patience = Duration::Zero());
  // For a caller that would only ask again: waits for as long as for any answer.
  void AwaitPatiently(const std::string& base, Done done) { Await(base, std::move(done), options_.command_timeout); }

  // Of the link.
  void OnDown();
  // Sends the next marker.
  void Tick();

  int64_t markers() const { return markers_; }

  MonotonicInstant NextWake() const {
    return busy_ || waiting_.empty() ? MonotonicInstant::Never() : MonotonicInstant{};
  }

 private:
  struct Waiter {
    Done done;
    MonotonicInstant until;
  };

  void OnMarker(RedisReply reply);
  void OnWait(RedisReply reply);
  void Settle(RedisReplication how);

  const RedisOptions& options_;
  RedisLink* const link_;
  std::string base_;
  std::vector<Waiter> waiting_;
  std::vector<Waiter> under_way_;
  bool busy_ = false;
  bool marked_ = false;  // by the server that the link leads to
  int64_t markers_ = 0;
};

}  // namespace meridian
