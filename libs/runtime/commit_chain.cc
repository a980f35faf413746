#include "libs/runtime/commit_chain.h"

#include <algorithm>
#include <utility>

#include "libs/base/check.h"

namespace meridian {

CommitChain::CommitChain(ShardId shard, ShardStore* store, std::shared_ptr<CompletionQueue> completions,
                         const MonotonicClock* clock)
    : shard_(shard), store_(store), completions_(std::move(completions)), clock_(clock) {}

void CommitChain::Open(uint64_t term, const ChainHead& last) {
  Close();
  term_ = term;
  head_ = last;
  open_ = true;
  Rest();
}

void CommitChain::Close() {
  ++generation_;
  open_ = unknown_ = resolving_ = asking_ = false;
  in_flight_.clear();
  broken_.reset();
  settled_break_.reset();
  retry_delay_ = Duration::Zero();
  retry_at_ = MonotonicInstant::Never();
  look_at_ = MonotonicInstant::Never();
}

void CommitChain::Commit(std::vector<Record> puts, std::vector<RecordKey> deletes, std::string log_entry) {
  MERIDIAN_CHECK(CanCommit());
  CommitRequest request{shard_, term_, next_number(), std::move(puts), std::move(deletes), std::move(log_entry), 0};
  request.digest = DigestOf(request);
  look_at_ = MonotonicInstant::Never();
  in_flight_.push_back(InFlight{std::make_shared<const CommitRequest>(std::move(request))});
  Send(in_flight_.back().request);
}

void CommitChain::Send(const std::shared_ptr<const CommitRequest>& request) {
  const uint64_t number = request->number;
  store_->Commit(request, [this, completions = completions_, generation = generation_, number](CommitResult result) {
    completions->Post([this, generation, number, result = std::move(result)]() mutable {
      if (generation == generation_) OnResult(number, std::move(result));
    });
  });
}

void CommitChain::OnResult(uint64_t number, CommitResult result) {
  if (number <= head_.number) return;  // the head told before
  InFlight& commit = in_flight_[number - head_.number - 1];
  commit.answered = true;
  switch (result.outcome) {
    case CommitOutcome::kDurable:
      commit.durable = true;
      break;
    case CommitOutcome::kNotYetReplicated:
      commit.unreplicated = true;
      break;
    case CommitOutcome::kUnknown:
      unknown_ = true;
      break;
    case CommitOutcome::kRefused:
      BreakBy(result.reason, std::move(result.detail));
      break;
  }
  Settle();
}

// The first refusal is the cause; those behind it follow from it.
void CommitChain::BreakBy(RefusalReason reason, std::string detail) {
  if (!broken_) broken_ = Break{reason, std::move(detail)};
}

void CommitChain::Settle() {
  PopDurable();
  if (in_flight_.empty()) return;
  const bool unreplicated = AnyUnreplicated();
  if (unreplicated && !unknown_) RetryAfter(kReplicationPoll);
  if (!AllAnswered()) return;
  if (unknown_) {
    // What was refused behind an unknown one is sent again with it, and gets an answer of its own.
    broken_.reset();
    resolving_ = true;
    RetryAfter(retry_delay_);
    retry_delay_ = std::clamp(retry_delay_ * 2, kFirstRetry, kLongestRetry);
  } else if (!unreplicated && broken_) {
    settled_break_ = broken_;
  }
}

void CommitChain::PopDurable() {
  size_t count = in_flight_.size();
  while (count > 0 && !in_flight_[count - 1].durable) --count;
  if (count == 0) return;
  const CommitRequest& last = *in_flight_[count - 1].request;
  head_ = ChainHead{last.term, last.number, last.digest};
  in_flight_.erase(in_flight_.begin(), in_flight_.begin() + static_cast<ptrdiff_t>(count));
  retry_delay_ = Duration::Zero();
  if (in_flight_.empty()) {
    unknown_ = resolving_ = false;
    retry_at_ = MonotonicInstant::Never();
    Rest();
  }
}

bool CommitChain::AllAnswered() const {
  return std::all_of(in_flight_.begin(), in_flight_.end(), [](const InFlight& commit) { return commit.answered; });
}

bool CommitChain::AnyUnreplicated() const {
  return std::any_of(in_flight_.begin(), in_flight_.end(), [](const InFlight& commit) { return commit.unreplicated; });
}

void CommitChain::RetryAfter(Duration delay) { retry_at_ = std::min(retry_at_, clock_->Now() + delay); }

void CommitChain::Tick() {
  const MonotonicInstant now = clock_->Now();
  if (now >= retry_at_) {
    retry_at_ = MonotonicInstant::Never();
    Ask();
  }
  if (now >= look_at_) Look();
}

void CommitChain::Rest() {
  if (store_->MayLoseAcknowledgedTail()) look_at_ = clock_->Now() + kLookInterval;
}

void CommitChain::Look() {
  look_at_ = MonotonicInstant::Never();
  store_->LastCommit(shard_, [this, completions = completions_, generation = generation_,
                              expected = head_](absl::StatusOr<ChainHead> head) {
    completions->Post([this, generation, expected, head = std::move(head)] {
      // What was committed meanwhile tells more.
      if (generation != generation_ || !in_flight_.empty() || head_ != expected) return;
      if (!head.ok() || *head == expected) return Rest();
      const bool of_another = head->term > term_;
      broken_ = settled_break_ = of_another
                                     ? Break{RefusalReason::kWrongTerm, "another process commits"}
                                     : Break{RefusalReason::kWrongNumber, "the store no longer holds what was durable"};
    });
  });
}

void CommitChain::Ask() {
  if (asking_) return;
  asking_ = true;
  store_->LastCommit(shard_,
                     [this, completions = completions_, generation = generation_](absl::StatusOr<ChainHead> head) {
                       completions->Post([this, generation, head = std::move(head)] {
                         if (generation == generation_) OnHead(head);
                       });
                     });
}

void CommitChain::OnHead(const absl::StatusOr<ChainHead>& head) {
  asking_ = false;
  if (in_flight_.empty()) return;
  if (!head.ok()) {
    retry_delay_ = std::clamp(retry_delay_ * 2, kFirstRetry, kLongestRetry);
    RetryAfter(retry_delay_);
    // What was applied and not replicated may be gone with the server that cannot be asked.
    if (!resolving_ && AnyUnreplicated()) {
      unknown_ = true;
      Settle();
    }
    return;
  }
  Resolve(*head);
}

void CommitChain::Resolve(const ChainHead& head) {
  const uint64_t first = head_.number + 1;
  const uint64_t last = head_.number + in_flight_.size();
  const bool ours = head.number < first || (head.number <= last && head.term == term_ &&
                                            in_flight_[head.number - first].request->digest == head.digest);
  if (!ours || (resolving_ && head.number < head_.number)) {
    broken_ = settled_break_ = Break{RefusalReason::kWrongNumber, "the store holds another chain"};
    return;
  }
  if (head.number >= first) in_flight_[head.number - first].durable = true;
  const bool send_again = resolving_;
  if (send_again) {
    unknown_ = resolving_ = false;
    for (InFlight& commit : in_flight_) commit.answered = commit.unreplicated = false;
  }
  Settle();
  if (!send_again) return;
  for (const InFlight& commit : in_flight_) Send(commit.request);
}

}  // namespace meridian
