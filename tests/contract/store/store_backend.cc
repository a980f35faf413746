#include "tests/contract/store/store_backend.h"

#include <filesystem>
#include <iostream>
#include <mutex>

#include "libs/base/check.h"
#include "libs/store/memory_store.h"
#include "libs/store/redis_store.h"
#include "libs/store/sqlite_store.h"
#include "libs/testing/redis_server.h"
#include "libs/testing/temporary_folder.h"

namespace meridian {
namespace {

class MemoryBackend : public StoreBackend {
 public:
  explicit MemoryBackend(const testing::FakeClock& clock) : store_({.monotonic = clock.monotonic()}) {}
  ShardStore& store() override { return store_; }
  EventLog& log() override { return store_; }
  ShardLeases& leases() override { return store_.leases(); }
  ShardDirectory& directory() override { return store_; }
  ShardPlacement* placement() override { return &store_.placement(); }
  void Restart() override {}

 private:
  MemoryStore store_;
};

class SqliteBackend : public StoreBackend {
 public:
  explicit SqliteBackend(const testing::FakeClock& clock, int64_t log_tail_bytes = 4 << 20)
      : clock_(clock), log_tail_bytes_(log_tail_bytes) {
    Restart();
  }
  ShardStore& store() override { return *store_; }
  EventLog& log() override { return *store_; }
  ShardLeases& leases() override { return store_->leases(); }
  ShardDirectory& directory() override { return *store_; }

  void Restart() override {
    store_.reset();
    auto opened = SqliteStore::Open({.path = folder_.path() + "/store.db",
                                     .log_tail_bytes = log_tail_bytes_,
                                     .wall = clock_.wall(),
                                     .monotonic = clock_.monotonic()});
    MERIDIAN_CHECK(opened.ok());
    store_ = *std::move(opened);
  }

 private:
  const testing::FakeClock& clock_;
  const int64_t log_tail_bytes_;
  const testing::TemporaryFolder folder_;
  std::unique_ptr<SqliteStore> store_;
};

// Reads every log entry from the file.
class TaillessSqliteBackend : public SqliteBackend {
 public:
  explicit TaillessSqliteBackend(const testing::FakeClock& clock) : SqliteBackend(clock, 0) {}
};

// One primary, with a replica, for all tests of the process; each test has keys of its own.
class RedisBackend : public StoreBackend {
 public:
  explicit RedisBackend(const testing::FakeClock& clock, RedisDurability durability = RedisDurability::kAsync)
      : RedisBackend(clock, durability, Primary(durability)) {}
  ShardStore& store() override { return *store_; }
  EventLog& log() override { return *store_; }
  ShardLeases& leases() override { return *store_; }
  ShardDirectory& directory() override { return *store_; }
  ShardPlacement* placement() override { return store_.get(); }

  void Restart() override {
    store_.reset();
    auto opened = RedisStore::Open({.servers = {{.unix_path = server_.socket_path()}},
                                    .durability = durability_,
                                    .key_prefix = prefix_,
                                    .wait_timeout = Duration::Seconds(4),  // a busy machine's replica is slow, no more
                                    .wall = clock_.wall(),
                                    .monotonic = &monotonic_,
                                    .lease_clock = clock_.wall()});
    if (!opened.ok()) std::cerr << opened.status() << std::endl;
    MERIDIAN_CHECK(opened.ok());
    store_ = *std::move(opened);
  }

 protected:
  RedisBackend(const testing::FakeClock& clock, RedisDurability durability, const testing::RedisServer& server)
      : clock_(clock), durability_(durability), server_(server), prefix_("test" + std::to_string(++prefixes)) {
    Restart();
  }

 private:
  static testing::RedisServer& Primary(RedisDurability durability) {
    if (!primary) primary = std::make_unique<testing::RedisServer>();
    if (!replica && durability != RedisDurability::kAsync) {
      replica = std::make_unique<testing::RedisServer>();
      replica->ReplicateFrom(*primary);
    }
    return *primary;
  }

  static inline std::unique_ptr<testing::RedisServer> primary, replica;
  static inline int prefixes = 0;

  const testing::FakeClock& clock_;
  const RedisDurability durability_;
  const testing::RedisServer& server_;
  const std::string prefix_;
  const SystemMonotonicClock monotonic_;
  std::unique_ptr<RedisStore> store_;
};

class ReplicatedRedisBackend : public RedisBackend {
 public:
  explicit ReplicatedRedisBackend(const testing::FakeClock& clock)
      : RedisBackend(clock, RedisDurability::kReplicated) {}
};

// A node of a Redis Cluster, with all its slots: it refuses a call whose keys lie in more than one.
class ClusterNodeBackend : public RedisBackend {
 public:
  explicit ClusterNodeBackend(const testing::FakeClock& clock) : RedisBackend(clock, RedisDurability::kAsync, Node()) {}

 private:
  static testing::RedisServer& Node() {
    static testing::RedisServer node({.settings = {"--cluster-enabled", "yes", "--cluster-announce-ip", "127.0.0.1"}});
    static const bool has_slots = [] {
      node.Command({"CLUSTER", "ADDSLOTSRANGE", "0", "16383"});
      node.AwaitReply({"CLUSTER", "INFO"}, "cluster_state:ok");
      return true;
    }();
    MERIDIAN_CHECK(has_slots);
    return node;
  }
};

template <typename Backend>
std::unique_ptr<StoreBackend> Make(const testing::FakeClock& clock) {
  return std::make_unique<Backend>(clock);
}

}  // namespace

std::vector<StoreKind> AllStoreKinds() {
  return {{"Memory", Make<MemoryBackend>},
          {"Sqlite", Make<SqliteBackend>},
          {"SqliteWithoutTail", Make<TaillessSqliteBackend>},
          {"Redis", Make<RedisBackend>},
          {"RedisReplicated", Make<ReplicatedRedisBackend>},
          {"RedisCluster", Make<ClusterNodeBackend>}};
}

std::vector<StoreKind> SharedStoreKinds() {
  return {{"Memory", Make<MemoryBackend>},
          {"Redis", Make<RedisBackend>},
          {"RedisReplicated", Make<ReplicatedRedisBackend>},
          {"RedisCluster", Make<ClusterNodeBackend>}};
}

void PrintTo(const StoreKind& kind, std::ostream* out) { *out << kind.name; }
std::string KindName(const ::testing::TestParamInfo<StoreKind>& info) { return info.param.name; }

TermGrant StoreTest::TakeTerm(ShardId shard, int64_t unix_ms) {
  auto grant = testing::Await<absl::StatusOr<TermGrant>>(
      [&](auto done) { store().TakeTerm(shard, 1, unix_ms, std::move(done)); });
  EXPECT_TRUE(grant.ok()) << grant.status();
  return grant.value_or(TermGrant{});
}

ChainHead StoreTest::LastCommit(ShardStore& store, ShardId shard) {
  auto head = testing::Await<absl::StatusOr<ChainHead>>([&](auto done) { store.LastCommit(shard, std::move(done)); });
  EXPECT_TRUE(head.ok()) << head.status();
  return head.value_or(ChainHead{});
}

std::vector<CommitRequest> StoreTest::NextCommits(const TermGrant& grant, int count) {
  std::vector<CommitRequest> requests;
  for (int i = 1; i <= count; ++i) {
    const uint64_t number = grant.last.number + static_cast<uint64_t>(i);
    const std::string text = std::to_string(number);
    requests.push_back(Request(grant, number, {{{1, "key" + text}, "value" + text}}, {}, "entry" + text));
  }
  return requests;
}

CommitRequest StoreTest::Request(const TermGrant& grant, uint64_t number, std::vector<Record> puts,
                                 std::vector<RecordKey> deletes, std::string log_entry) {
  CommitRequest request{.shard = kShard,
                        .term = grant.term,
                        .number = number,
                        .puts = std::move(puts),
                        .deletes = std::move(deletes),
                        .log_entry = std::move(log_entry)};
  request.digest = DigestOf(request);
  return request;
}

CommitResult StoreTest::Commit(ShardStore& store, CommitRequest request) {
  return testing::Await<CommitResult>([&](auto done) { store.Commit(std::move(request), std::move(done)); });
}

std::vector<CommitResult> StoreTest::CommitInFlight(ShardStore& store, std::vector<CommitRequest> requests) {
  std::mutex mutex;
  std::vector<CommitResult> results;
  std::promise<void> all;
  const size_t count = requests.size();
  size_t answered = 0;
  for (size_t i = 0; i < count; ++i) {
    store.Commit(std::move(requests[i]), [&, i](CommitResult result) {
      std::lock_guard lock(mutex);
      EXPECT_EQ(i, answered) << "answered out of order";
      results.push_back(std::move(result));
      if (++answered == count) all.set_value();
    });
  }
  EXPECT_EQ(all.get_future().wait_for(std::chrono::seconds(30)), std::future_status::ready);
  std::lock_guard lock(mutex);
  return results;
}

std::vector<std::optional<std::string>> StoreTest::Read(std::vector<RecordKey> keys, ShardId shard) {
  auto values = testing::Await<absl::StatusOr<std::vector<std::optional<std::string>>>>(
      [&](auto done) { store().Read(shard, std::move(keys), std::move(done)); });
  EXPECT_TRUE(values.ok()) << values.status();
  return values.ok() ? *std::move(values) : std::vector<std::optional<std::string>>{};
}

std::vector<Record> StoreTest::LoadAll(std::vector<uint8_t> tables, int* pages) {
  std::vector<Record> records;
  std::string cursor;
  int count = 0;
  do {
    auto page = testing::Await<absl::StatusOr<LoadPage>>(
        [&](auto done) { store().Load(kShard, tables, cursor, std::move(done)); });
    EXPECT_TRUE(page.ok()) << page.status();
    if (!page.ok()) break;
    std::move(page->records.begin(), page->records.end(), std::back_inserter(records));
    cursor = page->next_cursor;
    ++count;
  } while (!cursor.empty());
  if (pages != nullptr) *pages = count;
  return records;
}

absl::StatusOr<std::vector<LogEntry>> StoreTest::ReadAfter(LogPosition position, size_t max_bytes) {
  return testing::Await<absl::StatusOr<std::vector<LogEntry>>>(
      [&](auto done) { log().ReadAfter(kShard, position, max_bytes, std::move(done)); });
}

absl::StatusOr<LogPosition> StoreTest::TrimTo(LogPosition position) {
  return testing::Await<absl::StatusOr<LogPosition>>(
      [&](auto done) { log().TrimTo(kShard, position, std::move(done)); });
}

void StoreTest::SetFollower(const std::string& follower, LogPosition position) {
  const auto status =
      testing::Await<absl::Status>([&](auto done) { log().SetFollower(kShard, follower, position, std::move(done)); });
  EXPECT_TRUE(status.ok()) << status;
}

}  // namespace meridian
