#include "libs/runtime/answer_table.h"

#include <algorithm>
#include <cstring>
#include <iterator>

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

constexpr size_t kHeaderBytes = 5;   // version, count
constexpr size_t kPlaceBytes = 100;  // of an answer beside its bytes, about

struct StoredAnswer {
  std::string tenant;
  Uuid request_id;
  uint64_t digest = 0;
  std::string_view answer;
};

bool ReadAnswer(LittleEndianReader* reader, StoredAnswer* stored) {
  std::string_view tenant;
  if (!reader->ReadBytes(&tenant) || !reader->ReadU64(&stored->request_id.high) ||
      !reader->ReadU64(&stored->request_id.low) || !reader->ReadU64(&stored->digest) ||
      !reader->ReadBytes(&stored->answer)) {
    return false;
  }
  stored->tenant.assign(tenant);
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
  if (found == answers_.end()) {
    if (!IsFull()) return {};
    return {Verdict::kRefused,
            {},
            Refuse(absl::StatusCode::kResourceExhausted, refusal::kAnswersFull,
                   "too many requests in the last five minutes", now)};
  }
  const Place& place = found->second;
  if (place.digest != key.digest) {
    return {Verdict::kRefused,
            {},
            Refuse(absl::StatusCode::kInvalidArgument, refusal::kRequestIdReused,
                   "request_id was used for another request", now)};
  }
  const size_t index = place.batch - first_batch_;
  const std::string& record = index < batches_.size() ? batches_[index].record : open_.record;
  return {Verdict::kRepeat, std::string_view(record).substr(place.offset, place.length), {}};
}

void AnswerTable::Add(const RequestKey& key, std::string_view answer) {
  std::string& record = open_.record;
  const size_t before = record.size();
  if (record.empty()) {
    record.push_back(static_cast<char>(kVersion));
    AppendU32(0, &record);
  }
  AppendBytes(key.tenant, &record);
  AppendU64(key.request_id.high, &record);
  AppendU64(key.request_id.low, &record);
  AppendU64(key.digest, &record);
  AppendBytes(answer, &record);
  const Place place{key.digest, first_batch_ + batches_.size(), static_cast<uint32_t>(record.size() - answer.size()),
                    static_cast<uint32_t>(answer.size())};
  answers_.try_emplace(Key{key.request_id, Intern(key.tenant)}, place);
  ++open_.answers;
  open_.last_repeat = std::max(open_.last_repeat, TimeOf(key.request_id) + kWindow);
  bytes_ += record.size() - before + kPlaceBytes;
}

void AnswerTable::TakeRecord(uint64_t commit_number, std::vector<Record>* puts) {
  if (open_.answers == 0) return;
  std::memcpy(open_.record.data() + 1, &open_.answers, sizeof open_.answers);
  puts->push_back(Record{RecordKey{kTable, NumberKey(commit_number)}, open_.record});
  open_.number = commit_number;
  batches_.push_back(std::move(open_));
  open_ = Batch{};
}

void AnswerTable::ForgetOld(Instant now) {
  while (forgotten_.size() < kDeletesPerCommit && !batches_.empty() && batches_.front().last_repeat < now) {
    Forget(batches_.front());
    forgotten_.push_back(RecordKey{kTable, NumberKey(batches_.front().number)});
    batches_.pop_front();
    ++first_batch_;
  }
}

void AnswerTable::TakeDeletes(std::vector<RecordKey>* deletes) {
  std::move(forgotten_.begin(), forgotten_.end(), std::back_inserter(*deletes));
  forgotten_.clear();
}

void AnswerTable::Forget(const Batch& batch) {
  LittleEndianReader reader(std::string_view(batch.record).substr(kHeaderBytes));
  StoredAnswer stored;
  while (ReadAnswer(&reader, &stored)) answers_.erase(Key{stored.request_id, Intern(stored.tenant)});
  bytes_ -= batch.record.size() + kPlaceBytes * batch.answers;
}

void AnswerTable::Clear() {
  tenants_.clear();
  answers_.clear();
  batches_.clear();
  bytes_ = 0;
  first_batch_ = 0;
  open_ = Batch{};
  forgotten_.clear();
}

absl::Status AnswerTable::Restore(const Record& record) {
  LittleEndianReader reader(record.value);
  uint8_t version = 0;
  Batch batch;
  if (record.key.key.size() != 8 || !reader.ReadU8(&version) || version != kVersion ||
      !reader.ReadU32(&batch.answers)) {
    return absl::DataLossError("a record of answers cannot be read");
  }
  StoredAnswer stored;
  for (uint32_t i = 0; i < batch.answers; ++i) {
    if (!ReadAnswer(&reader, &stored)) return absl::DataLossError("a record of answers ends too early");
    batch.last_repeat = std::max(batch.last_repeat, TimeOf(stored.request_id) + kWindow);
  }
  if (!reader.empty()) return absl::DataLossError("a record of answers is too long");
  batch.number = NumberOf(record.key.key);
  batch.record = record.value;
  batches_.push_back(std::move(batch));
  return absl::OkStatus();
}

void AnswerTable::FinishRestore() {
  std::sort(batches_.begin(), batches_.end(), [](const Batch& a, const Batch& b) { return a.number < b.number; });
  for (uint64_t index = 0; index < batches_.size(); ++index) Index(batches_[index], index);
}

void AnswerTable::Index(const Batch& batch, uint64_t index) {
  const std::string_view record(batch.record);
  LittleEndianReader reader(record.substr(kHeaderBytes));
  StoredAnswer stored;
  while (ReadAnswer(&reader, &stored)) {
    answers_.try_emplace(Key{stored.request_id, Intern(stored.tenant)},
                         Place{stored.digest, index, static_cast<uint32_t>(stored.answer.data() - record.data()),
                               static_cast<uint32_t>(stored.answer.size())});
  }
  bytes_ += record.size() + kPlaceBytes * batch.answers;
}

uint32_t AnswerTable::Intern(const std::string& tenant) {
  return tenants_.try_emplace(tenant, static_cast<uint32_t>(tenants_.size())).first->second;
}

}  // namespace meridian
