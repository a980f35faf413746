#include "libs/testing/fault_store.h"

#include <deque>
#include <map>
#include <mutex>
#include <utility>

#include "libs/base/uuid.h"

namespace meridian::testing {

class FaultStore::Way {
 public:
  void Script(std::vector<CommitFault> faults) {
    std::lock_guard lock(mutex_);
    script_.insert(script_.end(), faults.begin(), faults.end());
  }

  void Draw(uint64_t seed, Rates rates) {
    std::lock_guard lock(mutex_);
    seed_ = seed;
    rates_ = rates;
  }

  void Heal() {
    std::lock_guard lock(mutex_);
    script_.clear();
    rates_ = {};
  }

  void Hold(bool hold) {
    std::lock_guard lock(mutex_);
    held_ = hold;
  }

  void Close() {
    std::deque<Answer> dropped;  // destroyed without the lock: answers own what they own
    std::lock_guard lock(mutex_);
    closed_ = true;
    dropped.swap(answers_);
  }

  CommitFault NextCommitFault() {
    std::lock_guard lock(mutex_);
    if (!script_.empty()) {
      const CommitFault fault = script_.front();
      script_.pop_front();
      return fault;
    }
    if (Happens(rates_.refuse)) return CommitFault::kRefuse;
    if (Happens(rates_.lose_request)) return CommitFault::kLoseRequest;
    if (Happens(rates_.lose_answer)) return CommitFault::kLoseAnswer;
    return CommitFault::kNone;
  }

  bool NextReadFails() {
    std::lock_guard lock(mutex_);
    return Happens(rates_.fail_read);
  }

  // Takes a place in the order of the answers to the shard's commits.
  uint64_t Expect(ShardId shard) {
    std::lock_guard lock(mutex_);
    expected_[shard].push_back({++tickets_, nullptr});
    return tickets_;
  }

  // The answer to a commit: leaves when all before it left.
  void Arrive(ShardId shard, uint64_t ticket, absl::AnyInvocable<void()> answer) {
    {
      std::lock_guard lock(mutex_);
      std::deque<Expected>& order = expected_[shard];
      for (Expected& expected : order) {
        if (expected.ticket != ticket) continue;
        expected.answer = std::move(answer);
        break;
      }
      for (; !order.empty() && order.front().answer; order.pop_front()) Send(std::move(order.front().answer));
    }
    Pump();
  }

  void Deliver(absl::AnyInvocable<void()> answer) {
    {
      std::lock_guard lock(mutex_);
      Send(std::move(answer));
    }
    Pump();
  }

  bool Step() {
    {
      std::lock_guard lock(mutex_);
      if (answers_.empty()) return false;
      if (!held_ && answers_.front().steps > 0) --answers_.front().steps;
    }
    Pump();
    return true;
  }

  size_t waiting() const {
    std::lock_guard lock(mutex_);
    return answers_.size();
  }

 private:
  struct Answer {
    absl::AnyInvocable<void()> deliver;
    int steps = 0;
  };

  struct Expected {
    uint64_t ticket = 0;
    absl::AnyInvocable<void()> answer;  // empty until it arrived
  };

  void Send(absl::AnyInvocable<void()> answer) {
    if (closed_) return;
    int steps = held_ ? 1 : 0;
    if (Happens(rates_.delay)) steps += 1 + static_cast<int>(Random() % static_cast<uint64_t>(rates_.max_delay_steps));
    answers_.push_back({std::move(answer), steps});
  }

  // Delivers what is due, in order. One thread at a time does, also when an answer brings the next one.
  void Pump() {
    std::unique_lock lock(mutex_);
    if (pumping_) return;
    pumping_ = true;
    while (!answers_.empty() && !held_ && answers_.front().steps == 0) {
      absl::AnyInvocable<void()> due = std::move(answers_.front().deliver);
      answers_.pop_front();
      lock.unlock();
      due();
      due = nullptr;
      lock.lock();
    }
    pumping_ = false;
  }

  uint64_t Random() { return StableHash(Uuid{seed_, ++drawn_}); }
  bool Happens(int thousandths) { return thousandths > 0 && Random() % 1000 < static_cast<uint64_t>(thousandths); }

  mutable std::mutex mutex_;
  std::deque<CommitFault> script_;
  Rates rates_;
  uint64_t seed_ = 0;
  uint64_t drawn_ = 0;
  bool held_ = false;
  bool closed_ = false;
  bool pumping_ = false;
  uint64_t tickets_ = 0;
  std::map<ShardId, std::deque<Expected>> expected_;
  std::deque<Answer> answers_;
};

FaultStore::FaultStore(ShardStore& store) : store_(store), way_(std::make_shared<Way>()) {}
FaultStore::~FaultStore() { way_->Close(); }

void FaultStore::Script(std::vector<CommitFault> faults) { way_->Script(std::move(faults)); }
void FaultStore::Draw(uint64_t seed, Rates rates) { way_->Draw(seed, rates); }
void FaultStore::Heal() { way_->Heal(); }
void FaultStore::Hold(bool hold) { way_->Hold(hold); }
bool FaultStore::Step() { return way_->Step(); }
size_t FaultStore::waiting() const { return way_->waiting(); }

template <typename Answer, typename Call>
void FaultStore::Ask(absl::AnyInvocable<void(Answer)> done, Call call) {
  absl::AnyInvocable<void(Answer)> back = [way = way_, done = std::move(done)](Answer answer) mutable {
    way->Deliver([done = std::move(done), answer = std::move(answer)]() mutable { done(std::move(answer)); });
  };
  if (way_->NextReadFails()) {
    back(absl::UnavailableError("the connection to the store was lost"));
  } else {
    call(std::move(back));
  }
}

void FaultStore::TakeTerm(ShardId shard, uint64_t owner_nonce, int64_t unix_ms,
                          absl::AnyInvocable<void(absl::StatusOr<TermGrant>)> done) {
  Ask(std::move(done), [&](auto back) { store_.TakeTerm(shard, owner_nonce, unix_ms, std::move(back)); });
}

void FaultStore::Commit(std::shared_ptr<const CommitRequest> request, absl::AnyInvocable<void(CommitResult)> done) {
  const CommitResult unknown{CommitOutcome::kUnknown, RefusalReason::kNone, "the connection to the store was lost"};
  const ShardId shard = request->shard;
  absl::AnyInvocable<void(CommitResult)> back = [way = way_, shard, ticket = way_->Expect(shard),
                                                 done = std::move(done)](CommitResult result) mutable {
    way->Arrive(shard, ticket,
                [done = std::move(done), result = std::move(result)]() mutable { done(std::move(result)); });
  };
  switch (way_->NextCommitFault()) {
    case CommitFault::kNone:
      store_.Commit(std::move(request), std::move(back));
      break;
    case CommitFault::kRefuse:
      back({CommitOutcome::kRefused, RefusalReason::kNoSpace, "a planted refusal"});
      break;
    case CommitFault::kLoseRequest:
      back(unknown);
      break;
    case CommitFault::kLoseAnswer:
      store_.Commit(std::move(request),
                    [unknown, back = std::move(back)](const CommitResult&) mutable { back(unknown); });
      break;
  }
}

void FaultStore::LastCommit(ShardId shard, absl::AnyInvocable<void(absl::StatusOr<ChainHead>)> done) {
  Ask(std::move(done), [&](auto back) { store_.LastCommit(shard, std::move(back)); });
}

void FaultStore::Load(ShardId shard, std::vector<uint8_t> tables, std::string cursor,
                      absl::AnyInvocable<void(absl::StatusOr<LoadPage>)> done) {
  Ask(std::move(done), [&](auto back) { store_.Load(shard, std::move(tables), std::move(cursor), std::move(back)); });
}

void FaultStore::Read(ShardId shard, std::vector<RecordKey> keys,
                      absl::AnyInvocable<void(absl::StatusOr<std::vector<std::optional<std::string>>>)> done) {
  Ask(std::move(done), [&](auto back) { store_.Read(shard, std::move(keys), std::move(back)); });
}

}  // namespace meridian::testing
