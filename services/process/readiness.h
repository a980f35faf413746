// Whether the process can do its work, by what it depends on: it is ready while each of these is there and it does not
// drain. What /readyz, gRPC's health and the start go by. Any thread.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>

#include "absl/status/status.h"
#include "libs/base/time.h"
#include "libs/runtime/shard_lifecycle.h"

namespace meridian {

class Readiness {
 public:
  // Away until the first Tell says otherwise: "shard routing-0", "link to session". Before the process serves.
  void Expect(const std::string& dependency);
  // The same of a shard that this process is to own.
  void Expect(ShardId shard);

  // `state` is one or a few words, seen by everyone who asks /readyz; `why` is for the log and the start.
  void Tell(const std::string& dependency, bool there, const std::string& state, const absl::Status& why);
  // As ShardHooks::on_state tells it.
  void OnShardState(ShardId shard, ShardState state, const absl::Status& why);
  // Not ready from now on, whatever is there.
  void BeginDrain();

  bool ready() const;
  // {"status":"ready"}, or "not_ready" with each dependency that is away, or "draining".
  std::string ToJson() const;
  // OK when all is there; else what is missing after `patience`, at once when a shard has failed for good. Blocks.
  absl::Status AwaitReady(Duration patience);
  // `tell` is called at once and with each change, never after another Follow returned; it must not block or call back.
  void Follow(std::function<void(bool ready)> tell);

 private:
  struct Dependency {
    bool there = false;
    bool failed = false;  // for good
    std::string state = "not there yet";
    absl::Status why;  // it is away
  };

  // These under mutex_.
  bool IsReady() const;
  absl::Status Missing() const;
  template <class Change>
  void Apply(Change change);

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, Dependency> dependencies_;
  bool draining_ = false;
  std::function<void(bool)> tell_;
};

}  // namespace meridian
