#include "tests/integration/redis/redis_harness.h"

#include <poll.h>

#include <chrono>
#include <iostream>

namespace meridian {
namespace {

const SystemMonotonicClock kMonotonic;
const SystemWallClock kWall;
uint64_t processes = 0;

}  // namespace

bool Eventually(const std::function<bool()>& condition) {
  const auto by = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= by) return false;
    poll(nullptr, 0, 5);
  }
  return true;
}

const MonotonicClock* RedisProcess::monotonic() { return &kMonotonic; }

RedisOptions RedisProcess::Options(const testing::RedisServer& server, RedisDurability durability, int replicas) {
  return {.servers = {{.unix_path = server.socket_path()}},
          .durability = durability,
          .replicas = replicas,
          .command_timeout = Duration::Seconds(4),
          .wait_timeout = Duration::Milliseconds(1500),
          .check_every = Duration::Milliseconds(100),
          .wall = &kWall,
          .monotonic = &kMonotonic};
}

RedisProcess::RedisProcess(const testing::RedisServer& server, RedisDurability durability, int replicas)
    : RedisProcess(Options(server, durability, replicas)) {}

RedisProcess::RedisProcess(RedisOptions options) : nonce_(++processes) {
  options.wall = &kWall;
  options.monotonic = &kMonotonic;
  auto opened = RedisStore::Open(std::move(options));
  if (!opened.ok()) std::cerr << opened.status() << std::endl;
  MERIDIAN_CHECK(opened.ok());
  store_ = *std::move(opened);
}

absl::StatusOr<TermGrant> RedisProcess::TryTakeTerm(int64_t unix_ms) {
  return testing::Await<absl::StatusOr<TermGrant>>(
      [&](auto done) { store_->TakeTerm(kShard, nonce_, unix_ms, std::move(done)); });
}

TermGrant RedisProcess::TakeTerm(int64_t unix_ms) {
  absl::StatusOr<TermGrant> grant = absl::UnknownError("not asked");
  EXPECT_TRUE(Eventually([&] { return (grant = TryTakeTerm(unix_ms)).ok(); })) << grant.status();
  return *grant;
}

CommitRequest RedisProcess::Request(uint64_t term, uint64_t number, const std::string& text) {
  CommitRequest request{.shard = kShard, .term = term, .number = number};
  request.puts = {{{1, "key" + std::to_string(number)}, text}};
  request.log_entry = "entry" + std::to_string(number);
  request.digest = DigestOf(request);
  return request;
}

std::future<CommitResult> RedisProcess::CommitLater(CommitRequest request) {
  auto promise = std::make_shared<std::promise<CommitResult>>();
  store_->Commit(std::move(request), [promise](CommitResult result) { promise->set_value(std::move(result)); });
  return promise->get_future();
}

CommitResult RedisProcess::Commit(CommitRequest request) { return CommitLater(std::move(request)).get(); }

absl::StatusOr<ChainHead> RedisProcess::LastCommit() {
  return testing::Await<absl::StatusOr<ChainHead>>([&](auto done) { store_->LastCommit(kShard, std::move(done)); });
}

ChainHead RedisProcess::AwaitHead() {
  absl::StatusOr<ChainHead> head = absl::UnknownError("not asked");
  EXPECT_TRUE(Eventually([&] { return (head = LastCommit()).ok(); })) << head.status();
  return *head;
}

void RedisProcess::AwaitHead(uint64_t number) {
  EXPECT_TRUE(Eventually([&] {
    const auto head = LastCommit();
    return head.ok() && head->number == number;
  }));
}

absl::StatusOr<std::vector<LogEntry>> RedisProcess::ReadAfter(LogPosition position) {
  return testing::Await<absl::StatusOr<std::vector<LogEntry>>>(
      [&](auto done) { store_->ReadAfter(kShard, position, 1 << 20, std::move(done)); });
}

absl::StatusOr<std::vector<std::optional<std::string>>> RedisProcess::Read(std::vector<RecordKey> keys) {
  return testing::Await<absl::StatusOr<std::vector<std::optional<std::string>>>>(
      [&](auto done) { store_->Read(kShard, std::move(keys), std::move(done)); });
}

}  // namespace meridian
