// What the tests of the Redis store share: stores over servers of their own, and calls that wait for their answers.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "libs/base/check.h"
#include "libs/runtime/clock.h"
#include "libs/store/redis_store.h"
#include "libs/testing/await.h"
#include "libs/testing/redis_server.h"

namespace meridian {

inline constexpr ShardId kShard{ShardKind::kRouting, 7};

// One process over a Redis store.
class RedisProcess {
 public:
  explicit RedisProcess(RedisOptions options);
  // Over one server, by its Unix socket.
  RedisProcess(const testing::RedisServer& server, RedisDurability durability, int replicas = 1);

  RedisStore& store() { return *store_; }

  absl::StatusOr<TermGrant> TryTakeTerm(int64_t unix_ms = 1000);
  // Asks again while the server is looked for.
  TermGrant TakeTerm(int64_t unix_ms = 1000);
  // The commit behind `last`, with a record and a log entry.
  static CommitRequest Request(uint64_t term, uint64_t number, const std::string& text = "text");
  CommitResult Commit(CommitRequest request);
  std::future<CommitResult> CommitLater(CommitRequest request);
  absl::StatusOr<ChainHead> LastCommit();
  // Asks until there is an answer.
  ChainHead AwaitHead();
  // Asks until the head has this number, as the owner of a commit that is not yet replicated does.
  void AwaitHead(uint64_t number);
  absl::StatusOr<std::vector<LogEntry>> ReadAfter(LogPosition position);
  absl::StatusOr<std::vector<std::optional<std::string>>> Read(std::vector<RecordKey> keys);

  static const MonotonicClock* monotonic();
  static RedisOptions Options(const testing::RedisServer& server, RedisDurability durability, int replicas = 1);

 private:
  const uint64_t nonce_;
  std::unique_ptr<RedisStore> store_;
};

// Calls until it is true, at most 30 s.
bool Eventually(const std::function<bool()>& condition);

}  // namespace meridian
