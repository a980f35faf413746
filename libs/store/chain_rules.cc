#include "libs/store/chain_rules.h"

#include <algorithm>

namespace meridian {

std::optional<CommitResult> RefusedForSize(const CommitRequest& request) {
  const size_t records = request.puts.size() + request.deletes.size();
  if (records > CommitRequest::kMaxRecords) {
    return Refused(RefusalReason::kTooLarge, std::to_string(records) + " records in one commit, at most " +
                                                 std::to_string(CommitRequest::kMaxRecords));
  }
  const auto key_fits = [](const RecordKey& key) { return !key.key.empty() && key.key.size() <= kMaxKeyBytes; };
  const bool keys_fit =
      std::all_of(request.puts.begin(), request.puts.end(), [&](const Record& r) { return key_fits(r.key); }) &&
      std::all_of(request.deletes.begin(), request.deletes.end(), key_fits);
  if (!keys_fit) return Refused(RefusalReason::kTooLarge, "a key is empty or longer than 128 bytes");
  const size_t bytes = SizeOf(request);
  if (bytes > CommitRequest::kMaxBytes) {
    return Refused(RefusalReason::kTooLarge,
                   std::to_string(bytes) + " bytes in one commit, at most " + std::to_string(CommitRequest::kMaxBytes));
  }
  return std::nullopt;
}

ChainDecision DecideCommit(const ShardChain& chain, const CommitRequest& request) {
  if (auto refusal = RefusedForSize(request)) return {ChainVerdict::kRefuse, *std::move(refusal)};
  if (chain.term == 0 || request.term != chain.term) {
    return {ChainVerdict::kRefuse,
            Refused(RefusalReason::kWrongTerm,
                    "term " + std::to_string(request.term) + ", in force is " + std::to_string(chain.term))};
  }
  if (request.number == chain.head.number + 1) return {ChainVerdict::kAppend, {}};
  if (request.number == chain.head.number && request.term == chain.head.term && request.digest == chain.head.digest) {
    return {ChainVerdict::kRepeat, {}};
  }
  return {ChainVerdict::kRefuse,
          Refused(RefusalReason::kWrongNumber,
                  "number " + std::to_string(request.number) + ", the last is " + std::to_string(chain.head.number))};
}

CommitResult Refused(RefusalReason reason, std::string detail) {
  return {CommitOutcome::kRefused, reason, std::move(detail)};
}

std::string_view ToString(RefusalReason reason) {
  switch (reason) {
    case RefusalReason::kNone:
      return "none";
    case RefusalReason::kWrongTerm:
      return "wrong term";
    case RefusalReason::kWrongNumber:
      return "wrong number";
    case RefusalReason::kNoSpace:
      return "no space";
    case RefusalReason::kReadOnly:
      return "read-only";
    case RefusalReason::kTooLarge:
      return "too large";
    case RefusalReason::kBroken:
      return "broken";
  }
  return "unknown";
}

uint64_t NextTerm(uint64_t stored_term, int64_t unix_ms) {
  return std::max(stored_term + 1, static_cast<uint64_t>(std::max<int64_t>(unix_ms, 1)));
}

size_t SizeOf(const CommitRequest& request) {
  size_t bytes = request.log_entry.size();
  for (const Record& record : request.puts) bytes += record.key.key.size() + record.value.size();
  for (const RecordKey& key : request.deletes) bytes += key.key.size();
  return bytes;
}

std::string EncodeLoadCursor(const RecordKey& last) { return std::string(1, static_cast<char>(last.table)) + last.key; }

std::optional<RecordKey> DecodeLoadCursor(std::string_view cursor) {
  if (cursor.size() < 2 || cursor.size() > 1 + kMaxKeyBytes) return std::nullopt;
  return RecordKey{static_cast<uint8_t>(cursor[0]), std::string(cursor.substr(1))};
}

}  // namespace meridian
