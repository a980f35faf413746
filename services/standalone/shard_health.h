// Whether the process can do its work: it can while every shard that it owns is served. For /healthz, gRPC's health and
// the start. Any thread.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <vector>

#include "absl/status/status.h"
#include "libs/base/time.h"
#include "libs/runtime/shard_lifecycle.h"

namespace meridian {

class ShardHealth {
 public:
  explicit ShardHealth(const std::vector<ShardId>& shards);

  // As ShardHooks::on_state tells it.
  void OnState(ShardId shard, ShardState state, const absl::Status& why);
  bool serving() const;
  // OK when all are served; else what is missing after `patience`, at once when a shard has failed for good. Blocks.
  absl::Status AwaitServing(Duration patience);
  // `tell` is called at once and with each change, never after another Follow returned; it must not block or call back.
  void Follow(std::function<void(bool serving)> tell);

 private:
  struct Shard {
    ShardState state = ShardState::kStopped;
    absl::Status why;  // it is not served
  };

  bool AllServe() const;  // these under mutex_
  absl::Status Missing() const;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<ShardId, Shard> shards_;
  std::function<void(bool)> tell_;
};

}  // namespace meridian
