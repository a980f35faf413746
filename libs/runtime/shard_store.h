// The port through which a shard's single writer keeps its records and its log. Implementations: libs/store.
//
// A shard's durable state is a set of records (table, key → value), a chain head (term, number, digest) and the log.
// One commit changes records and appends at most one log entry, all or nothing. Commits of one shard form a chain:
// the store accepts only the holder of the current term and only number = last + 1, and answers `durable` again for the
// last number with the same digest, so that a resend is harmless and a refusal refuses all that is pipelined behind it.
//
// Any thread may call; calls for one shard come from one thread at a time. `done` is called exactly once, on a thread
// of the store (the memory store: inside the call, or when it is stepped), and for commits of a shard in their order.
// `done` must not block.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "libs/base/time.h"
#include "libs/runtime/shard_id.h"

namespace meridian {

// A table is a small number that its owner (routing, session) gives a meaning; stable, part of the stored format.
// Tables 0 to 239 are the program's; 240 to 255 are the loop's own.
struct RecordKey {
  uint8_t table = 0;
  std::string key;  // 1 to 128 bytes, any bytes

  friend auto operator<=>(const RecordKey&, const RecordKey&) = default;
};

struct Record {
  RecordKey key;
  std::string value;
};

struct CommitRequest {
  static constexpr size_t kMaxRecords = 256;       // puts and deletes together
  static constexpr size_t kMaxBytes = 256 * 1024;  // keys, values and log entry together

  ShardId shard;
  uint64_t term = 0;
  uint64_t number = 0;
  std::vector<Record> puts;        // a key occurs at most once in puts and deletes together
  std::vector<RecordKey> deletes;  // deleting an absent key is no error
  std::string log_entry;           // empty: no entry is appended (the number is used all the same)
  uint64_t digest = 0;             // DigestOf(*this)
};

// Over everything but `digest` itself; stable across builds.
uint64_t DigestOf(const CommitRequest& request);

enum class CommitOutcome {
  kDurable,  // applied and as durable as the store promises; also the answer to a resend of the last one
  // Applied, may yet be lost with the server: keep memory, hold answers, ask again (LastCommit). An error of LastCommit
  // then means that it may have been lost: the outcome is unknown.
  kNotYetReplicated,
  kRefused,  // nothing was written, then or before: drop memory, reload
  kUnknown,  // the answer was lost: read LastCommit, then go on or resend
};

enum class RefusalReason { kNone, kWrongTerm, kWrongNumber, kNoSpace, kReadOnly, kTooLarge, kBroken };

struct CommitResult {
  CommitOutcome outcome = CommitOutcome::kUnknown;
  RefusalReason reason = RefusalReason::kNone;  // with kRefused
  std::string detail;                           // for the log of the process; no personal data
};

// The head of a shard's chain: its last commit. `term` is the one that it was written under, 0 before the first.
struct ChainHead {
  uint64_t term = 0;
  uint64_t number = 0;
  uint64_t digest = 0;

  friend bool operator==(const ChainHead&, const ChainHead&) = default;
};

// A new ownership: `term` fences every older owner out.
struct TermGrant {
  uint64_t term = 0;                // max(stored + 1, unix milliseconds given)
  ChainHead last;                   // the chain that this term continues
  bool tail_at_risk = false;        // acknowledged commits may have been lost before this term (Redis); asks for replay
  std::optional<Instant> taken_at;  // by the clock of the store; none where that is the caller's own
};

struct LoadPage {
  std::vector<Record> records;
  std::string next_cursor;  // empty: this was the last page
};

class ShardStore {
 public:
  virtual ~ShardStore() = default;

  // True where a commit that was answered `durable` may be missing in a later term (which TermGrant::tail_at_risk then
  // says): callers keep what was acknowledged and send it again. Never changes.
  virtual bool MayLoseAcknowledgedTail() const { return false; }

  // True while the store keeps the room that is left for work that has begun: new contacts are to be refused, commits
  // are still taken. Any thread.
  virtual bool NearlyFull() const { return false; }

  // Opens a new term for the shard. A shard that never existed starts at number 0.
  virtual void TakeTerm(ShardId shard, uint64_t owner_nonce, int64_t unix_ms,
                        absl::AnyInvocable<void(absl::StatusOr<TermGrant>)> done) = 0;

  // Shared with whoever may have to send it again.
  virtual void Commit(std::shared_ptr<const CommitRequest> request, absl::AnyInvocable<void(CommitResult)> done) = 0;
  void Commit(CommitRequest request, absl::AnyInvocable<void(CommitResult)> done) {
    Commit(std::make_shared<const CommitRequest>(std::move(request)), std::move(done));
  }

  // Answers after every commit that was handed in before it was decided.
  // The newest commit that is as durable as the store promises: an applied one that is not yet replicated does not
  // show.
  virtual void LastCommit(ShardId shard, absl::AnyInvocable<void(absl::StatusOr<ChainHead>)> done) = 0;

  // All records of the tables named, in pages that end soon after 1 MB (Redis: by 32 buckets), in an order of the
  // store's own. Only the holder of the term calls it, before its first commit, so the pages belong to one state.
  virtual void Load(ShardId shard, std::vector<uint8_t> tables, std::string cursor,
                    absl::AnyInvocable<void(absl::StatusOr<LoadPage>)> done) = 0;

  // The durable values of at most 256 keys, in their order; an absent one is nullopt.
  virtual void Read(ShardId shard, std::vector<RecordKey> keys,
                    absl::AnyInvocable<void(absl::StatusOr<std::vector<std::optional<std::string>>>)> done) = 0;
};

}  // namespace meridian
