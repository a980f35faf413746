// meridianctl shards: where a region's shards are, and moving them. Speaks to the store itself, which all processes of
// the region share. One thread; each returns the exit code.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "libs/app/store_options.h"
#include "libs/base/time.h"
#include "libs/runtime/shard_id.h"
#include "services/meridianctl/console.h"

namespace meridian::ctl {

struct ShardsOptions {
  StoreOptions store;
  std::string what;  // "routing/3", "session/3", or a tenant's name
  std::string to;    // of a shard: HOST:PORT, or "any"
  Duration wait = Duration::Seconds(10);
  std::optional<uint32_t> routing;  // of a tenant
  std::optional<uint32_t> session;
};

// "routing/3"; nullopt for everything else.
std::optional<ShardId> ParseShardName(const std::string& text);
std::string ShardName(ShardId shard);

int ListShards(const ShardsOptions& options, const Console& console);
// Of a shard: wishes it to a process and waits until that serves it. Of a tenant that is not known yet: assigns it.
int MoveShards(const ShardsOptions& options, const Console& console);

// The same over a store that is open.
int ListShards(const SharedStore& store, const Console& console);
int MoveShards(const SharedStore& store, const ShardsOptions& options, const Console& console);

}  // namespace meridian::ctl
