// Idempotency by request id (architecture §3): remembers the answers of the last five minutes, so that a repeat gets
// the first answer, also when that one is not durable yet (the loop releases both in the order of commits).
//
// Durable form: one record per commit, table 240, key = the commit's number (8 bytes, big endian); value = version 1,
// count, then per answer: tenant, request id, digest, answer (lengths and numbers little endian). A record is deleted
// once no id in it can be repeated any more.
//
// Owned by the shard loop; one thread at a time. Bounded by AnswerTableLimits: when full, commands with a new request
// id are refused (ANSWERS_FULL), since forgetting an answer early could do a thing twice.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "absl/status/status.h"
#include "libs/base/time.h"
#include "libs/runtime/shard_program.h"
#include "libs/runtime/shard_store.h"

namespace meridian {

struct AnswerTableLimits {
  size_t max_answers = 1000000;
  size_t max_bytes = 256u << 20;  // of answers and their keys, as counted by the table
};

class AnswerTable {
 public:
  static constexpr uint8_t kTable = 240;
  static constexpr Duration kWindow = Duration::Minutes(5);
  static constexpr Duration kLargestLead = Duration::Minutes(1);
  static constexpr size_t kDeletesPerCommit = 4;

  explicit AnswerTable(const AnswerTableLimits& limits) : limits_(limits) {}

  enum class Verdict { kNew, kRepeat, kRefused };
  struct Lookup {
    Verdict verdict = Verdict::kNew;
    std::string_view answer;  // with kRepeat: encoded; valid until the table changes
    absl::Status refusal;     // with kRefused
  };
  Lookup Find(const RequestKey& key, Instant now) const;

  // Remembers the answer of a command of the batch that is being built. `key` was found kNew.
  void Add(const RequestKey& key, std::string_view answer);
  // Bytes that TakeRecord would write now; 0 when the batch has no answers.
  size_t PendingBytes() const { return pending_.size(); }
  // Closes the batch: adds its record, if it has answers, and deletes of at most kDeletesPerCommit old records.
  void TakeRecord(uint64_t commit_number, std::vector<Record>* puts);
  void TakeDeletes(Instant now, std::vector<RecordKey>* deletes);

  // Full of answers whose time is over: a commit is wanted to forget them, even one without other writes.
  bool WantsDeletes(Instant now) const { return IsFull() && !batches_.empty() && batches_.front().last_repeat < now; }

  // Building anew from records.
  void Clear();
  absl::Status Restore(const Record& record);
  void FinishRestore();

  size_t size() const { return answers_.size(); }
  size_t bytes() const { return bytes_; }

 private:
  struct Key {
    Uuid request_id;
    uint32_t tenant = 0;  // index in tenants_
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct KeyHash {
    size_t operator()(const Key& key) const { return StableHash(key.request_id) + key.tenant; }
  };
  struct Answer {
    uint64_t digest = 0;
    std::string bytes;
  };
  struct Batch {
    uint64_t number = 0;
    Instant last_repeat;  // after it, none of its ids is accepted
    std::vector<Key> keys;
  };

  bool IsFull() const { return answers_.size() >= limits_.max_answers || bytes_ >= limits_.max_bytes; }
  uint32_t Intern(const std::string& tenant);
  void Insert(Batch* batch, const RequestKey& key, std::string answer);
  static size_t Cost(size_t answer_bytes) { return answer_bytes + 120; }

  const AnswerTableLimits limits_;
  std::unordered_map<std::string, uint32_t> tenants_;
  std::unordered_map<Key, Answer, KeyHash> answers_;
  size_t bytes_ = 0;
  std::deque<Batch> batches_;  // by number
  Batch open_;                 // of the batch that is being built
  std::string pending_;        // its record's entries
};

}  // namespace meridian
