#include "libs/store/redis_server_check.h"

#include <charconv>

namespace meridian {
namespace {

std::string Field(const std::map<std::string, std::string>& fields, const std::string& name) {
  const auto found = fields.find(name);
  return found == fields.end() ? std::string() : found->second;
}

int64_t Number(const std::string& text) {
  int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

absl::Status MustBe(const std::string& setting, const std::string& is, const std::string& must_be) {
  return absl::FailedPreconditionError("Redis setting " + setting + " is '" + is + "', it must be '" + must_be + "'");
}

}  // namespace

std::map<std::string, std::string> ParseRedisInfo(std::string_view text) {
  std::map<std::string, std::string> fields;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    const size_t colon = line.find(':');
    if (colon != std::string_view::npos) fields.emplace(line.substr(0, colon), line.substr(colon + 1));
  }
  return fields;
}

absl::Status CheckRedisServer(const RedisServerFacts& facts, const RedisOptions& options) {
  if (Field(facts.info, "loading") == "1") return absl::UnavailableError("the Redis server is loading");
  if (const std::string role = Field(facts.info, "role"); role != "master") {
    return absl::UnavailableError("the Redis server is no primary, its role is '" + role + "'");
  }
  if (const std::string version = Field(facts.info, "redis_version"); Number(version) < 7) {
    return absl::FailedPreconditionError("Redis " + version + " has no functions, 7.0 is needed");
  }
  const auto setting = [&](const char* name) { return Field(facts.settings, name); };
  if (setting("maxmemory-policy") != "noeviction") {
    return MustBe("maxmemory-policy", setting("maxmemory-policy"), "noeviction");
  }
  if (setting("appendonly") != "yes") return MustBe("appendonly", setting("appendonly"), "yes");
  if (options.durability == RedisDurability::kStrict && setting("appendfsync") != "always") {
    return MustBe("appendfsync", setting("appendfsync"), "always");
  }
  const int64_t connected = Number(Field(facts.info, "connected_slaves"));
  if (options.durability == RedisDurability::kStrict && connected > options.replicas) {
    return absl::FailedPreconditionError("the Redis primary has " + std::to_string(connected) +
                                         " replicas, the store is told of " + std::to_string(options.replicas) +
                                         ": one that it does not wait for could be promoted");
  }
  return absl::OkStatus();
}

absl::Status CheckRedisReplicas(const RedisServerFacts& facts, const RedisOptions& options) {
  int64_t connected = 0;
  for (const auto& [name, value] : facts.info) {
    if (name.starts_with("slave") && value.find("state=online") != std::string::npos) ++connected;
  }
  const int needed = options.durability == RedisDurability::kAsync        ? 0
                     : options.durability == RedisDurability::kReplicated ? 1
                                                                          : options.replicas;
  if (connected >= needed) return absl::OkStatus();
  return absl::UnavailableError("the Redis primary has " + std::to_string(connected) +
                                " replicas connected, its durability needs " + std::to_string(needed) +
                                " (setting replicaof of the replicas)");
}

std::string RedisServerName(const RedisServerFacts& facts) {
  return Field(facts.info, "run_id") + "/" + Field(facts.info, "master_replid");
}

bool RedisMemoryNearlyFull(const std::map<std::string, std::string>& info, int percent) {
  const int64_t most = Number(Field(info, "maxmemory"));
  return most > 0 && Number(Field(info, "used_memory")) >= most / 100 * percent;
}

}  // namespace meridian
