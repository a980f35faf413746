#include "services/process/readiness.h"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <utility>

#include "libs/error/status_code.h"

namespace meridian {
namespace {

std::string NameOf(ShardId shard) { return "shard " + shard.ToString(); }

}  // namespace

template <class Change>
void Readiness::Apply(Change change) {
  std::lock_guard<std::mutex> lock(mutex_);
  const bool before = IsReady();
  change();
  changed_.notify_all();
  const bool now = IsReady();
  if (tell_ && now != before) tell_(now);
}

void Readiness::Expect(const std::string& dependency) {
  Apply([&] { dependencies_[dependency]; });
}

void Readiness::Expect(ShardId shard) { Expect(NameOf(shard)); }

void Readiness::Tell(const std::string& dependency, bool there, const std::string& state, const absl::Status& why) {
  Apply([&] { dependencies_[dependency] = {there, false, state, why}; });
}

void Readiness::OnShardState(ShardId shard, ShardState state, const absl::Status& why) {
  Apply([&] {
    dependencies_[NameOf(shard)] = {state == ShardState::kServing, state == ShardState::kFailed,
                                    std::string(ToString(state)), why};
  });
}

void Readiness::BeginDrain() {
  Apply([this] { draining_ = true; });
}

bool Readiness::ready() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return IsReady();
}

std::string Readiness::ToJson() const {
  std::lock_guard<std::mutex> lock(mutex_);
  nlohmann::ordered_json json = {{"status", draining_ ? "draining" : IsReady() ? "ready" : "not_ready"}};
  for (const auto& [name, dependency] : dependencies_) {
    if (dependency.there) continue;
    nlohmann::ordered_json away = {{"dependency", name}, {"state", dependency.state}};
    if (!dependency.why.ok()) away["code"] = CodeName(dependency.why.code());
    json["away"].push_back(std::move(away));
  }
  return json.dump();
}

absl::Status Readiness::AwaitReady(Duration patience) {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait_for(lock, std::chrono::nanoseconds(patience.ns), [this] {
    return IsReady() || std::any_of(dependencies_.begin(), dependencies_.end(),
                                    [](const auto& entry) { return entry.second.failed; });
  });
  return Missing();
}

void Readiness::Follow(std::function<void(bool)> tell) {
  std::lock_guard<std::mutex> lock(mutex_);
  tell_ = std::move(tell);
  if (tell_) tell_(IsReady());
}

bool Readiness::IsReady() const {
  return !draining_ &&
         std::all_of(dependencies_.begin(), dependencies_.end(), [](const auto& entry) { return entry.second.there; });
}

absl::Status Readiness::Missing() const {
  for (const auto& [name, dependency] : dependencies_) {
    if (dependency.there) continue;
    std::string text = name + " is not there (" + dependency.state + ")";
    if (!dependency.why.ok()) text += ": " + std::string(dependency.why.message());
    return absl::UnavailableError(text);
  }
  return absl::OkStatus();
}

}  // namespace meridian
