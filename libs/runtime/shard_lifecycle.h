// The part of a shard loop that does not depend on its Program: lease → term → paged load → serving, and the way back
// after every failure (architecture §3, "Commit outcomes").
//
//   kStopped ─Start→ kAcquiring → kTakingTerm → kLoading → kServing ─RequestStop→ kDraining → kStopped
//   kServing ─commit refused (wrong number, too large, broken)→ kTakingTerm
//   kServing ─no space, read-only→ kSuspended: an empty commit is tried each second ─it succeeds→ kLoading
//   kServing ─LeaveTermBelow→ kLost
//   any ─lease gone, wrong term→ kLost ─after a while→ kAcquiring; kDraining → kStopped
//   kLoading ─a record cannot be read→ kFailed: final until the next Start
//
// A lease that lapsed while the process stood still is renewed, unless another owner has taken it meanwhile.
//
// Owned by the shard loop and called by its thread only, but for state().
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "libs/runtime/commit_chain.h"
#include "libs/runtime/lease_keeper.h"
#include "libs/runtime/shard_program.h"

namespace meridian {

enum class ShardState : uint8_t {
  kStopped,
  kAcquiring,
  kTakingTerm,
  kLoading,
  kServing,
  kSuspended,
  kDraining,
  kLost,
  kFailed,
};
std::string_view ToString(ShardState state);

// What the lifecycle drives; called on the owner's thread.
class ShardHost {
 public:
  virtual ~ShardHost() = default;
  virtual std::vector<uint8_t> LiveTables() const = 0;
  virtual void BeginLoad() = 0;
  virtual absl::Status Restore(const Record& record) = 0;
  virtual absl::Status FinishLoad(const TermGrant& grant) = 0;
  // The chain broke: what is not durable by now never will be (or, with NOT_OWNER, is not known to be).
  virtual void Dropped(const absl::Status& reason) = 0;
};

struct ShardPorts {
  ShardStore* store = nullptr;
  ShardLeases* leases = nullptr;
  const MonotonicClock* monotonic = nullptr;
  const WallClock* wall = nullptr;
};

struct ShardIdentity {
  ShardId shard;
  std::string owner;   // the process, e.g. "standalone-4711"
  uint64_t nonce = 1;  // random per process; rises by one with each Start
  Duration lease_ttl = Duration::Seconds(10);
};

class ShardLifecycle {
 public:
  static constexpr Duration kProbeInterval = Duration::Seconds(1);
  static constexpr Duration kFirstRetry = Duration::Milliseconds(50);
  static constexpr Duration kLongestRetry = Duration::Seconds(1);
  // Between the loss of a shard and the next attempt to own it; doubled until it is loaded again.
  static constexpr Duration kFirstRestart = Duration::Milliseconds(100);
  static constexpr Duration kLongestRestart = Duration::Seconds(30);

  ShardLifecycle(ShardIdentity identity, ShardPorts ports, std::shared_ptr<CompletionQueue> completions,
                 ShardHost* host);

  // Called on each change of state with why (OK when nothing went wrong), on the owner's thread.
  void SetObserver(std::function<void(ShardState, const absl::Status&)> observer) { observer_ = std::move(observer); }

  void Start();
  // While serving: drains; Finish() ends it. Otherwise stops at once.
  void Stop();
  void Finish();

  // While serving a term below `known`, which another shard has heard of: the term is given up for one
  // above it. So a process whose successor has taken over finds out, and an owner whose term is below one that was lost
  // with the store's tail (clocks differ) is heard again.
  void LeaveTermBelow(uint64_t known);

  // Settles what has come and sends what is due.
  void Tick();
  MonotonicInstant NextWake() const;

  ShardState state() const { return state_.load(std::memory_order_acquire); }  // any thread
  // Why it is suspended, lost or failed, or cannot become loaded: the answer to commands meanwhile. OK while it is not
  // known that they would wait for long.
  const absl::Status& refusal() const { return refusal_; }
  // May answers leave?
  bool HoldsLease() const { return lease_.Holds(); }
  CommitChain& chain() { return chain_; }
  const CommitChain& chain() const { return chain_; }

 private:
  void Enter(ShardState state, const absl::Status& why = absl::OkStatus());
  void Acquire();
  void AwaitLease();
  void TakeTerm();
  void OnTerm(absl::StatusOr<TermGrant> grant);
  void BeginLoad();
  void LoadPage(std::string cursor);
  void OnPage(absl::StatusOr<struct LoadPage> page);
  void FinishLoad();
  void OnBreak(const CommitChain::Break& reason);
  void Suspend(const CommitChain::Break& reason);
  void Probe();
  void Lose(const absl::Status& why);
  void Fail(const absl::Status& why);
  void Abandon(const absl::Status& why);
  void RetryAfterFailure(void (ShardLifecycle::*action)(), const absl::Status& why);

  const ShardIdentity identity_;
  const ShardPorts ports_;
  const std::shared_ptr<CompletionQueue> completions_;
  ShardHost* const host_;
  std::function<void(ShardState, const absl::Status&)> observer_;

  std::atomic<ShardState> state_{ShardState::kStopped};
  absl::Status refusal_;
  uint64_t starts_ = 0;
  bool told_of_wait_ = false;  // of another owner's lease
  uint64_t generation_ = 0;    // answers asked for under an older one are ignored
  TermGrant grant_;
  uint64_t known_term_ = 0;  // the next term lies above it
  LeaseKeeper lease_;
  CommitChain chain_;
  uint64_t probe_number_ = 0;  // of the empty commit under way; 0: none
  uint64_t served_from_ = 0;   // the head when serving began: progress beyond it ends a row of failures
  Duration retry_delay_ = kFirstRetry;
  Duration restart_delay_ = kFirstRestart;
  MonotonicInstant retry_at_ = MonotonicInstant::Never();
  void (ShardLifecycle::*retry_)() = nullptr;
};

}  // namespace meridian
