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

#include "absl/container/flat_hash_map.h"
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
  // The size of the record that TakeRecord would make now; 0 when the batch has no answers.
  size_t PendingBytes() const { return open_.record.size(); }
  // Closes the batch: adds its record, if it has answers.
  void TakeRecord(uint64_t commit_number, std::vector<Record>* puts);
  // Before a batch: forgets answers whose time is over, of as many commits as kDeletesPerCommit.
  void ForgetOld(Instant now);
  // With a commit: deletes the records of what was forgotten.
  void TakeDeletes(std::vector<RecordKey>* deletes);

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
  // Where an answer lies.
  struct Place {
    uint64_t digest = 0;
    uint64_t batch = 0;  // counted from the first since Clear
    uint32_t offset = 0;
    uint32_t length = 0;
  };
  struct Batch {
    uint64_t number = 0;  // of its commit
    Instant last_repeat;  // after it, none of its ids is accepted
    uint32_t answers = 0;
    std::string record;  // the value of its record: holds the answers
  };

  bool IsFull() const { return answers_.size() >= limits_.max_answers || bytes_ >= limits_.max_bytes; }
  uint32_t Intern(const std::string& tenant);
  void Index(const Batch& batch, uint64_t index);
  void Forget(const Batch& batch);

  const AnswerTableLimits limits_;
  std::unordered_map<std::string, uint32_t> tenants_;
  absl::flat_hash_map<Key, Place, KeyHash> answers_;  // never iterated
  size_t bytes_ = 0;
  std::deque<Batch> batches_;         // by number
  uint64_t first_batch_ = 0;          // the count of batches_.front()
  Batch open_;                        // of the batch that is being built
  std::vector<RecordKey> forgotten_;  // records to delete with the next commit
};

}  // namespace meridian
