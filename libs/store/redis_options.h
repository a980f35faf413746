// Where the Redis store finds its server, and what it promises over it. Values.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "libs/base/time.h"
#include "libs/runtime/clock.h"

namespace meridian {

struct RedisEndpoint {
  std::string host;  // a name or an address
  uint16_t port = 6379;
  std::string unix_path;  // instead of both

  std::string ToString() const;
};

// TLS 1.3; the server's certificate is always verified.
struct RedisTls {
  bool enabled = false;
  std::string ca_file;
  std::string cert_file;  // our own, where the server asks for one
  std::string key_file;
  std::string server_name;  // in the server's certificate; empty: the endpoint's host
};

// When a commit is answered `durable`, and so what an acknowledged commit survives (docs/operations/redis.md).
enum class RedisDurability {
  kAsync,       // the primary has applied it: lost with the primary, or with what its AOF had not written
  kReplicated,  // one replica has it too: survives any one process; lost if another replica is promoted
  kStrict,      // the primary's disk and every replica have it: survives every restart and promotion
};

struct RedisOptions {
  std::vector<RedisEndpoint> servers;  // one server; or, with `sentinel_master`, the sentinels
  std::string sentinel_master;         // the name under which the sentinels know the primary
  std::string user;                    // empty: the server's default user
  std::string password;                // empty: no AUTH is sent
  std::string sentinel_user;
  std::string sentinel_password;
  RedisTls tls;  // of the server and of the sentinels

  RedisDurability durability = RedisDurability::kReplicated;
  int replicas = 1;  // that the primary is meant to have: Open awaits them, and `strict` each time
  std::string key_prefix = "meridian";

  Duration open_timeout = Duration::Seconds(10);  // of RedisStore::Open
  Duration connect_timeout = Duration::Seconds(2);
  Duration command_timeout = Duration::Seconds(5);      // no answer for so long: the connection is given up
  Duration wait_timeout = Duration::Milliseconds(200);  // of a WAIT; then a commit is `not yet replicated`
  Duration first_retry = Duration::Milliseconds(50);    // of connecting; doubles, with jitter, up to
  Duration longest_retry = Duration::Milliseconds(200);
  Duration watch_again = Duration::Seconds(5);  // a watched log is looked at, should a notification have been lost
  Duration check_every = Duration::Seconds(1);  // memory, and that an idle connection is alive
  size_t max_waiting_bytes = 64 << 20;  // handed in and not yet answered; more is not sent, and its answer is `unknown`
  int nearly_full_percent = 80;         // of maxmemory

  Duration log_keep = Duration::Hours(7 * 24);
  int64_t log_keep_bytes = int64_t{2} << 30;  // per shard, counted in segments of at least 512 KiB
  Duration retention_every = Duration::Seconds(10);

  const WallClock* wall = nullptr;            // stamps log entries, for `log_keep`
  const MonotonicClock* monotonic = nullptr;  // of timeouts
  const WallClock* lease_clock = nullptr;     // of leases; nullptr: the server's own time, as processes must share one
  uint64_t jitter_seed = 1;                   // different in each process
  // For the process's log: what went wrong; the store goes on by itself. On the store's thread.
  std::function<void(const absl::Status&)> on_problem;
};

}  // namespace meridian
