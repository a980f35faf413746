// ShardPlacement in memory, for the processes of a test that share one: what the Redis store keeps in its server.
// Any thread; callbacks come inside the call.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "libs/runtime/clock.h"
#include "libs/runtime/shard_placement.h"
#include "libs/store/placement_watchers.h"

namespace meridian {

class MemoryPlacement final : public ShardPlacement {
 public:
  // The clock must outlive the table; with nullptr time stands still and no process dies.
  explicit MemoryPlacement(const MonotonicClock* clock) : clock_(clock) {}

  void FixCount(ShardKind kind, uint32_t count, absl::AnyInvocable<void(absl::StatusOr<uint32_t>)> done) override;
  void FixRegion(std::string region, absl::AnyInvocable<void(absl::StatusOr<std::string>)> done) override;
  void Announce(ShardProcess process, Duration ttl, absl::AnyInvocable<void(absl::Status)> done) override;
  void Leave(ShardKind kind, std::string address, absl::AnyInvocable<void(absl::Status)> done) override;
  void Wish(ShardId shard, std::string address, absl::AnyInvocable<void(absl::Status)> done) override;
  void View(absl::AnyInvocable<void(absl::StatusOr<PlacementView>)> done) override;
  std::unique_ptr<Subscription> Watch(std::function<void()> on_change) override;

  // Of the directory beside it: a tenant was assigned.
  void NoteAssignment();

 private:
  struct Entry {
    ShardProcess process;
    MonotonicInstant expires;
  };

  MonotonicInstant Now() const { return clock_ == nullptr ? MonotonicInstant{} : clock_->Now(); }

  const MonotonicClock* const clock_;
  PlacementWatchers watchers_;
  std::mutex mutex_;  // for all below
  std::map<ShardKind, uint32_t> counts_;
  std::string region_;  // empty: not fixed
  std::map<std::pair<ShardKind, std::string>, Entry> processes_;
  std::map<ShardId, std::string> wishes_;
  uint64_t assignments_ = 0;
};

}  // namespace meridian
