// What the tests of loading share: records in buckets of one's choice, and everything that a load brings.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "libs/store/redis_server_check.h"
#include "tests/integration/redis/redis_harness.h"

namespace meridian {

inline const std::string kBase = "meridian:{r7}";

inline absl::StatusOr<LoadPage> LoadPageOf(RedisProcess& process, std::vector<uint8_t> tables,
                                           const std::string& cursor) {
  return testing::Await<absl::StatusOr<LoadPage>>(
      [&](auto done) { process.store().Load(kShard, std::move(tables), cursor, std::move(done)); });
}

struct Loaded {
  std::map<RecordKey, std::string> records;
  int pages = 0;
  size_t largest_page = 0;  // bytes of values
};

// Everything in the tables; each record once.
inline Loaded LoadAll(RedisProcess& process, const std::vector<uint8_t>& tables) {
  Loaded loaded;
  std::string cursor;
  do {
    absl::StatusOr<LoadPage> page = LoadPageOf(process, tables, cursor);
    EXPECT_TRUE(page.ok()) << page.status();
    if (!page.ok()) break;
    size_t bytes = 0;
    for (Record& record : page->records) {
      bytes += record.value.size();
      EXPECT_TRUE(loaded.records.emplace(record.key, std::move(record.value)).second)
          << record.key.key << " came twice";
    }
    loaded.largest_page = std::max(loaded.largest_page, bytes);
    cursor = page->next_cursor;
    ++loaded.pages;
  } while (!cursor.empty());
  return loaded;
}

// As the stored format has it: FNV-1a, folded.
inline uint32_t BucketOf(const std::string& key) {
  uint32_t hash = 2166136261u;
  for (const char byte : key) hash = (hash ^ static_cast<uint8_t>(byte)) * 16777619u;
  return (hash ^ (hash >> 16)) % 1024;
}

// The Redis key of the bucket that a record lies in.
inline std::string BucketKey(const RecordKey& key) {
  return kBase + ":" + std::to_string(key.table) + ":" + std::to_string(BucketOf(key.key));
}

inline std::string KeyIn(uint32_t bucket, int which) {
  for (int i = 0;; ++i) {
    std::string key = "k" + std::to_string(i);
    if (BucketOf(key) == bucket && which-- == 0) return key;
  }
}

inline CommitResult CommitRecords(RedisProcess& process, uint64_t term, uint64_t number, std::vector<Record> puts,
                                  std::vector<RecordKey> deletes = {}) {
  CommitRequest request{.shard = kShard, .term = term, .number = number};
  request.puts = std::move(puts);
  request.deletes = std::move(deletes);
  request.digest = DigestOf(request);
  return process.Commit(std::move(request));
}

// How often the server ran a command since the last question.
class Calls {
 public:
  explicit Calls(testing::RedisServer& server) : server_(server) { Reset(); }
  void Reset() { server_.Command({"CONFIG", "RESETSTAT"}); }
  int Of(const std::string& command) {
    const auto info = ParseRedisInfo(server_.Command({"INFO", "commandstats"}));
    const auto found = info.find("cmdstat_" + command);
    return found == info.end() ? 0 : std::stoi(found->second.substr(found->second.find('=') + 1));
  }

 private:
  testing::RedisServer& server_;
};

}  // namespace meridian
