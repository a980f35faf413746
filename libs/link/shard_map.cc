#include "libs/link/shard_map.h"

#include <algorithm>

#include "libs/base/check.h"
#include "libs/error/error.h"
#include "libs/link/link_status.h"
#include "libs/runtime/refusal.h"

namespace meridian {
namespace {

constexpr char kOwnerMetadata[] = "owner";

}  // namespace

StaticShardMap::StaticShardMap(std::vector<std::string> routing, std::vector<std::string> sessions)
    : routing_(std::move(routing)), sessions_(std::move(sessions)) {}

ShardPlace StaticShardMap::Find(ShardKind kind, const TenantId& tenant) const {
  const std::vector<std::string>& addresses = kind == ShardKind::kRouting ? routing_ : sessions_;
  if (addresses.empty()) return {{kind, 0}, ""};
  const auto number = static_cast<uint32_t>(StableHash(tenant.value) % addresses.size());
  std::lock_guard lock(mutex_);
  const auto learned = learned_.find({kind, tenant});
  return {{kind, number}, learned != learned_.end() ? learned->second : addresses[number]};
}

void StaticShardMap::Learn(ShardKind kind, const TenantId& tenant, const std::string& address) {
  std::lock_guard lock(mutex_);
  learned_[{kind, tenant}] = address;
}

std::vector<std::string> StaticShardMap::Addresses(ShardKind kind) const {
  std::vector<std::string> addresses = kind == ShardKind::kRouting ? routing_ : sessions_;
  std::sort(addresses.begin(), addresses.end());
  addresses.erase(std::unique(addresses.begin(), addresses.end()), addresses.end());
  return addresses;
}

absl::Status NotOwner(const std::string& owner) { return NotServedHere(owner); }

std::string OwnerNamedBy(const absl::Status& status) {
  if (!absl::IsUnavailable(status) || ErrorReason(status) != refusal::kNotOwner) return "";
  const ErrorMetadata metadata = ErrorMetadataOf(status);
  const auto owner = metadata.find(kOwnerMetadata);
  return owner == metadata.end() ? "" : owner->second;
}

bool WasNotTaken(const absl::Status& status) {
  if (!absl::IsUnavailable(status)) return false;
  const std::string reason = ErrorReason(status);
  // Without `owner` it is a loop that lost its shard, and what became of the call is not known.
  if (reason == refusal::kNotOwner) return ErrorMetadataOf(status).contains(kOwnerMetadata);
  return reason == refusal::kShuttingDown || WasNotSent(status);
}

}  // namespace meridian
