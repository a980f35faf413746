// Random calls of all ports, given to the Redis store and to the memory store alike: every answer must be the same.
//   redis_comparison [calls] [seed]
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "libs/base/check.h"
#include "libs/store/log_trimmed.h"
#include "libs/store/memory_store.h"
#include "libs/store/redis_functions.h"
#include "libs/store/redis_store.h"
#include "libs/testing/await.h"
#include "libs/testing/fake_clock.h"
#include "libs/testing/redis_server.h"

namespace meridian {
namespace {

using testing::Await;

// Both stores' answers as text, which is what is compared.
std::string Text(const absl::Status& status) {
  std::string text = "error " + std::to_string(static_cast<int>(status.code()));
  if (const auto oldest = OldestReadable(status)) text += " " + std::to_string(oldest->number);
  return text;
}
std::string Text(const CommitResult& result) {
  return "outcome " + std::to_string(static_cast<int>(result.outcome)) + "/" +
         std::to_string(static_cast<int>(result.reason));
}
std::string Text(LogPosition position) { return std::to_string(position.term) + "-" + std::to_string(position.number); }
std::string Text(const ChainHead& head) {
  return Text(LogPosition{head.term, head.number}) + "/" + std::to_string(head.digest);
}
std::string Text(const TermGrant& grant) {
  return std::to_string(grant.term) + " after " + Text(grant.last) + (grant.tail_at_risk ? " at risk" : "");
}
std::string Text(const Lease& lease) { return lease.owner + "/" + std::to_string(lease.nonce); }
std::string Text(const TenantShards& shards) {
  std::string text = std::to_string(shards.revision) + " " + shards.routing.ToString();
  for (const ShardId& session : shards.sessions) text += " " + session.ToString();
  return text;
}
std::string Text(const std::vector<TenantAssignment>& tenants) {
  std::string text;
  for (const auto& tenant : tenants) text += tenant.tenant.value + ": " + Text(tenant.shards) + "\n";
  return text;
}
std::string Text(const std::vector<LogEntry>& entries) {
  std::string text;
  for (const auto& entry : entries) text += Text(entry.position) + " " + entry.bytes + "\n";
  return text;
}
std::string Text(const std::vector<std::optional<std::string>>& values) {
  std::string text;
  for (const auto& value : values) text += value.value_or("none") + "\n";
  return text;
}
template <typename T>
std::string Text(const absl::StatusOr<T>& answer) {
  return answer.ok() ? Text(*answer) : Text(answer.status());
}

struct Ports {
  ShardStore& store;
  EventLog& log;
  ShardLeases& leases;
  ShardDirectory& directory;
};

class Comparison {
 public:
  Comparison(uint64_t seed, Ports memory, Ports redis, testing::RedisServer& server, testing::FakeClock& clock)
      : random_(seed), memory_(memory), redis_(redis), server_(server), clock_(clock) {}

  // False when the answers differ, which are then told.
  bool Step() {
    switch (Pick(20)) {
      case 0:
        return TakeTerm();
      case 1:
        return LastCommit();
      case 2:
      case 3:
        return Read();
      case 4:
      case 5:
        return ReadAfter();
      case 6:
        return SetFollower();
      case 7:
        return TrimTo();
      case 8:
        return Pick(10) != 0 || Load();
      case 9:
        return LeaseCall();
      case 10:
        return DirectoryCall();
      default:
        return Commit();
    }
  }

  uint64_t commits() const {
    uint64_t commits = 0;
    for (const auto& [id, shard] : shards_) commits += shard.number;
    return commits;
  }

 private:
  struct Shard {
    uint64_t term = 0;
    uint64_t number = 0;
    CommitRequest last;
    std::vector<LogPosition> positions;
  };

  uint64_t Pick(uint64_t below) { return random_() % below; }
  ShardId PickShard() {
    return {Pick(2) == 0 ? ShardKind::kRouting : ShardKind::kSession, static_cast<uint32_t>(Pick(2))};
  }
  RecordKey PickKey() {
    return {static_cast<uint8_t>(Pick(4) * 80), "key" + std::string(Pick(3), '\0') + std::to_string(Pick(300))};
  }
  LogPosition PickPosition(const Shard& shard) {
    if (shard.positions.empty() || Pick(20) == 0)
      return Pick(2) == 0 ? LogPosition{} : LogPosition{UINT64_MAX, UINT64_MAX};
    const size_t recent = std::min<size_t>(shard.positions.size(), 200);
    LogPosition position = shard.positions[shard.positions.size() - 1 - Pick(recent)];
    if (Pick(10) == 0) position.number += Pick(3);
    return position;
  }

  template <typename T, typename Call>
  bool Same(const char* what, Call call) {
    const std::string expected = Text(Await<T>([&](auto done) { call(memory_, std::move(done)); }));
    const std::string found = Text(Await<T>([&](auto done) { call(redis_, std::move(done)); }));
    if (expected == found) return true;
    std::fprintf(stderr, "%s: the memory store says\n%s\nRedis says\n%s\n", what, expected.c_str(), found.c_str());
    return false;
  }

  bool TakeTerm() {
    const ShardId id = PickShard();
    return (shards_[id].term != 0 && Pick(8) != 0) || TakeTermOf(id);
  }

  bool TakeTermOf(ShardId id) {
    Shard& shard = shards_[id];
    const auto unix_ms = static_cast<int64_t>(Pick(2000));
    const uint64_t nonce = random_();
    if (!Same<absl::StatusOr<TermGrant>>("TakeTerm", [&](const Ports& ports, auto done) {
          ports.store.TakeTerm(id, nonce, unix_ms, std::move(done));
        })) {
      return false;
    }
    shard.term = std::max(shard.term + 1, static_cast<uint64_t>(std::max<int64_t>(unix_ms, 1)));
    return true;
  }

  bool Commit() {
    const ShardId id = PickShard();
    Shard& shard = shards_[id];
    CommitRequest request = Pick(30) == 0 ? shard.last : NewCommit(id, shard);
    request.shard = id;
    switch (Pick(40)) {
      case 0:
        request.number += Pick(3);
        break;
      case 1:
        request.term -= 1;
        break;
      case 2:
        request.digest ^= 1;  // the last number with other contents, or harmless
        break;
      default:
        break;
    }
    const bool next = request.term == shard.term && request.term != 0 && request.number == shard.number + 1;
    if (!Same<CommitResult>("Commit",
                            [&](const Ports& ports, auto done) { ports.store.Commit(request, std::move(done)); })) {
      return false;
    }
    if (next && request.puts.size() <= CommitRequest::kMaxRecords) {
      shard.number = request.number;
      if (!request.log_entry.empty()) shard.positions.push_back({request.term, request.number});
      shard.last = std::move(request);
    }
    return true;
  }

  CommitRequest NewCommit(ShardId id, const Shard& shard) {
    CommitRequest request{.shard = id, .term = shard.term, .number = shard.number + 1};
    std::map<RecordKey, bool> keys;
    for (uint64_t count = Pick(6); count > 0; --count) keys[PickKey()] = Pick(3) == 0;
    for (const auto& [key, deleted] : keys) {
      if (deleted) {
        request.deletes.push_back(key);
      } else {
        request.puts.push_back({key, std::string(Pick(Pick(50) == 0 ? 20'000 : 200), static_cast<char>(Pick(256)))});
      }
    }
    if (Pick(1000) == 0) request.puts.resize(CommitRequest::kMaxRecords + 1, {{1, "too many"}, ""});
    if (Pick(4) != 0) request.log_entry.assign(Pick(Pick(50) == 0 ? 50'000 : 300), static_cast<char>(Pick(256)));
    request.digest = DigestOf(request);
    return request;
  }

  bool LastCommit() {
    const ShardId id = PickShard();
    return Same<absl::StatusOr<ChainHead>>(
        "LastCommit", [&](const Ports& ports, auto done) { ports.store.LastCommit(id, std::move(done)); });
  }

  bool Read() {
    const ShardId id = PickShard();
    std::vector<RecordKey> keys;
    for (uint64_t count = Pick(8); count > 0; --count) keys.push_back(PickKey());
    return Same<absl::StatusOr<std::vector<std::optional<std::string>>>>(
        "Read", [&](const Ports& ports, auto done) { ports.store.Read(id, keys, std::move(done)); });
  }

  // Of some tables, so that of the others the function library knows what it knew before; sometimes only as far as the
  // first page of a load. Now and then it forgets all shards, and begins anew with this one.
  bool Load() {
    const ShardId id = PickShard();
    std::vector<uint8_t> tables;
    for (const uint8_t table : {0, 80, 160, 240}) {
      if (Pick(2) == 0) tables.push_back(table);
    }
    if (Pick(60) == 0) {
      server_.Command({"FUNCTION", "LOAD", "REPLACE", std::string(RedisFunctionLibrary())});
      if (!TakeTermOf(id)) return false;
    }
    if (Pick(5) == 0) {
      return Await<absl::StatusOr<LoadPage>>([&](auto done) { redis_.store.Load(id, tables, "", std::move(done)); })
          .ok();
    }
    return Loaded(memory_.store, id, tables) == Loaded(redis_.store, id, tables) ||
           (std::fputs("Load differs\n", stderr), false);
  }

  static std::map<RecordKey, std::string> Loaded(ShardStore& store, ShardId id, const std::vector<uint8_t>& tables) {
    std::map<RecordKey, std::string> records;
    std::string cursor;
    do {
      const auto page =
          Await<absl::StatusOr<LoadPage>>([&](auto done) { store.Load(id, tables, cursor, std::move(done)); });
      for (const Record& record : page->records) {
        MERIDIAN_CHECK(records.emplace(record.key, record.value).second);
      }
      cursor = page->next_cursor;
    } while (!cursor.empty());
    return records;
  }

  bool ReadAfter() {
    const ShardId id = PickShard();
    const LogPosition position = PickPosition(shards_[id]);
    const size_t bytes = Pick(3) == 0 ? Pick(2) : Pick(100'000);
    return Same<absl::StatusOr<std::vector<LogEntry>>>(
        "ReadAfter", [&](const Ports& ports, auto done) { ports.log.ReadAfter(id, position, bytes, std::move(done)); });
  }

  bool SetFollower() {
    const ShardId id = PickShard();
    const LogPosition position = PickPosition(shards_[id]);
    const std::string name = "follower" + std::to_string(Pick(2));
    return Same<absl::Status>("SetFollower", [&](const Ports& ports, auto done) {
      ports.log.SetFollower(id, name, position, std::move(done));
    });
  }

  bool TrimTo() {
    const ShardId id = PickShard();
    const LogPosition position = PickPosition(shards_[id]);
    return Same<absl::StatusOr<LogPosition>>(
        "TrimTo", [&](const Ports& ports, auto done) { ports.log.TrimTo(id, position, std::move(done)); });
  }

  bool LeaseCall() {
    clock_.Advance(Duration::Seconds(static_cast<int64_t>(Pick(5))));
    const Lease lease{PickShard(), "owner" + std::to_string(Pick(2)), Pick(2), Duration::Zero()};
    const Duration ttl = Duration::Seconds(10);
    switch (Pick(3)) {
      case 0:
        return Same<absl::StatusOr<Lease>>("Acquire", [&](const Ports& ports, auto done) {
          ports.leases.Acquire(lease.shard, lease.owner, lease.nonce, ttl, std::move(done));
        });
      case 1:
        return Same<absl::StatusOr<Lease>>(
            "Renew", [&](const Ports& ports, auto done) { ports.leases.Renew(lease, ttl, std::move(done)); });
      default:
        return Same<absl::Status>("Release",
                                  [&](const Ports& ports, auto done) { ports.leases.Release(lease, std::move(done)); });
    }
  }

  bool DirectoryCall() {
    const TenantId tenant{"tenant" + std::to_string(Pick(300))};
    TenantShards shards{{ShardKind::kRouting, static_cast<uint32_t>(Pick(3))}, {}, Pick(4)};
    for (uint64_t count = Pick(3); count > 0; --count) {
      shards.sessions.push_back({ShardKind::kSession, static_cast<uint32_t>(Pick(3))});
    }
    switch (Pick(3)) {
      case 0:
        return Same<absl::StatusOr<TenantShards>>(
            "Lookup", [&](const Ports& ports, auto done) { ports.directory.Lookup(tenant, std::move(done)); });
      case 1:
        return Same<absl::StatusOr<TenantShards>>(
            "Assign", [&](const Ports& ports, auto done) { ports.directory.Assign(tenant, shards, std::move(done)); });
      default:
        return Same<absl::StatusOr<std::vector<TenantAssignment>>>(
            "List", [&](const Ports& ports, auto done) { ports.directory.List(tenant, std::move(done)); });
    }
  }

  std::mt19937_64 random_;
  const Ports memory_;
  const Ports redis_;
  testing::RedisServer& server_;
  testing::FakeClock& clock_;
  std::map<ShardId, Shard> shards_;
};

int Run(uint64_t calls, uint64_t seed) {
  testing::RedisServer server;
  testing::FakeClock clock;
  const SystemMonotonicClock monotonic;
  auto redis = RedisStore::Open({.servers = {{.unix_path = server.socket_path()}},
                                 .durability = RedisDurability::kAsync,
                                 .log_keep_bytes = int64_t{1} << 40,
                                 .wall = clock.wall(),
                                 .monotonic = &monotonic,
                                 .lease_clock = clock.wall()});
  MERIDIAN_CHECK(redis.ok());
  MemoryStore memory({.monotonic = clock.monotonic()});
  std::printf("seed %llu, %llu calls\n", static_cast<unsigned long long>(seed), static_cast<unsigned long long>(calls));
  std::fflush(stdout);
  Comparison comparison(seed, {memory, memory, memory.leases(), memory}, {**redis, **redis, **redis, **redis}, server,
                        clock);
  for (uint64_t call = 0; call < calls; ++call) {
    if (comparison.Step()) continue;
    std::fprintf(stderr, "call %llu of seed %llu\n", static_cast<unsigned long long>(call),
                 static_cast<unsigned long long>(seed));
    return 1;
  }
  std::printf("every answer was the same; %llu commits\n", static_cast<unsigned long long>(comparison.commits()));
  return 0;
}

}  // namespace
}  // namespace meridian

int main(int argc, char** argv) {
  const auto argument = [&](int index, uint64_t otherwise) {
    return argc > index ? std::strtoull(argv[index], nullptr, 10) : otherwise;
  };
  return meridian::Run(argument(1, 20'000), argument(2, 1));
}
