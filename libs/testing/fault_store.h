// A ShardStore that stands for the way to another one and loses things on it: requests before they arrive, answers
// after they were applied, either for a while. Faults are scripted (the next commits, one by one) or drawn from a seed.
// The decorated store must outlive the calls; a destroyed FaultStore drops the answers that are still to come, like a
// process that died. Any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "libs/runtime/shard_store.h"

namespace meridian::testing {

enum class CommitFault {
  kNone,
  kRefuse,       // never arrives; answered kRefused, kNoSpace
  kLoseRequest,  // never arrives; answered kUnknown
  kLoseAnswer,   // applied if the chain allows; answered kUnknown
};

class FaultStore : public ShardStore {
 public:
  // How often each fault happens, in thousandths.
  struct Rates {
    int refuse = 0;
    int lose_request = 0;
    int lose_answer = 0;
    int fail_read = 0;  // TakeTerm, LastCommit, Load and Read answer UNAVAILABLE and do nothing
    int delay = 0;      // an answer waits for some steps, and all later ones behind it
    int max_delay_steps = 8;
  };

  explicit FaultStore(ShardStore& store);
  ~FaultStore() override;

  // Before use: whether callers are told that the store may lose what it acknowledged (MemoryStore::LoseTail does).
  void SetMayLoseTail(bool may) { may_lose_tail_ = may; }
  bool MayLoseAcknowledgedTail() const override { return may_lose_tail_; }

  bool NearlyFull() const override { return store_.NearlyFull(); }

  // The faults of the next commits, in order, before any drawn one.
  void Script(std::vector<CommitFault> faults);
  void Draw(uint64_t seed, Rates rates);
  // Ends all faults; answers that are delayed still wait for their steps.
  void Heal();

  // While held, every answer waits; letting go does not deliver them, Step does.
  void Hold(bool hold);
  // Time passes: delivers the oldest waiting answer when it is due. False when none waits.
  bool Step();
  size_t waiting() const;

  void TakeTerm(ShardId shard, uint64_t owner_nonce, int64_t unix_ms,
                absl::AnyInvocable<void(absl::StatusOr<TermGrant>)> done) override;
  using ShardStore::Commit;
  void Commit(std::shared_ptr<const CommitRequest> request, absl::AnyInvocable<void(CommitResult)> done) override;
  void LastCommit(ShardId shard, absl::AnyInvocable<void(absl::StatusOr<ChainHead>)> done) override;
  void Load(ShardId shard, std::vector<uint8_t> tables, std::string cursor,
            absl::AnyInvocable<void(absl::StatusOr<LoadPage>)> done) override;
  void Read(ShardId shard, std::vector<RecordKey> keys,
            absl::AnyInvocable<void(absl::StatusOr<std::vector<std::optional<std::string>>>)> done) override;

 private:
  class Way;  // shared with the answers under way

  template <typename Answer, typename Call>
  void Ask(absl::AnyInvocable<void(Answer)> done, Call call);

  ShardStore& store_;
  bool may_lose_tail_ = false;
  const std::shared_ptr<Way> way_;
};

}  // namespace meridian::testing
