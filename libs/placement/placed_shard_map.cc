#include "libs/placement/placed_shard_map.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "libs/placement/placement_plan.h"

namespace meridian {
namespace {

// Between two looks, however many doubt the copy.
constexpr Duration kShortestPause = Duration::Milliseconds(5);

}  // namespace

uint32_t FirstShardOf(const TenantId& tenant, uint32_t count) {
  return static_cast<uint32_t>(StableHash(tenant.value) % count);
}

// One look is under way at a time, or one is waited for. Callbacks of the store and the timer hold it weakly.
struct PlacedShardMap::State : std::enable_shared_from_this<PlacedShardMap::State> {
  struct Watcher {
    std::recursive_mutex mutex;  // while it is called
    std::function<void()> changed;
    bool ended = false;
  };
  struct Handle;

  State(ShardPlacement* given_placement, ShardDirectory* given_directory, rpc::DeadlineTimer* given_timer,
        Duration given_poll, Duration given_ttl)
      : placement(given_placement), directory(given_directory), timer(given_timer), poll(given_poll), ttl(given_ttl) {}

  void Look();
  void LookSoon();
  void LookAgainLater();
  void OnView(absl::StatusOr<PlacementView> view);
  void List(std::shared_ptr<Placement> next, const TenantId& after);
  void Publish(std::shared_ptr<Placement> next);
  void SettleLater(uint64_t outage);
  void TellSoon();
  void Tell();

  ShardPlacement* const placement;
  ShardDirectory* const directory;
  rpc::DeadlineTimer* const timer;
  const Duration poll;
  const Duration ttl;
  std::mutex mutex;  // for all below
  std::condition_variable read;
  bool closed = false;
  bool looking = false;
  bool again = false;  // asked for while looking
  bool soon = false;   // a timer was set by LookSoon
  uint64_t looks = 0;  // a timer that was set before the last one means nothing
  bool was_read = false;
  uint64_t outages = 0;  // of the store, once it had been read
  std::shared_ptr<const Placement> now = std::make_shared<Placement>();
  std::map<ShardId, std::string> learned;  // since `now` was looked at
  std::vector<std::weak_ptr<Watcher>> watchers;
};

struct PlacedShardMap::State::Handle : ShardMap::Watch {
  explicit Handle(std::shared_ptr<Watcher> held) : watcher(std::move(held)) {}
  ~Handle() override {
    std::lock_guard lock(watcher->mutex);
    watcher->ended = true;
  }
  const std::shared_ptr<Watcher> watcher;
};

// ---- looking ----

void PlacedShardMap::State::Look() {
  {
    std::lock_guard lock(mutex);
    if (closed) return;
    again = looking;
    if (looking) return;
    looking = true;
    ++looks;
  }
  placement->View([weak = weak_from_this()](absl::StatusOr<PlacementView> view) {
    if (const auto state = weak.lock()) state->OnView(std::move(view));
  });
}

void PlacedShardMap::State::LookSoon() {
  {
    std::lock_guard lock(mutex);
    if (std::exchange(soon, true)) return;
  }
  timer->After(kShortestPause, [weak = weak_from_this()] {
    const auto state = weak.lock();
    if (state == nullptr) return;
    {
      std::lock_guard lock(state->mutex);
      state->soon = false;
    }
    state->Look();
  });
}

void PlacedShardMap::State::LookAgainLater() {
  uint64_t number = 0;
  {
    std::lock_guard lock(mutex);
    number = looks;
  }
  timer->After(poll, [weak = weak_from_this(), number] {
    const auto state = weak.lock();
    if (state == nullptr) return;
    {
      std::lock_guard lock(state->mutex);
      if (state->looks != number) return;
    }
    state->Look();
  });
}

void PlacedShardMap::State::OnView(absl::StatusOr<PlacementView> view) {
  std::shared_ptr<const Placement> before;
  {
    std::lock_guard lock(mutex);
    before = now;
  }
  auto next = std::make_shared<Placement>(*before);
  next->complete = false;
  if (!view.ok()) return Publish(std::move(next));
  const bool assigned = view->assignments != before->view.assignments || !before->complete;
  next->view = *std::move(view);
  next->owners.clear();
  for (const ShardKind kind : {ShardKind::kRouting, ShardKind::kSession}) {
    for (const auto& [number, address] : OwnersOf(next->view, kind)) next->owners[{kind, number}] = address;
  }
  if (assigned) {
    next->tenants.clear();
    return List(std::move(next), TenantId{});
  }
  next->complete = true;
  Publish(std::move(next));
}

void PlacedShardMap::State::List(std::shared_ptr<Placement> next, const TenantId& after) {
  directory->List(after, [weak = weak_from_this(), next](absl::StatusOr<std::vector<TenantAssignment>> page) {
    const auto state = weak.lock();
    if (state == nullptr) return;
    if (!page.ok()) {
      std::unique_lock lock(state->mutex);
      next->tenants = state->now->tenants;
      lock.unlock();
      return state->Publish(next);
    }
    for (TenantAssignment& one : *page) next->tenants[one.tenant] = std::move(one.shards);
    if (page->size() == ShardDirectory::kListPage) return state->List(next, next->tenants.rbegin()->first);
    next->complete = true;
    state->Publish(next);
  });
}

void PlacedShardMap::State::Publish(std::shared_ptr<Placement> next) {
  bool at_once = false;
  bool changed = false;
  bool returned = false;
  uint64_t outage = 0;
  {
    std::lock_guard lock(mutex);
    changed = next->view != now->view || next->complete != now->complete || next->tenants != now->tenants;
    if (!next->complete && was_read && now->complete) ++outages;
    returned = next->complete && was_read && !now->complete;
    next->settled = !was_read || (next->complete && now->settled);
    outage = outages;
    if (next->complete) learned.clear();
    was_read = was_read || next->complete;
    now = std::move(next);
    looking = false;
    at_once = std::exchange(again, false);
    read.notify_all();
  }
  if (at_once) {
    LookSoon();
  } else {
    LookAgainLater();
  }
  if (returned) SettleLater(outage);
  if (changed) TellSoon();
}

// By then all who live have said so again, or the store was out of reach once more.
void PlacedShardMap::State::SettleLater(uint64_t outage) {
  timer->After(ttl, [weak = weak_from_this(), outage] {
    const auto state = weak.lock();
    if (state == nullptr) return;
    {
      std::lock_guard held(state->mutex);
      if (state->outages != outage) return;
      auto settled = std::make_shared<Placement>(*state->now);
      settled->settled = true;
      state->now = std::move(settled);
    }
    state->Tell();
  });
}

void PlacedShardMap::State::TellSoon() {
  timer->After(Duration::Zero(), [weak = weak_from_this()] {
    if (const auto state = weak.lock()) state->Tell();
  });
}

// On the timer's thread, so that nobody who watches holds up the store.
void PlacedShardMap::State::Tell() {
  std::vector<std::shared_ptr<Watcher>> live;
  {
    std::lock_guard lock(mutex);
    std::erase_if(watchers, [](const auto& weak) { return weak.expired(); });
    for (const auto& weak : watchers) live.push_back(weak.lock());
  }
  for (const auto& watcher : live) {
    if (watcher == nullptr) continue;
    std::lock_guard lock(watcher->mutex);
    if (!watcher->ended) watcher->changed();
  }
}

// ---- the map ----

PlacedShardMap::PlacedShardMap(ShardPlacement* placement, ShardDirectory* directory, rpc::DeadlineTimer* timer,
                               Duration poll, Duration ttl)
    : state_(std::make_shared<State>(placement, directory, timer, poll, ttl)) {
  watch_ = placement->Watch([weak = std::weak_ptr(state_)] {
    if (const auto state = weak.lock()) state->Look();
  });
  state_->Look();
}

PlacedShardMap::~PlacedShardMap() {
  watch_.reset();
  std::lock_guard lock(state_->mutex);
  state_->closed = true;
}

std::shared_ptr<const Placement> PlacedShardMap::Now() const {
  std::lock_guard lock(state_->mutex);
  return state_->now;
}

std::string PlacedShardMap::OwnerOf(ShardId shard) const {
  std::lock_guard lock(state_->mutex);
  if (const auto learned = state_->learned.find(shard); learned != state_->learned.end()) return learned->second;
  const auto owner = state_->now->owners.find(shard);
  return owner == state_->now->owners.end() ? "" : owner->second;
}

std::optional<TenantShards> PlacedShardMap::AssignmentOf(const TenantId& tenant) const {
  const auto now = Now();
  const auto found = now->tenants.find(tenant);
  if (found == now->tenants.end()) return std::nullopt;
  return found->second;
}

ShardPlace PlacedShardMap::Find(ShardKind kind, const TenantId& tenant) const {
  const auto now = Now();
  ShardId shard{kind, 0};
  if (const auto found = now->tenants.find(tenant); found != now->tenants.end()) {
    shard = kind == ShardKind::kRouting ? found->second.routing : found->second.sessions.front();
  } else if (const uint32_t count = now->view.CountOf(kind); count > 0) {
    shard.number = FirstShardOf(tenant, count);
  } else {
    return {shard, ""};
  }
  return {shard, OwnerOf(shard)};
}

void PlacedShardMap::Learn(ShardKind kind, const TenantId& tenant, const std::string& address) {
  const ShardId shard = Find(kind, tenant).shard;
  {
    std::lock_guard lock(state_->mutex);
    state_->learned[shard] = address;
  }
  Refresh();
}

std::vector<std::string> PlacedShardMap::Addresses(ShardKind kind) const {
  const auto now = Now();
  std::vector<std::string> addresses;
  for (const ShardProcess& process : now->view.processes) {
    if (process.kind == kind) addresses.push_back(process.address);
  }
  return addresses;
}

void PlacedShardMap::Refresh() { state_->LookSoon(); }

std::unique_ptr<ShardMap::Watch> PlacedShardMap::OnChange(std::function<void()> changed) {
  auto watcher = std::make_shared<State::Watcher>();
  watcher->changed = std::move(changed);
  std::lock_guard lock(state_->mutex);
  state_->watchers.push_back(watcher);
  return std::make_unique<State::Handle>(std::move(watcher));
}

std::set<uint32_t> PlacedShardMap::RoutingShardsOf(uint32_t session) const {
  const auto now = Now();
  std::set<uint32_t> shards;
  const uint32_t routing = now->view.CountOf(ShardKind::kRouting);
  const uint32_t sessions = now->view.CountOf(ShardKind::kSession);
  // A tenant's first shards come of one hash: with equal numbers of both kinds they are one pair.
  if (routing == sessions && session < routing) shards.insert(session);
  for (const auto& [tenant, assigned] : now->tenants) {
    if (assigned.sessions.front().number == session) shards.insert(assigned.routing.number);
  }
  return shards;
}

bool PlacedShardMap::AwaitRead(Duration patience) const {
  std::unique_lock lock(state_->mutex);
  return state_->read.wait_for(lock, std::chrono::nanoseconds(patience.ns), [this] { return state_->was_read; });
}

}  // namespace meridian
