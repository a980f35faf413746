#include "services/session/placed_sessions.h"

#include <algorithm>
#include <utility>

#include "libs/error/error.h"
#include "libs/runtime/refusal.h"

namespace meridian {
namespace {

// Nonces of one shard's ownerships must differ: each opening has so many of its own.
constexpr uint64_t kNoncesOfOne = 1 << 16;

}  // namespace

struct PlacedSessions::Served {
  Served(SessionShardOptions options, const SessionPorts& ports)
      : follows(options.routing_shards.begin(), options.routing_shards.end()),
        shard(std::move(options), ports),
        thread(ports.shard.monotonic, "session-shard") {
    thread.Add(&shard);
  }

  const std::set<ShardId> follows;
  SessionShard shard;
  ShardThread thread;
};

PlacedSessions::PlacedSessions(AssembleSessionOptions options, SessionPorts ports, PlacedShardMap* map)
    : options_(std::move(options)), ports_(std::move(ports)), map_(map), nonce_(options_.nonce) {}

PlacedSessions::~PlacedSessions() = default;

void PlacedSessions::Open(uint32_t number) {
  SessionShardOptions shard;
  nonce_ += kNoncesOfOne;
  shard.identity = {{ShardKind::kSession, number}, options_.owner, nonce_, options_.lease_ttl};
  for (const uint32_t routing : map_->RoutingShardsOf(number)) {
    shard.routing_shards.push_back({ShardKind::kRouting, routing});
  }
  shard.core = options_.core;
  auto served = std::make_shared<Served>(std::move(shard), ports_);
  served->thread.Start();
  served->shard.Start();
  std::lock_guard lock(mutex_);
  open_[number] = std::move(served);
}

void PlacedSessions::Close(const std::vector<uint32_t>& shards) {
  std::vector<std::shared_ptr<Served>> closing;
  {
    std::lock_guard lock(mutex_);
    for (const uint32_t number : shards) {
      if (auto found = open_.extract(number)) closing.push_back(std::move(found.mapped()));
    }
  }
  for (const auto& served : closing) served->shard.RequestStop();
  const MonotonicInstant until = ports_.shard.monotonic->Now() + kDrain;  // for all of them together
  for (const auto& served : closing) {
    const bool stopped = served->thread.Drain(std::max(until - ports_.shard.monotonic->Now(), Duration::Zero()));
    // Its lease runs out by itself.
    if (!stopped && ports_.on_state) ports_.on_state(served->shard.id(), ShardState::kStopped, absl::OkStatus());
  }
}

std::vector<uint32_t> PlacedSessions::Outdated() const {
  std::vector<uint32_t> outdated;
  std::lock_guard lock(mutex_);
  for (const auto& [number, served] : open_) {
    const std::set<uint32_t> needed = map_->RoutingShardsOf(number);
    const bool follows_all = std::all_of(needed.begin(), needed.end(), [&served = served](uint32_t routing) {
      return served->follows.contains({ShardKind::kRouting, routing});
    });
    if (!follows_all) outdated.push_back(number);
  }
  return outdated;
}

Duration PlacedSessions::LateBy(uint32_t shard) const {
  std::lock_guard lock(mutex_);
  const auto found = open_.find(shard);
  return found == open_.end() ? Duration::Zero() : found->second->thread.LateBy();
}

absl::StatusOr<std::shared_ptr<SessionShard>> PlacedSessions::Find(const TenantId& tenant) const {
  const auto assigned = map_->AssignmentOf(tenant);
  if (!assigned) {
    map_->Refresh();
    if (!map_->Now()->complete) return NotServedHere();
    return MakeError(absl::StatusCode::kNotFound, "TENANT_NOT_FOUND", "the tenant was never configured here");
  }
  std::lock_guard lock(mutex_);
  const auto found = open_.find(assigned->sessions.front().number);
  if (found == open_.end() || !found->second->follows.contains(assigned->routing)) return NotServedHere();
  return std::shared_ptr<SessionShard>(found->second, &found->second->shard);
}

}  // namespace meridian
