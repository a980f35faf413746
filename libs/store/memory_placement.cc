#include "libs/store/memory_placement.h"

#include <algorithm>

namespace meridian {

void MemoryPlacement::FixCount(ShardKind kind, uint32_t count,
                               absl::AnyInvocable<void(absl::StatusOr<uint32_t>)> done) {
  uint32_t in_force = 0;
  {
    std::lock_guard lock(mutex_);
    in_force = counts_.emplace(kind, count).first->second;
  }
  watchers_.Notify();
  done(in_force);
}

void MemoryPlacement::FixRegion(std::string region, absl::AnyInvocable<void(absl::StatusOr<std::string>)> done) {
  std::string in_force;
  {
    std::lock_guard lock(mutex_);
    if (region_.empty()) region_ = std::move(region);
    in_force = region_;
  }
  done(in_force);
}

void MemoryPlacement::Announce(ShardProcess process, Duration ttl, absl::AnyInvocable<void(absl::Status)> done) {
  bool changed = false;
  {
    std::lock_guard lock(mutex_);
    const MonotonicInstant now = Now();
    const auto stranger = std::find_if(processes_.begin(), processes_.end(), [&](const auto& other) {
      return other.second.expires > now && other.first != std::pair(process.kind, process.address) &&
             other.second.process.trust != process.trust;
    });
    if (stranger != processes_.end()) return done(OtherTrust(stranger->first.second));
    Entry& entry = processes_[{process.kind, process.address}];
    changed = entry.process != process || entry.expires <= now;
    entry = {std::move(process), now + ttl};
  }
  if (changed) watchers_.Notify();
  done(absl::OkStatus());
}

void MemoryPlacement::Leave(ShardKind kind, std::string address, absl::AnyInvocable<void(absl::Status)> done) {
  {
    std::lock_guard lock(mutex_);
    processes_.erase({kind, std::move(address)});
  }
  watchers_.Notify();
  done(absl::OkStatus());
}

void MemoryPlacement::Wish(ShardId shard, std::string address, absl::AnyInvocable<void(absl::Status)> done) {
  {
    std::lock_guard lock(mutex_);
    if (address.empty()) {
      wishes_.erase(shard);
    } else {
      wishes_[shard] = std::move(address);
    }
  }
  watchers_.Notify();
  done(absl::OkStatus());
}

void MemoryPlacement::View(absl::AnyInvocable<void(absl::StatusOr<PlacementView>)> done) {
  PlacementView view;
  {
    std::lock_guard lock(mutex_);
    view.counts = counts_;
    view.wishes = wishes_;
    view.assignments = assignments_;
    for (const auto& [name, entry] : processes_) {
      if (entry.expires > Now()) view.processes.push_back(entry.process);
    }
  }
  done(std::move(view));
}

std::unique_ptr<ShardPlacement::Subscription> MemoryPlacement::Watch(std::function<void()> on_change) {
  return watchers_.Watch(std::move(on_change));
}

void MemoryPlacement::NoteAssignment() {
  {
    std::lock_guard lock(mutex_);
    ++assignments_;
  }
  watchers_.Notify();
}

}  // namespace meridian
