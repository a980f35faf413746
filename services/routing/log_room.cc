#include "services/routing/log_room.h"

#include <string>
#include <utility>

namespace meridian {

LogRoom::LogRoom(LogRoomOptions options, LogRoomPorts ports)
    : options_(options), ports_(ports), completions_(std::make_shared<CompletionQueue>()) {
  for (uint32_t number = 0; number < options_.shards; ++number) {
    auto& shard = *shards_.emplace_back(std::make_unique<Shard>());
    if (ports_.metrics == nullptr) continue;
    shard.bytes = ports_.metrics->MakeGauge(
        "meridian_event_log_bytes", "Bytes of the shard's log; from 60 % of its limit on new contacts are refused.",
        {{"shard", std::to_string(number)}});
  }
}

LogRoom::~LogRoom() { completions_->Close(); }

bool LogRoom::Step() {
  const bool progress = completions_->RunAll();
  const MonotonicInstant now = ports_.monotonic->Now();
  if (stopped_ || now < look_at_) return progress;
  look_at_ = now + kLookEvery;
  for (uint32_t shard = 0; shard < options_.shards; ++shard) Look(shard);
  return progress;
}

void LogRoom::Look(uint32_t shard) {
  ports_.event_log->Describe({ShardKind::kRouting, shard},
                             [this, completions = completions_, shard](absl::StatusOr<LogState> state) {
                               if (!state.ok()) return;
                               completions->Post([this, shard, bytes = state->bytes] { OnBytes(shard, bytes); });
                             });
}

void LogRoom::OnBytes(uint32_t number, uint64_t bytes) {
  Shard& shard = *shards_[number];
  shard.bytes.Set(static_cast<int64_t>(bytes));
  const bool is_short = bytes >= options_.limit_bytes / 100 * kShortPercent;
  if (shard.is_short.exchange(is_short) == is_short || ports_.log == nullptr) return;
  if (is_short) {
    ports_.log->Warning("too many events wait to be published: new contacts are refused", {{"shard", number}});
  } else {
    ports_.log->Info("events were published: new contacts are taken again", {{"shard", number}});
  }
}

}  // namespace meridian
