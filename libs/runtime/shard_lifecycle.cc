#include "libs/runtime/shard_lifecycle.h"

#include <algorithm>
#include <utility>

#include "libs/base/check.h"
#include "libs/runtime/refusal.h"

namespace meridian {
namespace {

absl::Status NotOwner(std::string_view why) {
  return MakeRefusal(absl::StatusCode::kUnavailable, refusal::kNotOwner, why);
}

absl::Status SuspendedBy(const CommitChain::Break& reason) {
  if (reason.reason == RefusalReason::kReadOnly) {
    return MakeRefusal(absl::StatusCode::kUnavailable, refusal::kReadOnly, "the store is read-only");
  }
  return MakeRefusal(absl::StatusCode::kResourceExhausted, refusal::kNoSpace, "the store has no space left");
}

absl::Status CannotServe(const absl::Status& why) {
  switch (why.code()) {
    case absl::StatusCode::kResourceExhausted:
      return MakeRefusal(absl::StatusCode::kResourceExhausted, refusal::kNoSpace, "the store has no space left");
    case absl::StatusCode::kPermissionDenied:
      return MakeRefusal(absl::StatusCode::kUnavailable, refusal::kReadOnly, "the store is read-only");
    default:
      return MakeRefusal(absl::StatusCode::kUnavailable, refusal::kStoreFailed, "the store cannot be used");
  }
}

}  // namespace

std::string_view ToString(ShardState state) {
  switch (state) {
    case ShardState::kStopped:
      return "stopped";
    case ShardState::kAcquiring:
      return "acquiring";
    case ShardState::kTakingTerm:
      return "taking_term";
    case ShardState::kLoading:
      return "loading";
    case ShardState::kServing:
      return "serving";
    case ShardState::kSuspended:
      return "suspended";
    case ShardState::kDraining:
      return "draining";
    case ShardState::kLost:
      return "lost";
    case ShardState::kFailed:
      return "failed";
  }
  return "unknown";
}

ShardLifecycle::ShardLifecycle(ShardIdentity identity, ShardPorts ports, std::shared_ptr<CompletionQueue> completions,
                               ShardHost* host)
    : identity_(std::move(identity)),
      ports_(ports),
      completions_(std::move(completions)),
      host_(host),
      lease_(identity_.shard, identity_.owner, identity_.lease_ttl, ports.leases, completions_, ports.monotonic),
      chain_(identity_.shard, ports.store, completions_, ports.monotonic) {}

void ShardLifecycle::Enter(ShardState state, const absl::Status& why) {
  const bool news = state_.exchange(state, std::memory_order_acq_rel) != state || !why.ok();
  if (observer_ && news) observer_(state, why);
}

void ShardLifecycle::Start() {
  refusal_ = absl::OkStatus();
  restart_delay_ = kFirstRestart;
  Acquire();
}

void ShardLifecycle::Acquire() {
  retry_at_ = MonotonicInstant::Never();
  retry_delay_ = kFirstRetry;
  told_of_wait_ = false;
  Enter(ShardState::kAcquiring);
  lease_.Acquire(identity_.nonce + starts_++);
}

void ShardLifecycle::Stop() {
  switch (state()) {
    case ShardState::kServing:
      Enter(ShardState::kDraining);
      return;
    case ShardState::kDraining:
      return;
    default:
      Finish();
  }
}

void ShardLifecycle::Finish() {
  const absl::Status stopped =
      MakeRefusal(absl::StatusCode::kUnavailable, refusal::kShuttingDown, "the shard is being handed over");
  Abandon(stopped);
  lease_.Release();
  Enter(ShardState::kStopped);
}

// Leaves nothing under way; `why` is the answer to all who wait, and to commands from now on.
void ShardLifecycle::Abandon(const absl::Status& why) {
  host_->Dropped(why);
  refusal_ = why;
  ++generation_;
  chain_.Close();
  retry_at_ = MonotonicInstant::Never();
  probe_number_ = 0;
}

void ShardLifecycle::Lose(const absl::Status& why) {
  const bool draining = state() == ShardState::kDraining;
  Abandon(NotOwner(std::string_view(why.message().data(), why.message().size())));
  lease_.Release();
  if (draining) return Enter(ShardState::kStopped, why);  // it was being given away, and is gone
  Enter(ShardState::kLost, why);
  retry_ = &ShardLifecycle::Acquire;
  retry_at_ = ports_.monotonic->Now() + restart_delay_;
  restart_delay_ = std::min(restart_delay_ * 2, kLongestRestart);
}

void ShardLifecycle::LeaveTermBelow(uint64_t known) {
  if (state() != ShardState::kServing || grant_.term >= known) return;
  known_term_ = known;
  Lose(absl::AbortedError("a later term of the shard has been heard of"));
}

void ShardLifecycle::Fail(const absl::Status& why) {
  Abandon(MakeRefusal(absl::StatusCode::kUnavailable, refusal::kLoadFailed, "the shard's records cannot be read"));
  lease_.Release();
  Enter(ShardState::kFailed, why);
}

void ShardLifecycle::Tick() {
  lease_.Tick();
  if (lease_.state() == LeaseKeeper::State::kLost) {
    Lose(lease_.last_error());
    return;
  }
  if (state() == ShardState::kAcquiring) AwaitLease();
  chain_.Tick();
  if (chain_.broken()) OnBreak(CommitChain::Break(*chain_.broken()));
  if (probe_number_ != 0 && chain_.durable().number >= probe_number_) {
    probe_number_ = 0;
    grant_.last = chain_.durable();
    BeginLoad();
  }
  if (ports_.monotonic->Now() >= retry_at_) {
    retry_at_ = MonotonicInstant::Never();
    (this->*std::exchange(retry_, nullptr))();
  }
}

void ShardLifecycle::AwaitLease() {
  if (lease_.state() == LeaseKeeper::State::kHeld) {
    TakeTerm();
  } else if (!lease_.last_error().ok() && !told_of_wait_) {
    // What waited here would be applied whenever this process comes to own the shard, long after its sender gave up.
    const bool owned = absl::IsAlreadyExists(lease_.last_error());
    refusal_ = owned ? NotOwner("another process owns the shard") : CannotServe(lease_.last_error());
    told_of_wait_ = true;
    if (observer_) observer_(state(), lease_.last_error());
  }
}

MonotonicInstant ShardLifecycle::NextWake() const {
  return std::min({lease_.NextWake(), chain_.NextWake(), retry_at_});
}

void ShardLifecycle::RetryAfterFailure(void (ShardLifecycle::*action)(), const absl::Status& why) {
  if (observer_) observer_(state(), why);
  retry_ = action;
  retry_at_ = ports_.monotonic->Now() + retry_delay_;
  retry_delay_ = std::min(retry_delay_ * 2, kLongestRetry);
}

void ShardLifecycle::TakeTerm() {
  if (state() == ShardState::kAcquiring) refusal_ = absl::OkStatus();
  Enter(ShardState::kTakingTerm);
  const uint64_t generation = ++generation_;
  const int64_t number = std::max(ports_.wall->Now().ToUnixMilliseconds(), static_cast<int64_t>(known_term_ + 1));
  ports_.store->TakeTerm(identity_.shard, lease_.nonce(), number,
                         [this, completions = completions_, generation](absl::StatusOr<TermGrant> grant) {
                           completions->Post([this, generation, grant = std::move(grant)]() mutable {
                             if (generation == generation_) OnTerm(std::move(grant));
                           });
                         });
}

void ShardLifecycle::OnTerm(absl::StatusOr<TermGrant> grant) {
  if (!grant.ok()) {
    refusal_ = CannotServe(grant.status());
    RetryAfterFailure(&ShardLifecycle::TakeTerm, grant.status());
    return;
  }
  grant_ = *std::move(grant);
  BeginLoad();
}

void ShardLifecycle::BeginLoad() {
  Enter(ShardState::kLoading);
  refusal_ = absl::OkStatus();
  ++generation_;
  chain_.Close();
  host_->BeginLoad();
  LoadPage({});
}

void ShardLifecycle::LoadPage(std::string cursor) {
  const uint64_t generation = generation_;
  ports_.store->Load(identity_.shard, host_->LiveTables(), std::move(cursor),
                     [this, completions = completions_, generation](absl::StatusOr<struct LoadPage> page) {
                       completions->Post([this, generation, page = std::move(page)]() mutable {
                         if (generation == generation_) OnPage(std::move(page));
                       });
                     });
}

void ShardLifecycle::OnPage(absl::StatusOr<struct LoadPage> page) {
  if (!page.ok()) {
    refusal_ = CannotServe(page.status());
    RetryAfterFailure(&ShardLifecycle::BeginLoad, page.status());
    return;
  }
  const bool last = page->next_cursor.empty();
  if (!last) LoadPage(std::move(page->next_cursor));  // the store reads it while this one is restored
  for (const Record& record : page->records) {
    absl::Status restored = host_->Restore(record);
    if (!restored.ok()) {
      Fail(restored);
      return;
    }
  }
  if (last) FinishLoad();
}

void ShardLifecycle::FinishLoad() {
  if (!lease_.Holds()) {
    // Another owner may have begun a term meanwhile, and some of what was loaded be of it.
    RetryAfterFailure(&ShardLifecycle::BeginLoad, absl::AbortedError("the lease ended while the shard was loaded"));
    return;
  }
  chain_.Open(grant_.term, grant_.last);
  served_from_ = grant_.last.number;
  absl::Status finished = host_->FinishLoad(grant_);
  if (!finished.ok()) {
    Fail(finished);
    return;
  }
  restart_delay_ = kFirstRestart;
  Enter(ShardState::kServing);
}

void ShardLifecycle::OnBreak(const CommitChain::Break& reason) {
  const absl::Status why = absl::AbortedError("commit refused: " + reason.detail);
  if (reason.reason == RefusalReason::kWrongTerm) {
    Lose(why);
    return;
  }
  if (state() == ShardState::kDraining) {
    Finish();
    return;
  }
  if (reason.reason == RefusalReason::kNoSpace || reason.reason == RefusalReason::kReadOnly) {
    Suspend(reason);
    return;
  }
  const bool progress = chain_.durable().number > served_from_;
  Abandon(MakeRefusal(absl::StatusCode::kUnavailable, refusal::kShardReloaded, "the store refused the batch"));
  refusal_ = absl::OkStatus();  // what comes from now on waits for the reload
  if (progress) retry_delay_ = kFirstRetry;
  Enter(ShardState::kTakingTerm);
  RetryAfterFailure(&ShardLifecycle::TakeTerm, why);
}

// Memory is dropped now and loaded once the store takes commits again.
void ShardLifecycle::Suspend(const CommitChain::Break& reason) {
  const ChainHead durable = chain_.durable();
  Abandon(SuspendedBy(reason));
  chain_.Open(grant_.term, durable);
  retry_ = &ShardLifecycle::Probe;
  retry_at_ = ports_.monotonic->Now() + kProbeInterval;
  const absl::Status why = absl::AbortedError("commit refused: " + reason.detail);
  if (state() != ShardState::kSuspended) Enter(ShardState::kSuspended, why);  // and not again at each probe
}

void ShardLifecycle::Probe() {
  probe_number_ = chain_.next_number();
  chain_.Commit({}, {}, {});
}

}  // namespace meridian
