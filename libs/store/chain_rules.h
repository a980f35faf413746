// The rules of a shard's commit chain that every store obeys, as pure functions. Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "libs/runtime/shard_store.h"

namespace meridian {

// What a store holds of a shard's ownership and chain.
struct ShardChain {
  uint64_t term = 0;  // the current one; 0: never taken
  uint64_t owner_nonce = 0;
  ChainHead head;  // of the last commit; head.term is the term it was written under
};

enum class ChainVerdict { kAppend, kRepeat, kRefuse };

struct ChainDecision {
  ChainVerdict verdict = ChainVerdict::kRefuse;
  CommitResult refusal;  // with kRefuse
};

// Sizes first, then term, then number: append last + 1, repeat the last with its digest, refuse the rest.
ChainDecision DecideCommit(const ShardChain& chain, const CommitRequest& request);

// The refusal of a commit that is larger than any may be.
std::optional<CommitResult> RefusedForSize(const CommitRequest& request);

CommitResult Refused(RefusalReason reason, std::string detail);
std::string_view ToString(RefusalReason reason);

// The term that a new ownership gets.
uint64_t NextTerm(uint64_t stored_term, int64_t unix_ms);

// Keys, values and log entry together, as kMaxBytes counts them.
size_t SizeOf(const CommitRequest& request);

inline constexpr size_t kMaxKeyBytes = 128;
inline constexpr size_t kMaxReadKeys = 256;
inline constexpr size_t kLoadPageBytes = 1024 * 1024;

// The cursor of Load: the last key that was handed out.
std::string EncodeLoadCursor(const RecordKey& last);
std::optional<RecordKey> DecodeLoadCursor(std::string_view cursor);

}  // namespace meridian
