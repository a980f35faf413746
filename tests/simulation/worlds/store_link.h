// One process's way to the store of a world: requests and answers take their time, in order, and get lost as the mix
// says (libs/testing/fault_store.h). The place at which a world strikes at a chosen commit.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "libs/runtime/event_log.h"
#include "libs/runtime/shard_leases.h"
#include "libs/runtime/shard_store.h"
#include "libs/store/memory_store.h"
#include "libs/testing/fault_store.h"
#include "tests/simulation/worlds/judge.h"
#include "tests/simulation/worlds/mix.h"
#include "tests/simulation/worlds/party.h"

namespace meridian::worlds {

// What befalls a commit as it reaches the store.
enum class Strike {
  kNone,
  kCrashBefore,    // its process dies, the store never sees it
  kCrashApplied,   // its process dies before the answer
  kCrashAnswered,  // its process dies when it has done what follows from the answer
  kRefuse,
  kLoseRequest,
  kLoseAnswer,
};

// What the ways of all processes have in common.
struct StoreRoads {
  MemoryStore& store;
  const Mix& mix;
  Judge& judge;
  bool faulty = true;
  // Asked once for each commit that arrives.
  std::function<Strike(const CommitRequest&)> strike;
};

class StoreLink final : public ShardStore, public EventLog, public ShardLeases {
 public:
  // `crash` ends the process at once, and this object with it.
  StoreLink(StoreRoads& roads, Party& process, std::function<void()> crash);

  // As the roads' `faulty` says.
  void FollowMix();

  bool MayLoseAcknowledgedTail() const override { return roads_.mix.may_lose_tail; }
  void TakeTerm(ShardId shard, uint64_t owner_nonce, int64_t unix_ms,
                absl::AnyInvocable<void(absl::StatusOr<TermGrant>)> done) override;
  using ShardStore::Commit;
  void Commit(std::shared_ptr<const CommitRequest> request, absl::AnyInvocable<void(CommitResult)> done) override;
  void LastCommit(ShardId shard, absl::AnyInvocable<void(absl::StatusOr<ChainHead>)> done) override;
  void Load(ShardId shard, std::vector<uint8_t> tables, std::string cursor,
            absl::AnyInvocable<void(absl::StatusOr<LoadPage>)> done) override;
  void Read(ShardId shard, std::vector<RecordKey> keys,
            absl::AnyInvocable<void(absl::StatusOr<std::vector<std::optional<std::string>>>)> done) override;

  void ReadAfter(ShardId shard, LogPosition position, size_t max_bytes,
                 absl::AnyInvocable<void(absl::StatusOr<std::vector<LogEntry>>)> done) override;
  void SetFollower(ShardId shard, std::string follower, LogPosition position,
                   absl::AnyInvocable<void(absl::Status)> done) override;
  void RemoveFollower(ShardId shard, std::string follower, absl::AnyInvocable<void(absl::Status)> done) override;
  void Describe(ShardId shard, absl::AnyInvocable<void(absl::StatusOr<LogState>)> done) override;
  void TrimTo(ShardId shard, LogPosition position, absl::AnyInvocable<void(absl::StatusOr<LogPosition>)> done) override;
  std::unique_ptr<Subscription> Watch(ShardId shard, std::function<void(LogPosition)> on_entry) override;

  void Acquire(ShardId shard, std::string owner, uint64_t nonce, Duration ttl,
               absl::AnyInvocable<void(absl::StatusOr<Lease>)> done) override;
  void Renew(Lease lease, Duration ttl, absl::AnyInvocable<void(absl::StatusOr<Lease>)> done) override;
  void Release(Lease lease, absl::AnyInvocable<void(absl::Status)> done) override;

 private:
  // Runs `arrive` at the store, unless it dies with its sender.
  void Carry(Schedule::Call arrive);
  // `done`, called when the answer has come back.
  template <typename Result>
  absl::AnyInvocable<void(Result)> Back(absl::AnyInvocable<void(Result)> done);
  // True: the call never arrives, or its answer is lost.
  bool Loses();
  Duration Arrival(Duration& last);
  void Arrive(const std::shared_ptr<const CommitRequest>& request, absl::AnyInvocable<void(CommitResult)> done);

  StoreRoads& roads_;
  Party& process_;
  const std::shared_ptr<Life> life_;
  const std::function<void()> crash_;
  testing::FaultStore faults_;
  Duration last_request_;
  Duration last_answer_;
};

}  // namespace meridian::worlds
