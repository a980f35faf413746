#include "tests/simulation/worlds/store_link.h"

#include <algorithm>
#include <utility>

namespace meridian::worlds {
namespace {

constexpr Duration kShortest = Duration::Microseconds(50);
constexpr Duration kUsual = Duration::Microseconds(500);

absl::Status Lost() { return absl::UnavailableError("the connection to the store was lost"); }

ChainHead HeadOf(MemoryStore& store, ShardId shard) {
  ChainHead head;
  store.LastCommit(shard, [&head](absl::StatusOr<ChainHead> found) { head = *found; });
  return head;
}

}  // namespace

StoreLink::StoreLink(StoreRoads& roads, Party& process, std::function<void()> crash)
    : roads_(roads), process_(process), life_(process.life()), crash_(std::move(crash)), faults_(roads.store) {
  FollowMix();
}

void StoreLink::FollowMix() {
  if (!roads_.faulty) return faults_.Heal();
  faults_.Draw(process_.schedule().Pick(UINT64_MAX), roads_.mix.store);
}

bool StoreLink::Loses() { return roads_.faulty && process_.schedule().Happens(roads_.mix.store.fail_read); }

Duration StoreLink::Arrival(Duration& last) {
  Schedule& schedule = process_.schedule();
  const bool slow = roads_.faulty && schedule.Happens(roads_.mix.slow_store);
  const Duration delay = schedule.Between(kShortest, slow ? roads_.mix.slowest_store : kUsual);
  last = std::max(schedule.now() + delay, last + Duration::Nanoseconds(1));
  return last - schedule.now();
}

void StoreLink::Carry(Schedule::Call arrive) {
  process_.schedule().After(Arrival(last_request_), [life = life_, arrive = std::move(arrive)]() mutable {
    if (life->alive) arrive();
  });
}

template <typename Result>
absl::AnyInvocable<void(Result)> StoreLink::Back(absl::AnyInvocable<void(Result)> done) {
  return [this, life = life_, done = std::move(done)](Result result) mutable {
    if (!life->alive) return;
    process_.schedule().After(Arrival(last_answer_),
                              [life, done = std::move(done), result = std::move(result)]() mutable {
                                if (life->alive) done(std::move(result));
                              });
  };
}

// ---- ShardStore ----

void StoreLink::TakeTerm(ShardId shard, uint64_t owner_nonce, int64_t unix_ms,
                         absl::AnyInvocable<void(absl::StatusOr<TermGrant>)> done) {
  Carry([this, shard, owner_nonce, unix_ms, done = Back(std::move(done))]() mutable {
    auto told = [this, shard, done = std::move(done)](absl::StatusOr<TermGrant> grant) mutable {
      if (grant.ok()) roads_.judge.TermGiven(shard, process_.name(), *grant);
      const bool lost = Loses();
      done(lost ? absl::StatusOr<TermGrant>(Lost()) : std::move(grant));
    };
    faults_.TakeTerm(shard, owner_nonce, unix_ms, std::move(told));
  });
}

// What a process had sent before it died may reach the store after it; then nobody waits for the answer.
void StoreLink::Commit(std::shared_ptr<const CommitRequest> request, absl::AnyInvocable<void(CommitResult)> done) {
  process_.schedule().After(Arrival(last_request_), [this, life = life_, &roads = roads_, name = process_.name(),
                                                     request, done = Back(std::move(done))]() mutable {
    if (life->alive) return Arrive(request, std::move(done));
    if (!life->last_words_arrive) return;
    const ChainHead before = HeadOf(roads.store, request->shard);
    roads.store.Commit(request, [](const CommitResult&) {});
    if (HeadOf(roads.store, request->shard).number != before.number) roads.judge.Committed(*request, name);
  });
}

void StoreLink::Arrive(const std::shared_ptr<const CommitRequest>& request,
                       absl::AnyInvocable<void(CommitResult)> done) {
  const std::function<void()> crash = crash_;  // which ends this object
  const Strike strike = roads_.strike ? roads_.strike(*request) : Strike::kNone;
  if (strike == Strike::kCrashBefore) return crash();
  if (strike == Strike::kRefuse) faults_.Script({testing::CommitFault::kRefuse});
  if (strike == Strike::kLoseRequest) faults_.Script({testing::CommitFault::kLoseRequest});
  if (strike == Strike::kLoseAnswer) faults_.Script({testing::CommitFault::kLoseAnswer});
  const ChainHead before = HeadOf(roads_.store, request->shard);
  faults_.Commit(request, std::move(done));
  if (HeadOf(roads_.store, request->shard).number != before.number) {
    roads_.judge.Committed(*request, process_.name());
    process_.Note("commit " + request->shard.ToString() + " " + std::to_string(request->number) + " " +
                  std::to_string(request->digest));
  }
  if (strike == Strike::kCrashApplied) return crash();
  if (strike == Strike::kCrashAnswered) {
    const Duration answered = last_answer_ - process_.schedule().now() + Duration::Microseconds(200);
    process_.schedule().After(answered, [life = life_, crash] {
      if (life->alive) crash();
    });
  }
}

void StoreLink::LastCommit(ShardId shard, absl::AnyInvocable<void(absl::StatusOr<ChainHead>)> done) {
  Carry([this, shard, done = Back(std::move(done))]() mutable { faults_.LastCommit(shard, std::move(done)); });
}

void StoreLink::Load(ShardId shard, std::vector<uint8_t> tables, std::string cursor,
                     absl::AnyInvocable<void(absl::StatusOr<LoadPage>)> done) {
  Carry([this, shard, tables = std::move(tables), cursor = std::move(cursor), done = Back(std::move(done))]() mutable {
    faults_.Load(shard, std::move(tables), std::move(cursor), std::move(done));
  });
}

void StoreLink::Read(ShardId shard, std::vector<RecordKey> keys,
                     absl::AnyInvocable<void(absl::StatusOr<std::vector<std::optional<std::string>>>)> done) {
  Carry([this, shard, keys = std::move(keys), done = Back(std::move(done))]() mutable {
    faults_.Read(shard, std::move(keys), std::move(done));
  });
}

// ---- EventLog ----

void StoreLink::ReadAfter(ShardId shard, LogPosition position, size_t max_bytes,
                          absl::AnyInvocable<void(absl::StatusOr<std::vector<LogEntry>>)> done) {
  Carry([this, shard, position, max_bytes, done = Back(std::move(done))]() mutable {
    if (Loses()) return done(Lost());
    roads_.store.ReadAfter(shard, position, max_bytes, std::move(done));
  });
}

void StoreLink::SetFollower(ShardId shard, std::string follower, LogPosition position,
                            absl::AnyInvocable<void(absl::Status)> done) {
  Carry([this, shard, follower = std::move(follower), position, done = Back(std::move(done))]() mutable {
    if (Loses()) return done(Lost());
    roads_.store.SetFollower(shard, std::move(follower), position, std::move(done));
  });
}

void StoreLink::RemoveFollower(ShardId shard, std::string follower, absl::AnyInvocable<void(absl::Status)> done) {
  Carry([this, shard, follower = std::move(follower), done = Back(std::move(done))]() mutable {
    if (Loses()) return done(Lost());
    roads_.store.RemoveFollower(shard, std::move(follower), std::move(done));
  });
}

void StoreLink::Describe(ShardId shard, absl::AnyInvocable<void(absl::StatusOr<LogState>)> done) {
  Carry([this, shard, done = Back(std::move(done))]() mutable { roads_.store.Describe(shard, std::move(done)); });
}

void StoreLink::TrimTo(ShardId shard, LogPosition position,
                       absl::AnyInvocable<void(absl::StatusOr<LogPosition>)> done) {
  Carry([this, shard, position, done = Back(std::move(done))]() mutable {
    roads_.store.TrimTo(shard, position, std::move(done));
  });
}

std::unique_ptr<EventLog::Subscription> StoreLink::Watch(ShardId shard, std::function<void(LogPosition)> on_entry) {
  return roads_.store.Watch(shard, std::move(on_entry));
}

// ---- ShardLeases ----

void StoreLink::Acquire(ShardId shard, std::string owner, uint64_t nonce, Duration ttl,
                        absl::AnyInvocable<void(absl::StatusOr<Lease>)> done) {
  Carry([this, shard, owner = std::move(owner), nonce, ttl, done = Back(std::move(done))]() mutable {
    if (Loses()) return done(Lost());
    auto told = [this, shard, done = std::move(done)](absl::StatusOr<Lease> lease) mutable {
      if (lease.ok()) roads_.judge.LeaseGiven(shard, process_.name());
      const bool lost = Loses();
      done(lost ? absl::StatusOr<Lease>(Lost()) : std::move(lease));
    };
    roads_.store.leases().Acquire(shard, owner, nonce, ttl, std::move(told));
  });
}

void StoreLink::Renew(Lease lease, Duration ttl, absl::AnyInvocable<void(absl::StatusOr<Lease>)> done) {
  Carry([this, lease = std::move(lease), ttl, done = Back(std::move(done))]() mutable {
    if (Loses()) return done(Lost());
    roads_.store.leases().Renew(std::move(lease), ttl, std::move(done));
  });
}

void StoreLink::Release(Lease lease, absl::AnyInvocable<void(absl::Status)> done) {
  Carry([this, lease = std::move(lease), done = Back(std::move(done))]() mutable {
    roads_.store.leases().Release(std::move(lease), std::move(done));
  });
}

}  // namespace meridian::worlds
