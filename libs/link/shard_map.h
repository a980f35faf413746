// Where the shards are: which process serves a tenant's routing or session shard. What callers know of it, cached: it
// may be out of date, and the process that is asked in vain says who serves the tenant instead (NOT_OWNER).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "libs/base/entity_id.h"
#include "libs/runtime/shard_id.h"

namespace meridian {

struct ShardPlace {
  ShardId shard;
  std::string address;  // "host:port"; empty: nobody is known
};

// Any thread; never blocks.
class ShardMap {
 public:
  virtual ~ShardMap() = default;

  virtual ShardPlace Find(ShardKind kind, const TenantId& tenant) const = 0;
  // A server said so.
  virtual void Learn(ShardKind kind, const TenantId& tenant, const std::string& address) = 0;
  // Of all processes that serve shards of the kind, sorted.
  virtual std::vector<std::string> Addresses(ShardKind kind) const = 0;
  // False while processes may live that are not named: the map was out of reach, and not all have said so again.
  virtual bool NamesAllWhoLive() const { return true; }

  // Shards move, and one that nobody serves will soon be served again: its calls wait for that.
  virtual bool Moves() const { return false; }
  // There is reason to doubt it: it is looked at again, soon.
  virtual void Refresh() {}

  // `changed` is called when what the map says has changed, on a thread of the map's; it must not block. Ends when
  // destroyed, after which no call comes; a call may destroy its own watch. Null where nothing ever changes.
  class Watch {
   public:
    virtual ~Watch() = default;
  };
  virtual std::unique_ptr<Watch> OnChange(std::function<void()> /*changed*/) { return nullptr; }
};

// A table that does not change, but for what servers say: shard n is served by the n-th address. A tenant's shard is
// found by a stable hash of its name, as new tenants are assigned.
class StaticShardMap final : public ShardMap {
 public:
  StaticShardMap(std::vector<std::string> routing, std::vector<std::string> sessions);

  ShardPlace Find(ShardKind kind, const TenantId& tenant) const override;
  void Learn(ShardKind kind, const TenantId& tenant, const std::string& address) override;
  std::vector<std::string> Addresses(ShardKind kind) const override;

 private:
  const std::vector<std::string> routing_;
  const std::vector<std::string> sessions_;
  mutable std::mutex mutex_;
  std::map<std::pair<ShardKind, TenantId>, std::string> learned_;  // under mutex_
};

// What a server answers for a tenant that another process serves, or nobody as far as it knows (empty). The call was
// not taken.
absl::Status NotOwner(const std::string& owner);
// The owner that such a status names; empty for every other status.
std::string OwnerNamedBy(const absl::Status& status);
// The call was not taken because the shard is served elsewhere, or by nobody, or is being given away, or because it was
// never sent: it may be made again wherever the shard comes to be served.
bool WasNotTaken(const absl::Status& status);

}  // namespace meridian
