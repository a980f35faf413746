#include "libs/runtime/shard_store.h"

#include "libs/base/uuid.h"

namespace meridian {
namespace {

class Digest {
 public:
  void Add(uint64_t word) { hash_ = StableHash(Uuid{hash_, word}); }
  void Add(const std::string& bytes) {
    Add(bytes.size());
    Add(StableHash(bytes));
  }
  uint64_t value() const { return hash_; }

 private:
  uint64_t hash_ = 0;
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
    digest.Add(record.key.key);
    digest.Add(record.value);
  }
  digest.Add(request.deletes.size());
  for (const RecordKey& key : request.deletes) {
    digest.Add(key.table);
    digest.Add(key.key);
  }
  digest.Add(request.log_entry);
  return digest.value();
}

}  // namespace meridian
