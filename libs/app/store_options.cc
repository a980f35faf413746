#include "libs/app/store_options.h"

#include <charconv>
#include <fstream>
#include <iterator>
#include <memory>
#include <utility>

#include "libs/base/status_macros.h"
#include "libs/store/redis_store.h"
#include "libs/store/sqlite_store.h"

namespace meridian {
namespace {

constexpr int64_t kMostReplicas = 100;

absl::StatusOr<RedisEndpoint> EndpointOf(const std::string& text) {
  RedisEndpoint endpoint;
  if (text.starts_with('/')) {
    endpoint.unix_path = text;
    return endpoint;
  }
  const size_t colon = text.rfind(':');
  const char* const end = text.data() + text.size();
  if (colon != std::string::npos && colon > 0) {
    endpoint.host = text.substr(0, colon);
    const auto [last, error] = std::from_chars(text.data() + colon + 1, end, endpoint.port);
    if (error == std::errc() && last == end && endpoint.port != 0) return endpoint;
  }
  return absl::InvalidArgumentError("--redis " + text + " must be HOST:PORT or the path of a socket");
}

absl::StatusOr<RedisDurability> DurabilityOf(const std::string& text) {
  if (text == "async") return RedisDurability::kAsync;
  if (text == "replicated") return RedisDurability::kReplicated;
  if (text == "strict") return RedisDurability::kStrict;
  return absl::InvalidArgumentError("--redis-durability must be async, replicated or strict, not " + text);
}

absl::StatusOr<std::string> PasswordOf(const std::string& path) {
  if (path.empty()) return std::string();
  std::ifstream file(path);
  std::string password{std::istreambuf_iterator<char>(file), {}};
  if (!file) return absl::InvalidArgumentError("--redis-password-file " + path + " cannot be read");
  while (!password.empty() && (password.back() == '\n' || password.back() == '\r')) password.pop_back();
  if (password.empty()) return absl::InvalidArgumentError("--redis-password-file " + path + " is empty");
  return password;
}

std::string PasswordRule(const std::string& path) {
  const auto password = PasswordOf(path);
  return password.ok() ? "" : "must be a file that holds a password: " + path + " cannot be read or is empty";
}

absl::StatusOr<RedisOptions> RedisOptionsOf(const StoreOptions& options, const RedisSurroundings& surroundings) {
  RedisOptions redis;
  for (const std::string& text : options.redis) {
    MERIDIAN_ASSIGN_OR_RETURN(redis.servers.emplace_back(), EndpointOf(text));
  }
  redis.sentinel_master = options.redis_sentinel_master;
  if (redis.sentinel_master.empty() && redis.servers.size() > 1) {
    return absl::InvalidArgumentError("several --redis are sentinels: --redis-sentinel-master must name the primary");
  }
  redis.user = redis.sentinel_user = options.redis_user;
  MERIDIAN_ASSIGN_OR_RETURN(redis.password, PasswordOf(options.redis_password_file));
  redis.sentinel_password = redis.password;
  redis.tls = {!options.redis_ca_file.empty(), options.redis_ca_file, options.redis_certificate_file,
               options.redis_key_file, options.redis_server_name};
  MERIDIAN_ASSIGN_OR_RETURN(redis.durability, DurabilityOf(options.redis_durability));
  redis.replicas = static_cast<int>(options.redis_replicas);
  redis.log_keep_bytes = options.log_keep_bytes;
  redis.wall = surroundings.wall;
  redis.monotonic = surroundings.monotonic;
  redis.jitter_seed = surroundings.seed;
  redis.on_problem = surroundings.on_problem;
  return redis;
}

}  // namespace

void StoreOptions::BindTo(CommandLine& line) {
  line.Bind("--redis", &redis,
            "Keep the shards in Redis at HOST:PORT (or the path of a socket) instead of SQLite in the data folder; "
            "with --redis-sentinel-master one for each sentinel");
  line.Must(rules::HostAndPortOrSocket());
  line.Bind("--redis-sentinel-master", &redis_sentinel_master, "Name under which the sentinels know the primary");
  line.Bind("--redis-user", &redis_user, "User of Redis and of the sentinels; by default the server's default user");
  line.Bind("--redis-password-file", &redis_password_file, "File that holds the user's password");
  line.Must(PasswordRule);
  line.Bind("--redis-ca", &redis_ca_file, "TLS, trusting the authorities in this PEM file");
  line.Bind("--redis-certificate", &redis_certificate_file, "Our certificate, where Redis asks for one (PEM)");
  line.Bind("--redis-key", &redis_key_file, "Its private key (PEM)");
  line.Bind("--redis-server-name", &redis_server_name, "Name in the server's certificate; by default the host");
  line.Bind("--redis-durability", &redis_durability,
            "async, replicated or strict: when a commit counts as durable (docs/operations/redis.md)");
  line.Must(rules::OneOf({"async", "replicated", "strict"}));
  line.Bind("--redis-replicas", &redis_replicas, "How many replicas the primary is meant to have, 0 to 100");
  line.Must(rules::Between(0, kMostReplicas));
  line.Check([this](OptionProblems& problems) {
    CheckTlsOptions(problems, "--redis");
    if (redis.size() > 1 && redis_sentinel_master.empty()) {
      problems.Add("--redis-sentinel-master", "must name the primary: several --redis are sentinels");
    }
  });
}

void StoreOptions::BindToOneOfSeveral(CommandLine& line) {
  BindTo(line);
  line.Check([this](OptionProblems& problems) {
    if (redis.empty()) problems.Add("--redis", "must be given: a SQLite file serves one process alone");
  });
}

absl::StatusOr<SharedStore> OpenRedis(const StoreOptions& options, const RedisSurroundings& surroundings) {
  if (options.redis.empty()) return absl::InvalidArgumentError("--redis is needed");
  MERIDIAN_ASSIGN_OR_RETURN(RedisOptions redis, RedisOptionsOf(options, surroundings));
  MERIDIAN_ASSIGN_OR_RETURN(std::shared_ptr<RedisStore> store, RedisStore::Open(std::move(redis)));
  SharedStore shared = SharedStore::Of(store.get(), store.get(), store);
  shared.placement = store.get();
  return shared;
}

absl::StatusOr<SharedStore> OpenStore(const StoreOptions& options, Environment& environment) {
  if (!options.redis.empty()) {
    return OpenRedis(options,
                     {&environment.wall_clock, &environment.monotonic_clock, environment.seed,
                      [&log = environment.log](const absl::Status& why) {
                        log.Warning("the Redis store has a problem; it goes on by itself", {{"code", why.code()}});
                      }});
  }
  SqliteOptions sqlite;
  sqlite.path = environment.data.File("meridian.db");
  sqlite.holder = environment.service;
  sqlite.log_keep_bytes = options.log_keep_bytes;
  sqlite.wall = &environment.wall_clock;
  sqlite.monotonic = &environment.monotonic_clock;
  MERIDIAN_ASSIGN_OR_RETURN(std::shared_ptr<SqliteStore> store, SqliteStore::Open(std::move(sqlite)));
  return SharedStore::Of(store.get(), &store->leases(), store);
}

absl::StatusOr<SharedStore> OpenStoreOfSeveral(const StoreOptions& options, Environment& environment) {
  if (!options.redis.empty()) return OpenStore(options, environment);
  return absl::InvalidArgumentError("--redis: must be given: a SQLite file serves one process alone");
}

}  // namespace meridian
