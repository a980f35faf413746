// Watches how much the routing shards' logs hold, where a relay must have published an entry before it goes: from 60 %
// of the limit on new contacts are refused, the rest is for live work. Nothing that was not published is ever trimmed.
//
// IsShort: any thread. The rest: the thread that steps it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "libs/runtime/completion_queue.h"
#include "libs/runtime/event_log.h"
#include "libs/runtime/stepped.h"
#include "libs/telemetry/log.h"
#include "libs/telemetry/metrics.h"

namespace meridian {

struct LogRoomOptions {
  uint32_t shards = 1;  // routing shards 0 to shards − 1
  uint64_t limit_bytes = 0;
};

// `metrics` and `log` may be null.
struct LogRoomPorts {
  EventLog* event_log = nullptr;
  const MonotonicClock* monotonic = nullptr;
  Metrics* metrics = nullptr;
  Log* log = nullptr;
};

class LogRoom final : public Stepped {
 public:
  static constexpr Duration kLookEvery = Duration::Milliseconds(500);
  static constexpr uint64_t kShortPercent = 60;

  LogRoom(LogRoomOptions options, LogRoomPorts ports);
  ~LogRoom() override;

  bool IsShort(uint32_t shard) const { return shard < shards_.size() && shards_[shard]->is_short; }

  void SetWaker(std::function<void()> waker) override { completions_->SetWaker(std::move(waker)); }
  bool Step() override;
  MonotonicInstant NextWake() override { return stopped_ ? MonotonicInstant::Never() : look_at_; }
  void RequestStop() override {
    completions_->Post([this] { stopped_ = true; });
  }
  bool stopped() const override { return stopped_; }

 private:
  struct Shard {
    std::atomic<bool> is_short{false};
    Gauge bytes;
  };

  void Look(uint32_t shard);
  void OnBytes(uint32_t shard, uint64_t bytes);

  const LogRoomOptions options_;
  const LogRoomPorts ports_;
  const std::shared_ptr<CompletionQueue> completions_;
  std::vector<std::unique_ptr<Shard>> shards_;
  MonotonicInstant look_at_;
  bool stopped_ = false;
};

}  // namespace meridian
