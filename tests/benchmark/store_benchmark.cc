// What the SQLite store and the Redis store carry, beside a plain write + fdatasync loop on the same file system in the
// same run. Redis' own CPU per commit is what its process used.
// A command is two rows (a new one of 500 B, one of 300 B among 1,000) and 200 B of a log entry; a commit is a batch of
// commands, two commits of a shard are in flight, as the shard loop keeps them. RedisLoad is what a new owner of shards
// waits for.
//   store_benchmark --benchmark_repetitions=5 [--benchmark_filter=…]     (TMPDIR says where the files are made)
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <unistd.h>

#include <condition_variable>
#include <deque>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "libs/base/check.h"
#include "libs/base/uuid.h"
#include "libs/runtime/clock.h"
#include "libs/store/memory_store.h"
#include "libs/store/redis_server_check.h"
#include "libs/store/redis_store.h"
#include "libs/store/sqlite_store.h"
#include "libs/testing/await.h"
#include "libs/testing/redis_server.h"
#include "libs/testing/temporary_folder.h"

namespace meridian {
namespace {

constexpr int kInFlight = 2;  // of a shard, as the shard loop keeps them
constexpr int kAgents = 1000;

// Overwrites a preallocated file and waits for the disk, as little as any durable commit must do.
void FdatasyncLoop(benchmark::State& state) {
  const testing::TemporaryFolder folder;
  const std::string block(static_cast<size_t>(state.range(0)), 'x');
  const int file = open((folder.path() + "/file").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  MERIDIAN_CHECK(file >= 0);
  constexpr int64_t kFileBytes = 16 << 20;
  MERIDIAN_CHECK(posix_fallocate(file, 0, kFileBytes) == 0);
  int64_t at = 0;
  for (auto _ : state) {
    MERIDIAN_CHECK(pwrite(file, block.data(), block.size(), at) == static_cast<ssize_t>(block.size()));
    MERIDIAN_CHECK(fdatasync(file) == 0);
    at = (at + static_cast<int64_t>(block.size())) % (kFileBytes - static_cast<int64_t>(block.size()));
  }
  state.counters["syncs/s"] = benchmark::Counter(static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
  close(file);
}

CommitRequest Batch(ShardId shard, uint64_t term, uint64_t number, int commands) {
  CommitRequest request{.shard = shard, .term = term, .number = number};
  for (int i = 0; i < commands; ++i) {
    const uint64_t command = number * 1000 + static_cast<uint64_t>(i);
    // A key as a contact's: it begins with the time and goes on at random.
    const Uuid contact = Uuid::Version7(static_cast<int64_t>(command / 16), 0, StableHash(Uuid{command, 1}));
    request.puts.push_back({{1, contact.ToString()}, std::string(500, 'c')});
    const uint64_t agent = (number * static_cast<uint64_t>(commands) + static_cast<uint64_t>(i)) * 7 % kAgents;
    request.puts.push_back({{2, "agent-" + std::to_string(agent)}, std::string(300, 'a')});
  }
  request.log_entry = std::string(static_cast<size_t>(commands) * 200, 'e');
  request.digest = DigestOf(request);
  return request;
}

// One shard with its commits in flight.
class Shard {
 public:
  Shard(ShardStore& store, ShardId id, int most_in_flight = kInFlight)
      : store_(store), id_(id), most_in_flight_(most_in_flight) {
    term_ =
        testing::Await<absl::StatusOr<TermGrant>>([&](auto done) { store.TakeTerm(id, 1, 1, std::move(done)); })->term;
  }

  // Waits until fewer than may be are under way.
  void Commit(int commands) {
    CommitRequest request = Batch(id_, term_, ++number_, commands);
    {
      std::unique_lock lock(mutex_);
      answered_.wait(lock, [this] { return in_flight_ < most_in_flight_; });
      ++in_flight_;
    }
    store_.Commit(std::move(request), [this](CommitResult result) {
      MERIDIAN_CHECK(result.outcome == CommitOutcome::kDurable);
      std::lock_guard lock(mutex_);
      --in_flight_;
      answered_.notify_one();
    });
  }

  void Drain() {
    std::unique_lock lock(mutex_);
    answered_.wait(lock, [this] { return in_flight_ == 0; });
  }

 private:
  ShardStore& store_;
  const ShardId id_;
  const int most_in_flight_;
  uint64_t term_ = 0;
  uint64_t number_ = 0;
  std::mutex mutex_;
  std::condition_variable answered_;
  int in_flight_ = 0;
};

void CommitBatches(benchmark::State& state, ShardStore& store) {
  const int commands = static_cast<int>(state.range(0));
  std::deque<Shard> shards;
  for (uint32_t i = 0; i < state.range(1); ++i) shards.emplace_back(store, ShardId{ShardKind::kRouting, i});
  size_t next = 0;
  for (auto _ : state) shards[next++ % shards.size()].Commit(commands);
  for (Shard& shard : shards) shard.Drain();
  const auto commits = static_cast<double>(state.iterations());
  state.counters["commands/s"] = benchmark::Counter(commits * commands, benchmark::Counter::kIsRate);
  state.counters["commits/s"] = benchmark::Counter(commits, benchmark::Counter::kIsRate);
}

void SqliteCommits(benchmark::State& state) {
  const testing::TemporaryFolder folder;
  const SystemWallClock wall;
  const SystemMonotonicClock monotonic;
  auto store = SqliteStore::Open({.path = folder.path() + "/store.db", .wall = &wall, .monotonic = &monotonic});
  MERIDIAN_CHECK(store.ok());
  CommitBatches(state, **store);
  const SqliteStore::Counters counters = (*store)->counters();
  state.counters["transactions"] = static_cast<double>(counters.transactions);
  state.counters["checkpoints"] = static_cast<double>(counters.checkpoints);
}

// Seconds of CPU that the server's process has used.
double CpuSeconds(testing::RedisServer& server) {
  const auto info = ParseRedisInfo(server.Command({"INFO", "cpu"}));
  return std::stod(info.at("used_cpu_user")) + std::stod(info.at("used_cpu_sys"));
}

// Commits of `commands` commands, `in flight` at a time.
void CommitInFlight(benchmark::State& state, ShardStore& store) {
  const int commands = static_cast<int>(state.range(0));
  Shard shard(store, {ShardKind::kRouting, 0}, static_cast<int>(state.range(1)));
  for (auto _ : state) shard.Commit(commands);
  shard.Drain();
  const auto commits = static_cast<double>(state.iterations());
  state.counters["commands/s"] = benchmark::Counter(commits * commands, benchmark::Counter::kIsRate);
  state.counters["commits/s"] = benchmark::Counter(commits, benchmark::Counter::kIsRate);
}

void RedisCommits(benchmark::State& state, RedisDurability durability) {
  const std::string fsync = durability == RedisDurability::kStrict ? "always" : "everysec";
  const testing::RedisServer::Options options{.settings = {"--appendfsync", fsync, "--hash-max-listpack-value", "512"}};
  testing::RedisServer primary(options);
  std::unique_ptr<testing::RedisServer> replica;
  if (durability != RedisDurability::kAsync) {
    replica = std::make_unique<testing::RedisServer>(options);
    replica->ReplicateFrom(primary);
  }
  const SystemWallClock wall;
  const SystemMonotonicClock monotonic;
  auto store = RedisStore::Open({.servers = {{.unix_path = primary.socket_path()}},
                                 .durability = durability,
                                 .wait_timeout = Duration::Seconds(2),
                                 .wall = &wall,
                                 .monotonic = &monotonic});
  MERIDIAN_CHECK(store.ok());
  const double before = CpuSeconds(primary);
  CommitInFlight(state, **store);
  const double used = CpuSeconds(primary) - before;
  state.counters["redis_us/commit"] = used * 1e6 / static_cast<double>(state.iterations());
}
void RedisAsync(benchmark::State& state) { RedisCommits(state, RedisDurability::kAsync); }
void RedisReplicated(benchmark::State& state) { RedisCommits(state, RedisDurability::kReplicated); }
void RedisStrict(benchmark::State& state) { RedisCommits(state, RedisDurability::kStrict); }

// The same with SQLite.
void SqliteInFlight(benchmark::State& state) {
  const testing::TemporaryFolder folder;
  const SystemWallClock wall;
  const SystemMonotonicClock monotonic;
  auto store = SqliteStore::Open({.path = folder.path() + "/store.db", .wall = &wall, .monotonic = &monotonic});
  MERIDIAN_CHECK(store.ok());
  CommitInFlight(state, **store);
}

// A follower reads each batch's entry as soon as it is durable, as a session does with its routing shard's log.
void SqliteFollow(benchmark::State& state) {
  const testing::TemporaryFolder folder;
  const SystemWallClock wall;
  const SystemMonotonicClock monotonic;
  auto store = SqliteStore::Open({.path = folder.path() + "/store.db", .wall = &wall, .monotonic = &monotonic});
  MERIDIAN_CHECK(store.ok());
  constexpr ShardId kShard{ShardKind::kRouting, 0};
  Shard shard(**store, kShard);
  LogPosition position;
  for (auto _ : state) {
    state.PauseTiming();
    shard.Commit(static_cast<int>(state.range(0)));
    shard.Drain();
    state.ResumeTiming();
    const auto entries = testing::Await<absl::StatusOr<std::vector<LogEntry>>>(
        [&](auto done) { (*store)->ReadAfter(kShard, position, 1 << 20, std::move(done)); });
    MERIDIAN_CHECK(entries.ok() && entries->size() == 1);
    position = entries->back().position;
  }
}

// Everything that a shard holds, as at a start: 100,000 records of 500 B.
void SqliteLoad(benchmark::State& state) {
  const testing::TemporaryFolder folder;
  const SystemWallClock wall;
  const SystemMonotonicClock monotonic;
  auto store = SqliteStore::Open({.path = folder.path() + "/store.db", .wall = &wall, .monotonic = &monotonic});
  MERIDIAN_CHECK(store.ok());
  constexpr ShardId kShard{ShardKind::kRouting, 0};
  constexpr int kRecords = 100'000;
  {
    Shard shard(**store, kShard);
    for (int i = 0; i < kRecords; i += 100) shard.Commit(100);
    shard.Drain();
  }
  for (auto _ : state) {
    std::string cursor;
    size_t records = 0;
    do {
      auto page = testing::Await<absl::StatusOr<LoadPage>>(
          [&](auto done) { (*store)->Load(kShard, {1}, cursor, std::move(done)); });
      MERIDIAN_CHECK(page.ok());
      records += page->records.size();
      cursor = page->next_cursor;
    } while (!cursor.empty());
    MERIDIAN_CHECK(records == kRecords);
  }
}

// The records of one shard, page by page; counts what comes.
class Loading {
 public:
  Loading(ShardStore& store, ShardId shard, std::vector<uint8_t> tables)
      : store_(store), shard_(shard), tables_(std::move(tables)) {
    Ask("");
  }

  // Blocks until the last page is there.
  void Await() { finished_.get_future().wait(); }
  size_t records() const { return records_; }
  int pages() const { return pages_; }

 private:
  void Ask(std::string cursor) {
    store_.Load(shard_, tables_, std::move(cursor), [this](absl::StatusOr<LoadPage> page) {
      MERIDIAN_CHECK(page.ok());
      records_ += page->records.size();
      ++pages_;
      if (page->next_cursor.empty()) return finished_.set_value();
      Ask(std::move(page->next_cursor));
    });
  }

  ShardStore& store_;
  const ShardId shard_;
  const std::vector<uint8_t> tables_;
  size_t records_ = 0;
  int pages_ = 0;
  std::promise<void> finished_;
};

// As many tables as a routing shard has.
std::vector<uint8_t> RoutingTables() {
  std::vector<uint8_t> tables;
  for (uint8_t table = 1; table <= 6; ++table) tables.push_back(table);
  tables.insert(tables.end(), {240, 241});
  return tables;
}

// What the first owner of a shard does: it loads nothing, and commits `records` of 500 B, spread over the tables.
void Fill(ShardStore& store, ShardId id, const std::vector<uint8_t>& tables, int records) {
  const uint64_t term =
      testing::Await<absl::StatusOr<TermGrant>>([&](auto done) { store.TakeTerm(id, 1, 1, std::move(done)); })->term;
  Loading(store, id, tables).Await();
  uint64_t number = 0;
  for (int written = 0; written < records;) {
    CommitRequest request{.shard = id, .term = term, .number = ++number};
    for (int i = 0; i < 200 && written < records; ++i, ++written) {
      const uint8_t table = tables[static_cast<size_t>(written) % tables.size()];
      request.puts.push_back({{table, "record-" + std::to_string(written)}, std::string(500, 'r')});
    }
    request.digest = DigestOf(request);
    const CommitResult result =
        testing::Await<CommitResult>([&](auto done) { store.Commit(std::move(request), std::move(done)); });
    MERIDIAN_CHECK(result.outcome == CommitOutcome::kDurable);
  }
}

double CommandsRun(testing::RedisServer& server) {
  return std::stod(ParseRedisInfo(server.Command({"INFO", "stats"})).at("total_commands_processed"));
}

// A hand-over: new terms of all shards, then everything that they hold, side by side. Not `known`: as after a
// promotion, or another release's term.
void RedisLoad(benchmark::State& state) {
  const int records = static_cast<int>(state.range(0));
  const auto shards = static_cast<uint32_t>(state.range(1));
  const bool known = state.range(2) != 0;
  testing::RedisServer server({.settings = {"--appendfsync", "everysec", "--hash-max-listpack-value", "512"}});
  const SystemWallClock wall;
  const SystemMonotonicClock monotonic;
  auto store = RedisStore::Open({.servers = {{.unix_path = server.socket_path()}},
                                 .durability = RedisDurability::kAsync,
                                 .wall = &wall,
                                 .monotonic = &monotonic});
  MERIDIAN_CHECK(store.ok());
  const std::vector<uint8_t> tables = RoutingTables();
  for (uint32_t i = 0; i < shards; ++i) Fill(**store, {ShardKind::kRouting, i}, tables, records);
  const double cpu = CpuSeconds(server), commands = CommandsRun(server);
  int pages = 0;
  for (auto _ : state) {
    std::deque<Loading> loadings;
    for (uint32_t i = 0; i < shards; ++i) {
      const ShardId shard{ShardKind::kRouting, i};
      if (!known) server.Command({"DEL", "meridian:{" + shard.ToString() + "}:owner"});
      const auto grant = testing::Await<absl::StatusOr<TermGrant>>(
          [&](auto done) { (*store)->TakeTerm(shard, 1, 1, std::move(done)); });
      MERIDIAN_CHECK(grant.ok());
      loadings.emplace_back(**store, shard, tables);
    }
    for (Loading& loading : loadings) {
      loading.Await();
      MERIDIAN_CHECK(loading.records() == static_cast<size_t>(records));
      pages += loading.pages();
    }
  }
  const auto times = static_cast<double>(state.iterations());
  state.counters["redis_us"] = (CpuSeconds(server) - cpu) * 1e6 / times;
  state.counters["redis_commands"] = (CommandsRun(server) - commands) / times;
  state.counters["pages"] = pages / times;
}

// What making the requests alone costs: the memory store answers at once.
void MemoryCommits(benchmark::State& state) {
  MemoryStore store;
  CommitBatches(state, store);
}

BENCHMARK(FdatasyncLoop)->Arg(4096)->Arg(65536)->UseRealTime();
BENCHMARK(SqliteCommits)->ArgNames({"commands", "shards"})->ArgsProduct({{1, 8, 32, 100}, {1, 4}})->UseRealTime();
void InFlight(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgNames({"commands", "in_flight"})->ArgsProduct({{1, 8}, {1, 2, 32}})->UseRealTime();
}
BENCHMARK(SqliteInFlight)->Apply(InFlight);
BENCHMARK(RedisAsync)->Apply(InFlight);
BENCHMARK(RedisReplicated)->Apply(InFlight);
BENCHMARK(RedisStrict)->Apply(InFlight);
BENCHMARK(SqliteFollow)->ArgName("commands")->Arg(8)->UseRealTime();
BENCHMARK(SqliteLoad)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(RedisLoad)
    ->ArgNames({"records", "shards", "known"})
    ->Args({0, 8, 1})
    ->Args({200, 8, 1})
    ->Args({200, 8, 0})
    ->Args({100'000, 1, 1})
    ->Args({100'000, 1, 0})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();
BENCHMARK(MemoryCommits)->ArgNames({"commands", "shards"})->Args({32, 1})->UseRealTime()->Iterations(2000);

}  // namespace
}  // namespace meridian

BENCHMARK_MAIN();
