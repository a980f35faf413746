#include "libs/runtime/shard_store.h"

#include <bit>
#include <cstring>
#include <string_view>

namespace meridian {
namespace {

static_assert(std::endian::native == std::endian::little, "the digest reads words as they lie in memory");

constexpr uint64_t kOdd1 = 0x9e3779b97f4a7c15ULL;
constexpr uint64_t kOdd2 = 0xbf58476d1ce4e5b9ULL;

__extension__ using Wide = unsigned __int128;

// Both halves of the product, folded: every bit of either factor reaches every bit of the result.
uint64_t Fold(uint64_t a, uint64_t b) {
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

uint64_t WordAt(const char* bytes) {
  uint64_t word;
  std::memcpy(&word, bytes, sizeof word);
  return word;
}

// A running hash; lengths go in before bytes, so that no two sequences run together. Long strings take 32 bytes a step
// in two lanes, which the processor multiplies side by side.
class Digest {
 public:
  void Add(uint64_t word) { hash_ = Fold(hash_ ^ word ^ kOdd1, kOdd2) + kOdd1; }
  void Add(std::string_view bytes) {
    Add(bytes.size());
    const char* at = bytes.data();
    size_t left = bytes.size();
    if (left >= 64) {
      uint64_t second = hash_ ^ kOdd2;
      for (; left >= 32; at += 32, left -= 32) {
        hash_ = Fold(hash_ ^ WordAt(at), WordAt(at + 8) ^ kOdd1) + kOdd2;
        second = Fold(second ^ WordAt(at + 16), WordAt(at + 24) ^ kOdd2) + kOdd1;
      }
      hash_ = Fold(hash_ ^ kOdd1, second ^ kOdd2) + second;
    }
    for (; left >= 16; at += 16, left -= 16) hash_ = Fold(hash_ ^ WordAt(at), WordAt(at + 8) ^ kOdd1) + kOdd2;
    char tail[16] = {};
    if (left > 0) std::memcpy(tail, at, left);
    hash_ = Fold(hash_ ^ WordAt(tail), WordAt(tail + 8) ^ kOdd1) + kOdd2;
  }
  uint64_t value() const { return Fold(hash_ ^ kOdd2, kOdd1) ^ hash_; }

 private:
  uint64_t hash_ = kOdd1;
};

}  // namespace

uint64_t DigestOf(const CommitRequest& request) {
  Digest digest;
  digest.Add((static_cast<uint64_t>(request.shard.kind) << 32) | request.shard.number);
  digest.Add(request.term);
  digest.Add(request.number);
  digest.Add(request.puts.size());
  for (const Record& record : request.puts) {
    digest.Add(record.key.table);
    digest.Add(std::string_view(record.key.key));
    digest.Add(std::string_view(record.value));
  }
  digest.Add(request.deletes.size());
  for (const RecordKey& key : request.deletes) {
    digest.Add(key.table);
    digest.Add(std::string_view(key.key));
  }
  digest.Add(std::string_view(request.log_entry));
  return digest.value();
}

}  // namespace meridian
