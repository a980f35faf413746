// A process's part in the placement of one kind of shards: says that the process lives and what it holds, follows the
// map, takes the shards that its plan gives to it, and gives away what is over its share.
//
//   ShardKeeper keeper({.kind = …, .address = …}, {&placement, &map, …, .open = …, .close = …});
//   … each shard's changes of state: keeper.OnState(shard, state)
//   keeper.Start();
//   … keeper.Leave(limit): hands all over
//
// OnState, Check: any thread. The rest: the thread that owns it. `open` and `close` come on a thread of the keeper's,
// one at a time; the destructor waits for one that runs.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "libs/placement/placed_shard_map.h"
#include "libs/runtime/shard_lifecycle.h"
#include "libs/runtime/worker_thread.h"

namespace meridian {

struct ShardKeeperOptions {
  ShardKind kind = ShardKind::kRouting;
  std::string address;  // where callers reach this process
  std::string trust;    // ShardProcess::trust
  Duration ttl = kProcessTtl;
  Duration announce = Duration::Milliseconds(300);  // how often it is heard of
};

struct ShardKeeperPorts {
  ShardPlacement* placement = nullptr;
  PlacedShardMap* map = nullptr;
  rpc::DeadlineTimer* timer = nullptr;
  const MonotonicClock* monotonic = nullptr;
  // Begins to take a shard, which is not open; its states follow.
  std::function<void(uint32_t)> open;
  // Gives shards away: each finishes what is in flight, releases its lease and then says kStopped, if it has not yet.
  std::function<void(const std::vector<uint32_t>&)> close;
  // Whether what steps the shard hangs: then the process does not say that it holds it, so that another takes it once
  // its lease is over, and gives away the others, as one that leaves, until it goes on. Under the keeper's lock: must
  // not block or call back. May be null.
  std::function<bool(uint32_t)> hangs;
  // The placement has the process, or refuses it: OK or FAILED_PRECONDITION, each time that this changes. A process
  // that is refused takes nothing and gives away what it has. On a thread of the keeper's.
  std::function<void(const absl::Status&)> on_admitted;
};

class ShardKeeper {
 public:
  // What the ports name outlives the keeper.
  ShardKeeper(ShardKeeperOptions options, ShardKeeperPorts ports);
  ~ShardKeeper();

  void Start();
  void OnState(uint32_t shard, ShardState state);
  // Gives everything away and waits until others serve it, as long as there are others. Blocks, `limit` at most; false
  // when a shard had not stopped by then. After it the process is no part of the placement any more.
  bool Leave(Duration limit);
  // OK when the tenant's shard is held here; else NOT_OWNER naming who serves it. Any thread.
  absl::Status Check(const TenantId& tenant) const;
  // The shard is to be opened anew, here or elsewhere. Any thread, before Stop.
  void GiveBack(uint32_t shard);
  // Takes and gives nothing any more. Idempotent; the destructor's first act.
  void Stop();

 private:
  enum class Held : uint8_t { kTaking, kServing, kGiving };
  // How the timer finds the keeper: null once it has stopped.
  struct Lifeline {
    std::mutex mutex;
    ShardKeeper* keeper = nullptr;
  };

  // What the placement answered last to what the process says of itself. The answer may outlive the keeper.
  struct Admission {
    std::mutex mutex;
    absl::Status status = absl::UnavailableError("not announced yet");
  };

  void Reconcile();
  ShardProcess Describe() const;
  void Announce();
  bool IsAdmitted();
  void AnnounceLater();
  void Poke();
  bool OthersServe(const std::vector<uint32_t>& shards) const;

  const ShardKeeperOptions options_;
  const ShardKeeperPorts ports_;
  mutable std::mutex mutex_;  // for all below
  std::condition_variable changed_;
  bool stopped_ = false;
  bool leaving_ = false;
  std::map<uint32_t, Held> held_;
  const std::shared_ptr<Admission> admission_;
  absl::Status told_ = absl::UnavailableError("nothing");  // of the admission; the worker's
  std::shared_ptr<Lifeline> lifeline_;
  std::unique_ptr<ShardMap::Watch> watch_;
  std::unique_ptr<WorkerThread> worker_;
};

}  // namespace meridian
