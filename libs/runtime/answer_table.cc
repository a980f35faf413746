#include "libs/runtime/answer_table.h"

#include <algorithm>

#include "libs/runtime/little_endian.h"
#include "libs/runtime/refusal.h"

namespace meridian {
namespace {

constexpr uint8_t kVersion = 1;

std::string NumberKey(uint64_t number) {
  std::string key(8, '\0');
  for (int i = 0; i < 8; ++i) key[i] = static_cast<char>(number >> (56 - 8 * i));
  return key;
}

uint64_t NumberOf(const std::string& key) {
  uint64_t number = 0;
  for (char c : key) number = (number << 8) | static_cast<unsigned char>(c);
  return number;
}

Instant TimeOf(const Uuid& id) { return Instant::FromUnixMilliseconds(id.UnixMilliseconds()); }

bool ReadAnswer(LittleEndianReader* reader, RequestKey* key, std::string_view* answer) {
  std::string_view tenant;
  if (!reader->ReadBytes(&tenant) || !reader->ReadU64(&key->request_id.high) ||
      !reader->ReadU64(&key->request_id.low) || !reader->ReadU64(&key->digest) || !reader->ReadBytes(answer)) {
    return false;
  }
  key->tenant.assign(tenant);
  return true;
}

absl::Status Refuse(absl::StatusCode code, std::string_view reason, std::string_view message, Instant now) {
  return MakeRefusal(code, reason, message, now);
}

// A refusal by the id's version or time alone.
absl::Status CheckId(const Uuid& id, Instant now) {
  if (id.Version() != 7) {
    return Refuse(absl::StatusCode::kInvalidArgument, refusal::kRequestIdInvalid, "request_id must be a UUID version 7",
                  now);
  }
  if (TimeOf(id) < now - AnswerTable::kWindow) {
    return Refuse(absl::StatusCode::kFailedPrecondition, refusal::kRequestTooOld,
                  "request_id is older than five minutes", now);
  }
  if (TimeOf(id) > now + AnswerTable::kLargestLead) {
    return Refuse(absl::StatusCode::kFailedPrecondition, refusal::kRequestFromFuture,
                  "request_id is more than a minute ahead", now);
  }
  return absl::OkStatus();
}

}  // namespace

AnswerTable::Lookup AnswerTable::Find(const RequestKey& key, Instant now) const {
  absl::Status id = CheckId(key.request_id, now);
  if (!id.ok()) return {Verdict::kRefused, {}, std::move(id)};
  auto tenant = tenants_.find(key.tenant);
  auto found = tenant == tenants_.end() ? answers_.end() : answers_.find(Key{key.request_id, tenant->second});
  if (found != answers_.end()) {
    if (found->second.digest == key.digest) return {Verdict::kRepeat, found->second.bytes, {}};
    return {Verdict::kRefused,
            {},
            Refuse(absl::StatusCode::kInvalidArgument, refusal::kRequestIdReused,
                   "request_id was used for another request", now)};
  }
  if (IsFull()) {
    return {Verdict::kRefused,
            {},
            Refuse(absl::StatusCode::kResourceExhausted, refusal::kAnswersFull,
                   "too many requests in the last five minutes", now)};
  }
  return {};
}

void AnswerTable::Add(const RequestKey& key, std::string_view answer) {
  AppendBytes(key.tenant, &pending_);
  AppendU64(key.request_id.high, &pending_);
  AppendU64(key.request_id.low, &pending_);
  AppendU64(key.digest, &pending_);
  AppendBytes(answer, &pending_);
  Insert(&open_, key, std::string(answer));
}

void AnswerTable::TakeRecord(uint64_t commit_number, std::vector<Record>* puts) {
  if (open_.keys.empty()) return;
  Record record{RecordKey{kTable, NumberKey(commit_number)}, {}};
  record.value.reserve(5 + pending_.size());
  record.value.push_back(static_cast<char>(kVersion));
  AppendU32(static_cast<uint32_t>(open_.keys.size()), &record.value);
  record.value.append(pending_);
  puts->push_back(std::move(record));
  pending_.clear();
  open_.number = commit_number;
  batches_.push_back(std::move(open_));
  open_ = Batch{};
}

void AnswerTable::TakeDeletes(Instant now, std::vector<RecordKey>* deletes) {
  for (size_t i = 0; i < kDeletesPerCommit && !batches_.empty() && batches_.front().last_repeat < now; ++i) {
    const Batch& batch = batches_.front();
    for (const Key& key : batch.keys) {
      auto found = answers_.find(key);
      bytes_ -= Cost(found->second.bytes.size());
      answers_.erase(found);
    }
    deletes->push_back(RecordKey{kTable, NumberKey(batch.number)});
    batches_.pop_front();
  }
}

void AnswerTable::Clear() {
  tenants_.clear();
  answers_.clear();
  batches_.clear();
  bytes_ = 0;
  open_ = Batch{};
  pending_.clear();
}

absl::Status AnswerTable::Restore(const Record& record) {
  LittleEndianReader reader(record.value);
  uint8_t version = 0;
  uint32_t count = 0;
  if (record.key.key.size() != 8 || !reader.ReadU8(&version) || version != kVersion || !reader.ReadU32(&count)) {
    return absl::DataLossError("a record of answers cannot be read");
  }
  Batch batch;
  batch.number = NumberOf(record.key.key);
  for (uint32_t i = 0; i < count; ++i) {
    RequestKey key;
    std::string_view answer;
    if (!ReadAnswer(&reader, &key, &answer)) return absl::DataLossError("a record of answers ends too early");
    Insert(&batch, key, std::string(answer));
  }
  batches_.push_back(std::move(batch));
  return absl::OkStatus();
}

void AnswerTable::FinishRestore() {
  std::sort(batches_.begin(), batches_.end(), [](const Batch& a, const Batch& b) { return a.number < b.number; });
}

uint32_t AnswerTable::Intern(const std::string& tenant) {
  return tenants_.try_emplace(tenant, static_cast<uint32_t>(tenants_.size())).first->second;
}

void AnswerTable::Insert(Batch* batch, const RequestKey& key, std::string answer) {
  const Key at{key.request_id, Intern(key.tenant)};
  const size_t cost = Cost(answer.size());
  if (!answers_.try_emplace(at, Answer{key.digest, std::move(answer)}).second) return;
  bytes_ += cost;
  batch->keys.push_back(at);
  batch->last_repeat = std::max(batch->last_repeat, TimeOf(key.request_id) + kWindow);
}

}  // namespace meridian
