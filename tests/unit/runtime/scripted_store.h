// A store under the test's hand: every call waits until Step runs it, and each commit's outcome can be told beforehand.
// Single-threaded.
#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "libs/runtime/clock.h"
#include "libs/runtime/shard_leases.h"
#include "libs/runtime/shard_store.h"

namespace meridian {

class ScriptedStore final : public ShardStore, public ShardLeases {
 public:
  enum class Fault { kNone, kRefuse, kUnknownApplied, kUnknownLost, kNotReplicated };

  explicit ScriptedStore(const MonotonicClock* clock) : clock_(clock) {}

  // The next commits that arrive meet these, in order; then none.
  void Expect(Fault fault, RefusalReason reason = RefusalReason::kNone) { faults_.push_back({fault, reason}); }
  // As long as it is set, every commit is refused for it.
  void RefuseAll(RefusalReason reason) { refuse_all_ = reason; }
  void SetNearlyFull(bool nearly_full) { nearly_full_ = nearly_full; }
  bool NearlyFull() const override { return nearly_full_; }
  // What was applied without being replicated is now.
  void Replicate() { replicated_ = head_; }
  // Another server takes over that had not got what was not replicated.
  void LoseUnreplicated(std::map<RecordKey, std::string> records) {
    head_ = replicated_;
    records_ = std::move(records);
    ++term_;
  }
  // LastCommit, TakeTerm and Load fail while it is set, with this.
  void SetDown(absl::Status why) { down_ = std::move(why); }
  void SetDown(bool down) { down_ = down ? absl::UnavailableError("down") : absl::OkStatus(); }
  void SetTailAtRisk(bool risk) { tail_at_risk_ = risk; }
  bool MayLoseAcknowledgedTail() const override { return may_lose_tail_; }
  void SetMayLoseTail(bool may) { may_lose_tail_ = may; }
  // Another process took the shard and has committed.
  void StealChain() { replicated_ = head_ = ChainHead{++term_, head_.number + 1, 1}; }
  // Another server takes over that had not got what followed `head`.
  void LoseTail(const ChainHead& head, std::map<RecordKey, std::string> records) {
    replicated_ = head;
    LoseUnreplicated(std::move(records));
  }

  // Runs the call that waits longest; false when none does.
  bool Step() {
    if (calls_.empty()) return false;
    auto call = std::move(calls_.front());
    calls_.pop_front();
    call();
    return true;
  }
  // The process died: what waits never arrives.
  void DropCalls() { calls_.clear(); }
  size_t waiting() const { return calls_.size(); }

  // Another process takes the shard.
  void StealTerm() { ++term_; }
  void StealLease() {
    holder_ = Lease{{}, "thief", 999, Duration::Hours(1)};
    held_until_ = clock_->Now() + holder_->valid_for;
  }
  void ReturnLease() { holder_.reset(); }
  void SetLeaseDown(bool down) { lease_down_ = down; }

  const ChainHead& head() const { return head_; }
  const std::map<RecordKey, std::string>& records() const { return records_; }
  std::map<RecordKey, std::string>& mutable_records() { return records_; }
  const std::vector<CommitRequest>& received() const { return received_; }                 // all, also the refused
  const std::vector<std::shared_ptr<const CommitRequest>>& sent() const { return sent_; }  // also those on their way
  const std::vector<std::string>& log() const { return log_; }
  int loads() const { return loads_; }
  bool lease_held() const { return holder_.has_value(); }

  void TakeTerm(ShardId, uint64_t, int64_t unix_ms, absl::AnyInvocable<void(absl::StatusOr<TermGrant>)> done) override {
    Enqueue([this, unix_ms, done = std::move(done)]() mutable {
      if (!down_.ok()) return done(down_);
      term_ = std::max(term_ + 1, static_cast<uint64_t>(unix_ms));
      replicated_ = head_;
      done(TermGrant{term_, head_, tail_at_risk_});
    });
  }

  using ShardStore::Commit;
  void Commit(std::shared_ptr<const CommitRequest> request, absl::AnyInvocable<void(CommitResult)> done) override {
    sent_.push_back(request);
    Enqueue([this, request = std::move(request), done = std::move(done)]() mutable { Answer(*request, &done); });
  }

  void LastCommit(ShardId, absl::AnyInvocable<void(absl::StatusOr<ChainHead>)> done) override {
    Enqueue([this, done = std::move(done)]() mutable {
      if (!down_.ok()) return done(down_);
      done(replicated_);
    });
  }

  void Load(ShardId, std::vector<uint8_t> tables, std::string cursor,
            absl::AnyInvocable<void(absl::StatusOr<LoadPage>)> done) override {
    Enqueue([this, tables = std::move(tables), cursor = std::move(cursor), done = std::move(done)]() mutable {
      if (!down_.ok()) return done(down_);
      if (cursor.empty()) ++loads_;
      done(PageFrom(tables, cursor));
    });
  }

  void Read(ShardId, std::vector<RecordKey>,
            absl::AnyInvocable<void(absl::StatusOr<std::vector<std::optional<std::string>>>)> done) override {
    done(absl::UnimplementedError("not used"));
  }

  void Acquire(ShardId shard, std::string owner, uint64_t nonce, Duration ttl,
               absl::AnyInvocable<void(absl::StatusOr<Lease>)> done) override {
    Enqueue([this, shard, owner = std::move(owner), nonce, ttl, done = std::move(done)]() mutable {
      if (holder_ && holder_->nonce != nonce && clock_->Now() < held_until_) {
        return done(absl::AlreadyExistsError("held by " + holder_->owner));
      }
      Grant(Lease{shard, owner, nonce, ttl}, &done);
    });
  }
  void Renew(Lease lease, Duration ttl, absl::AnyInvocable<void(absl::StatusOr<Lease>)> done) override {
    Enqueue([this, lease = std::move(lease), ttl, done = std::move(done)]() mutable {
      if (lease_down_) return done(absl::UnavailableError("down"));
      if (!holder_ || holder_->nonce != lease.nonce) return done(absl::FailedPreconditionError("another owner"));
      lease.valid_for = ttl;
      Grant(std::move(lease), &done);
    });
  }
  void Release(Lease lease, absl::AnyInvocable<void(absl::Status)> done) override {
    if (holder_ && holder_->nonce == lease.nonce) holder_.reset();
    done(absl::OkStatus());
  }

 private:
  using CommitDone = absl::AnyInvocable<void(CommitResult)>;
  static constexpr size_t kRecordsPerPage = 3;

  void Enqueue(absl::AnyInvocable<void()> call) { calls_.push_back(std::move(call)); }

  void Answer(const CommitRequest& request, CommitDone* done) {
    received_.push_back(request);
    auto refuse = [&](RefusalReason reason) { (*done)({CommitOutcome::kRefused, reason, "scripted"}); };
    if (request.digest != DigestOf(request)) return refuse(RefusalReason::kBroken);
    if (request.puts.size() + request.deletes.size() > CommitRequest::kMaxRecords) {
      return refuse(RefusalReason::kTooLarge);
    }
    if (request.term != term_) return refuse(RefusalReason::kWrongTerm);
    const bool repeat = request.number == head_.number && request.digest == head_.digest;
    if (!repeat && request.number != head_.number + 1) return refuse(RefusalReason::kWrongNumber);
    if (refuse_all_ != RefusalReason::kNone) return refuse(refuse_all_);
    const auto [fault, reason] = NextFault();
    if (fault == Fault::kRefuse) return refuse(reason);
    if (fault == Fault::kUnknownLost) return (*done)({CommitOutcome::kUnknown, RefusalReason::kNone, "lost"});
    if (!repeat) Apply(request);
    if (fault == Fault::kNotReplicated) return (*done)({CommitOutcome::kNotYetReplicated});
    replicated_ = head_;
    if (fault == Fault::kUnknownApplied) return (*done)({CommitOutcome::kUnknown, RefusalReason::kNone, "lost"});
    (*done)({CommitOutcome::kDurable});
  }

  std::pair<Fault, RefusalReason> NextFault() {
    if (faults_.empty()) return {Fault::kNone, RefusalReason::kNone};
    auto fault = faults_.front();
    faults_.pop_front();
    return fault;
  }

  void Apply(const CommitRequest& request) {
    for (const Record& record : request.puts) records_[record.key] = record.value;
    for (const RecordKey& key : request.deletes) records_.erase(key);
    if (!request.log_entry.empty()) log_.push_back(request.log_entry);
    head_ = {request.term, request.number, request.digest};
  }

  LoadPage PageFrom(const std::vector<uint8_t>& tables, const std::string& cursor) const {
    size_t skip = cursor.empty() ? 0 : std::stoul(cursor);
    LoadPage page;
    size_t at = 0;
    for (const auto& [key, value] : records_) {
      if (std::find(tables.begin(), tables.end(), key.table) == tables.end() || at++ < skip) continue;
      if (page.records.size() == kRecordsPerPage) {
        page.next_cursor = std::to_string(skip + kRecordsPerPage);
        break;
      }
      page.records.push_back({key, value});
    }
    return page;
  }

  void Grant(Lease lease, absl::AnyInvocable<void(absl::StatusOr<Lease>)>* done) {
    holder_ = lease;
    held_until_ = clock_->Now() + lease.valid_for;
    (*done)(std::move(lease));
  }

  const MonotonicClock* clock_;
  std::deque<absl::AnyInvocable<void()>> calls_;
  std::deque<std::pair<Fault, RefusalReason>> faults_;
  RefusalReason refuse_all_ = RefusalReason::kNone;
  bool nearly_full_ = false;
  absl::Status down_;
  bool lease_down_ = false;
  bool tail_at_risk_ = false;
  bool may_lose_tail_ = false;
  uint64_t term_ = 0;
  ChainHead head_;
  ChainHead replicated_;
  std::map<RecordKey, std::string> records_;
  std::vector<std::string> log_;
  std::vector<CommitRequest> received_;
  std::vector<std::shared_ptr<const CommitRequest>> sent_;
  int loads_ = 0;
  std::optional<Lease> holder_;
  MonotonicInstant held_until_;
};

}  // namespace meridian
