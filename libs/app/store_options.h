// Which store a service keeps its shards in, as options of the program, and the store itself, opened. The same options
// in every service of an installation.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/app/command_line.h"
#include "libs/app/environment.h"
#include "libs/app/shared_store.h"

namespace meridian {

struct StoreOptions {
  std::vector<std::string> redis;  // host:port, or the path of a socket; empty: SQLite in the data folder
  std::string redis_sentinel_master;
  std::string redis_user;
  std::string redis_password_file;
  std::string redis_ca_file;
  std::string redis_certificate_file;
  std::string redis_key_file;
  std::string redis_server_name;
  std::string redis_durability = "replicated";
  int64_t redis_replicas = 1;
  int64_t log_keep_bytes = int64_t{2} << 30;  // of a shard's log, where no follower needs more; no option of its own

  void BindTo(CommandLine& line);
  // For a process that shares its store with others: Redis must be named.
  void BindToOneOfSeveral(CommandLine& line);
};

// INVALID_ARGUMENT naming the option that is wrong; else as SqliteStore::Open and RedisStore::Open.
absl::StatusOr<SharedStore> OpenStore(const StoreOptions& options, Environment& environment);
// Redis alone, for a program without an environment: INVALID_ARGUMENT without --redis. The clocks outlive the store.
struct RedisSurroundings {
  const WallClock* wall = nullptr;
  const MonotonicClock* monotonic = nullptr;
  uint64_t seed = 1;                                    // of the jitter
  std::function<void(const absl::Status&)> on_problem;  // may be null
};
absl::StatusOr<SharedStore> OpenRedis(const StoreOptions& options, const RedisSurroundings& surroundings);
// The same for a process that shares its store with others: INVALID_ARGUMENT without --redis.
absl::StatusOr<SharedStore> OpenStoreOfSeveral(const StoreOptions& options, Environment& environment);

}  // namespace meridian
