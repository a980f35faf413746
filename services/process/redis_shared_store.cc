#include "services/process/redis_shared_store.h"

#include <charconv>
#include <optional>
#include <utility>

#include "libs/base/status_macros.h"
#include "libs/config/text_file.h"
#include "libs/store/redis_store.h"

namespace meridian {
namespace {

std::optional<RedisEndpoint> ParseEndpoint(const std::string& text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0) return std::nullopt;
  RedisEndpoint endpoint{text.substr(0, colon), 0, ""};
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data() + colon + 1, end, endpoint.port);
  if (read.ec != std::errc() || read.ptr != end || endpoint.port == 0) return std::nullopt;
  return endpoint;
}

std::optional<RedisDurability> ParseDurability(const std::string& text) {
  if (text == "async") return RedisDurability::kAsync;
  if (text == "replicated") return RedisDurability::kReplicated;
  if (text == "strict") return RedisDurability::kStrict;
  return std::nullopt;
}

}  // namespace

void RedisStoreArguments::BindTo(CommandLine& line) {
  line.Bind("--redis", &redis, "host:port of the Redis server, or of a sentinel; once per sentinel");
  line.Require();
  line.Bind("--redis-sentinel-master", &sentinel_master, "Name of the primary, when --redis names sentinels");
  line.Bind("--redis-user", &user, "User of the server; by default its default user");
  line.Bind("--redis-password-file", &password_file, "File whose first line is the password");
  line.Bind("--redis-durability", &durability, "async, replicated or strict (docs/operations/redis.md)");
  line.Bind("--redis-replicas", &replicas, "How many replicas the primary is meant to have");
}

absl::StatusOr<SharedStore> OpenSharedStore(const RedisStoreArguments& arguments, Environment& environment) {
  RedisOptions options;
  for (const std::string& address : arguments.redis) {
    const auto endpoint = ParseEndpoint(address);
    if (!endpoint) return absl::InvalidArgumentError("--redis must be host:port");
    options.servers.push_back(*endpoint);
  }
  const auto durability = ParseDurability(arguments.durability);
  if (!durability) return absl::InvalidArgumentError("--redis-durability must be async, replicated or strict");
  if (arguments.replicas < 0 || arguments.replicas > 100) {
    return absl::InvalidArgumentError("--redis-replicas must be 0 to 100");
  }
  if (!arguments.password_file.empty()) {
    MERIDIAN_ASSIGN_OR_RETURN(const std::string text, ReadTextFile(arguments.password_file));
    options.password = text.substr(0, text.find('\n'));
  }
  options.sentinel_master = arguments.sentinel_master;
  options.user = arguments.user;
  options.durability = *durability;
  options.replicas = static_cast<int>(arguments.replicas);
  options.wall = &environment.wall_clock;
  options.monotonic = &environment.monotonic_clock;
  options.jitter_seed = environment.seed;
  options.on_problem = [&environment](const absl::Status& why) {
    environment.log.Warning("the store had a problem and goes on", {{"code", why.code()}});
  };
  MERIDIAN_ASSIGN_OR_RETURN(auto opened, RedisStore::Open(std::move(options)));
  std::shared_ptr<RedisStore> store = std::move(opened);
  return SharedStore::Of(store.get(), store.get(), store);
}

}  // namespace meridian
