#include "services/standalone/shard_health.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

namespace meridian {

ShardHealth::ShardHealth(const std::vector<ShardId>& shards) {
  for (const ShardId& shard : shards) shards_[shard];
}

void ShardHealth::OnState(ShardId shard, ShardState state, const absl::Status& why) {
  std::lock_guard<std::mutex> lock(mutex_);
  const bool before = AllServe();
  shards_[shard] = {state, why};
  changed_.notify_all();
  const bool now = AllServe();
  if (tell_ && now != before) tell_(now);
}

bool ShardHealth::serving() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return AllServe();
}

absl::Status ShardHealth::AwaitServing(Duration patience) {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait_for(lock, std::chrono::nanoseconds(patience.ns), [this] {
    return AllServe() || std::any_of(shards_.begin(), shards_.end(),
                                     [](const auto& entry) { return entry.second.state == ShardState::kFailed; });
  });
  return Missing();
}

void ShardHealth::Follow(std::function<void(bool)> tell) {
  std::lock_guard<std::mutex> lock(mutex_);
  tell_ = std::move(tell);
  if (tell_) tell_(AllServe());
}

bool ShardHealth::AllServe() const {
  return std::all_of(shards_.begin(), shards_.end(),
                     [](const auto& entry) { return entry.second.state == ShardState::kServing; });
}

absl::Status ShardHealth::Missing() const {
  for (const auto& [id, shard] : shards_) {
    if (shard.state == ShardState::kServing) continue;
    std::string text = "shard " + id.ToString() + " is not served (" + std::string(ToString(shard.state)) + ")";
    if (!shard.why.ok()) text += ": " + std::string(shard.why.message());
    return absl::UnavailableError(text);
  }
  return absl::OkStatus();
}

}  // namespace meridian
