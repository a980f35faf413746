#include "libs/placement/shard_keeper.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "libs/placement/placement_plan.h"

namespace meridian {
namespace {

// How long one that leaves waits for the others to serve what it gave away; it is unserved meanwhile, not lost.
constexpr Duration kTakenOver = Duration::Seconds(3);

}  // namespace

ShardKeeper::ShardKeeper(ShardKeeperOptions options, ShardKeeperPorts ports)
    : options_(std::move(options)),
      ports_(std::move(ports)),
      admission_(std::make_shared<Admission>()),
      lifeline_(std::make_shared<Lifeline>()) {}

ShardKeeper::~ShardKeeper() { Stop(); }

void ShardKeeper::Start() {
  lifeline_->keeper = this;
  worker_ = std::make_unique<WorkerThread>("placement");
  watch_ = ports_.map->OnChange([this] { Poke(); });
  Announce();
  AnnounceLater();
  Poke();
}

void ShardKeeper::Stop() {
  {
    std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  watch_.reset();
  {
    std::lock_guard lock(lifeline_->mutex);
    lifeline_->keeper = nullptr;
  }
  worker_.reset();
}

void ShardKeeper::Poke() {
  { std::lock_guard lock(mutex_); }  // who waits has seen the map or is woken
  changed_.notify_all();
  worker_->Post([this] { Reconcile(); });
}

// ---- what the process says of itself ----

ShardProcess ShardKeeper::Describe() const {
  ShardProcess self{options_.kind, options_.address, leaving_, options_.trust, {}, {}};
  for (const auto& [number, held] : held_) {
    if (ports_.hangs && ports_.hangs(number)) {
      self.leaving = true;
      continue;
    }
    (held == Held::kServing ? self.serving : self.held).push_back(number);
  }
  return self;
}

// Under the lock, so that what is said last is what holds.
void ShardKeeper::Announce() {
  std::lock_guard lock(mutex_);
  if (stopped_) return;
  ports_.placement->Announce(Describe(), options_.ttl, [admission = admission_](const absl::Status& status) {
    if (!status.ok() && !absl::IsFailedPrecondition(status))
      return;  // the store is out of reach, which decides nothing
    std::lock_guard lock(admission->mutex);
    admission->status = status;
  });
}

bool ShardKeeper::IsAdmitted() {
  absl::Status status;
  {
    std::lock_guard lock(admission_->mutex);
    status = admission_->status;
  }
  if (status != told_ && !absl::IsUnavailable(status)) {
    told_ = status;
    if (ports_.on_admitted) ports_.on_admitted(status);
  }
  return status.ok();
}

void ShardKeeper::AnnounceLater() {
  ports_.timer->After(options_.announce, [lifeline = lifeline_] {
    std::lock_guard lock(lifeline->mutex);
    if (lifeline->keeper == nullptr) return;
    lifeline->keeper->Announce();
    lifeline->keeper->Poke();
    lifeline->keeper->AnnounceLater();
  });
}

void ShardKeeper::OnState(uint32_t shard, ShardState state) {
  {
    std::lock_guard lock(mutex_);
    const auto found = held_.find(shard);
    if (found == held_.end()) return;
    const Held before = found->second;
    if (state == ShardState::kStopped) {
      held_.erase(found);
    } else if (before == Held::kGiving) {
      return;
    } else {
      found->second = state == ShardState::kServing ? Held::kServing : Held::kTaking;
      if (found->second == before) return;
    }
  }
  changed_.notify_all();
  Announce();
}

absl::Status ShardKeeper::Check(const TenantId& tenant) const {
  const ShardPlace place = ports_.map->Find(options_.kind, tenant);
  {
    std::lock_guard lock(mutex_);
    const auto found = held_.find(place.shard.number);
    if (found != held_.end() && found->second != Held::kGiving) return absl::OkStatus();
  }
  return NotOwner(place.address == options_.address ? "" : place.address);
}

// ---- taking and giving ----

void ShardKeeper::GiveBack(uint32_t shard) {
  {
    std::lock_guard lock(mutex_);
    const auto found = held_.find(shard);
    if (found == held_.end() || found->second == Held::kGiving || stopped_) return;
    found->second = Held::kGiving;
  }
  Announce();
  worker_->Post([this, shard] { ports_.close({shard}); });
}

void ShardKeeper::Reconcile() {
  const auto seen = ports_.map->Now();
  const bool admitted = IsAdmitted();
  PlacementPlan plan;
  {
    std::lock_guard lock(mutex_);
    if (stopped_ || leaving_ || !seen->complete) return;
    if (admitted) {
      plan = PlanFor(seen->view, Describe());
    } else {
      for (const auto& [number, held] : held_) plan.give.push_back(number);
    }
    std::erase_if(plan.give, [this](uint32_t number) { return held_.at(number) == Held::kGiving; });
    std::erase_if(plan.take, [this](uint32_t number) { return held_.contains(number); });  // it hangs
    if (!seen->settled) plan.take.clear();
    for (const uint32_t number : plan.give) held_[number] = Held::kGiving;
    for (const uint32_t number : plan.take) held_[number] = Held::kTaking;
  }
  if (plan == PlacementPlan{}) return;
  Announce();
  if (!plan.give.empty()) ports_.close(plan.give);
  for (const uint32_t number : plan.take) ports_.open(number);
}

bool ShardKeeper::OthersServe(const std::vector<uint32_t>& shards) const {
  const auto now = ports_.map->Now();
  const bool others = std::any_of(now->view.processes.begin(), now->view.processes.end(), [this](const auto& process) {
    return process.kind == options_.kind && process.address != options_.address && !process.leaving;
  });
  const auto owners = OwnersOf(now->view, options_.kind);
  return !others || std::all_of(shards.begin(), shards.end(), [this, &owners](uint32_t number) {
    const auto owner = owners.find(number);
    return owner != owners.end() && owner->second != options_.address;
  });
}

bool ShardKeeper::Leave(Duration limit) {
  const MonotonicInstant until = ports_.monotonic->Now() + limit;
  std::vector<uint32_t> shards;
  {
    std::lock_guard lock(mutex_);
    leaving_ = true;
    for (auto& [number, held] : held_) {
      held = Held::kGiving;
      shards.push_back(number);
    }
  }
  Announce();
  if (!shards.empty()) worker_->Post([this, shards] { ports_.close(shards); });
  bool stopped = false;
  {
    std::unique_lock lock(mutex_);
    stopped = changed_.wait_for(lock, std::chrono::nanoseconds(limit.ns), [this] { return held_.empty(); });
    const Duration left = std::min(until - ports_.monotonic->Now(), kTakenOver);
    changed_.wait_for(lock, std::chrono::nanoseconds(left.ns), [this, &shards] { return OthersServe(shards); });
  }
  Stop();
  ports_.placement->Leave(options_.kind, options_.address, [](const absl::Status&) {});
  return stopped;
}

}  // namespace meridian
