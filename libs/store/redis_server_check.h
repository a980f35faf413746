// What a Redis server says of itself, and whether the store may use it. Pure. Any thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "libs/store/redis_options.h"

namespace meridian {

struct RedisServerFacts {
  std::map<std::string, std::string> info;      // fields of INFO
  std::map<std::string, std::string> settings;  // of CONFIG GET
};

// Fields of a text of INFO: `name:value` lines.
std::map<std::string, std::string> ParseRedisInfo(std::string_view text);

// The settings that CONFIG GET is asked for.
inline constexpr const char* kRedisSettings[] = {"maxmemory-policy", "appendonly", "appendfsync"};

// FAILED_PRECONDITION, naming the setting, what it is and what it must be. UNAVAILABLE while the server is no primary
// or still loads.
absl::Status CheckRedisServer(const RedisServerFacts& facts, const RedisOptions& options);
// UNAVAILABLE while fewer replicas are connected than the durability needs: they may be on their way. Asked at the
// start of the store only, because after a fail-over there are fewer for a while.
absl::Status CheckRedisReplicas(const RedisServerFacts& facts, const RedisOptions& options);

// A server process as a primary, as the function library names it: its run id and its replication id.
std::string RedisServerName(const RedisServerFacts& facts);

// used_memory is at `percent` of maxmemory, or above; false where there is no maxmemory.
bool RedisMemoryNearlyFull(const std::map<std::string, std::string>& info, int percent);

}  // namespace meridian
