// A shard's chain of commits, seen from its writer: numbers them, keeps at most two in flight, and settles every
// outcome (architecture §3): durable; not yet replicated (asks LastCommit until it is; when that cannot answer it is
// unknown); unknown (waits for what is in flight, asks LastCommit, then goes on or sends again); refused (the chain is
// broken: its owner drops memory and reloads). Where the store may lose what it acknowledged, a chain at rest looks
// each second whether the store still holds its head: nobody else would notice before the next commit, and those who
// keep acknowledged commands to repeat them keep them for 30 s.
//
// Owned by the shard loop and called by its thread only; the store's callbacks reach it through the CompletionQueue.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "libs/runtime/clock.h"
#include "libs/runtime/completion_queue.h"
#include "libs/runtime/shard_store.h"

namespace meridian {

class CommitChain {
 public:
  static constexpr size_t kMaxInFlight = 2;
  static constexpr Duration kReplicationPoll = Duration::Milliseconds(20);
  static constexpr Duration kFirstRetry = Duration::Milliseconds(50);
  static constexpr Duration kLongestRetry = Duration::Seconds(1);
  static constexpr Duration kLookInterval = Duration::Seconds(1);

  CommitChain(ShardId shard, ShardStore* store, std::shared_ptr<CompletionQueue> completions,
              const MonotonicClock* clock);

  // Starts, or starts again, behind `last`; answers still under way for what was in flight are ignored.
  void Open(uint64_t term, const ChainHead& last);
  // No commit until the next Open.
  void Close();

  bool CanCommit() const { return open_ && !broken_ && !unknown_ && !resolving_ && in_flight_.size() < kMaxInFlight; }
  uint64_t term() const { return term_; }
  uint64_t next_number() const { return head_.number + in_flight_.size() + 1; }
  // Only when CanCommit().
  void Commit(std::vector<Record> puts, std::vector<RecordKey> deletes, std::string log_entry);

  // The newest durable commit; all before it are durable too.
  const ChainHead& durable() const { return head_; }
  size_t in_flight() const { return in_flight_.size(); }

  // Why the chain is broken, once nothing of it is under way any more: what lies above durable() was not written.
  struct Break {
    RefusalReason reason = RefusalReason::kNone;
    std::string detail;
  };
  const std::optional<Break>& broken() const { return settled_break_; }

  // Sends what is due (questions, repeats).
  void Tick();
  MonotonicInstant NextWake() const { return std::min(retry_at_, look_at_); }

 private:
  struct InFlight {
    std::shared_ptr<const CommitRequest> request;
    bool answered = false;
    bool durable = false;
    bool unreplicated = false;  // applied, and not yet as durable as promised
  };

  void Send(const std::shared_ptr<const CommitRequest>& request);
  void OnResult(uint64_t number, CommitResult result);
  void Settle();
  void PopDurable();
  void Ask();
  void OnHead(const absl::StatusOr<ChainHead>& head);
  void Resolve(const ChainHead& head);
  void Rest();
  void Look();
  void BreakBy(RefusalReason reason, std::string detail);
  bool AllAnswered() const;
  bool AnyUnreplicated() const;
  void RetryAfter(Duration delay);

  const ShardId shard_;
  ShardStore* const store_;
  const std::shared_ptr<CompletionQueue> completions_;
  const MonotonicClock* const clock_;

  bool open_ = false;
  uint64_t generation_ = 0;  // of Open; older answers are ignored
  uint64_t term_ = 0;
  ChainHead head_;
  std::deque<InFlight> in_flight_;  // numbers head_.number + 1 …
  bool unknown_ = false;            // an outcome in flight is unknown
  bool resolving_ = false;          // nothing new is sent until the store's head is known
  bool asking_ = false;
  Duration retry_delay_;  // before the next question; zero for the first one
  MonotonicInstant retry_at_ = MonotonicInstant::Never();
  MonotonicInstant look_at_ = MonotonicInstant::Never();  // at rest only
  std::optional<Break> broken_;
  std::optional<Break> settled_break_;
};

}  // namespace meridian
