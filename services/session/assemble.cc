#include "services/session/assemble.h"

#include <utility>

namespace meridian {
namespace {

std::vector<std::unique_ptr<SessionShard>> MakeShards(const AssembleSessionOptions& options,
                                                      const SessionPorts& ports) {
  std::vector<std::unique_ptr<SessionShard>> shards;
  for (uint32_t number = 0; number < options.shards; ++number) {
    SessionShardOptions shard;
    shard.identity = {{ShardKind::kSession, number}, options.owner, options.nonce, options.lease_ttl};
    shard.routing_shards = options.routing_shards;
    shard.core = options.core;
    shards.push_back(std::make_unique<SessionShard>(std::move(shard), ports));
  }
  return shards;
}

}  // namespace

AssembledSession::AssembledSession(const AssembleSessionOptions& options, const SessionPorts& ports)
    : service_(MakeShards(options, ports)), thread_(ports.shard.monotonic, "session-shards") {
  for (const auto& shard : service_.shards()) thread_.Add(shard.get());
}

void AssembledSession::Start() {
  thread_.Start();
  service_.Start();
}

std::unique_ptr<AssembledSession> AssembleSession(const AssembleSessionOptions& options, const SessionPorts& ports) {
  return std::make_unique<AssembledSession>(options, ports);
}

}  // namespace meridian
