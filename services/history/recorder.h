// Records what the followers of the logs deliver, in batches: one transaction of the history holds all that came within
// `gather` and how far each log was read, so that nothing is lost or recorded twice, whatever ends in between. What is
// delivered is answered when it is durable. Also removes what is older than `keep`.
//
// Stepped by the thread that steps the followers; Deliver and StoredPosition are called there.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <vector>

#include "libs/history/fold.h"
#include "libs/history/history_store.h"
#include "libs/runtime/clock.h"
#include "libs/runtime/event_log.h"
#include "libs/runtime/log_follower.h"
#include "libs/runtime/stepped.h"
#include "libs/telemetry/log.h"
#include "libs/telemetry/metrics.h"

namespace meridian {

struct RecorderOptions {
  Duration gather = Duration::Milliseconds(500);
  size_t full = 16384;  // changes of contacts and conversations that make a batch due at once
  Duration keep = Duration::Hours(90 * 24);
  Duration expire_every = Duration::Minutes(1);
  size_t expire_slice = 500;
};

struct RecorderPorts {
  history::HistoryStore* store = nullptr;
  EventLog* event_log = nullptr;
  const MonotonicClock* monotonic = nullptr;
  const WallClock* wall = nullptr;
  Metrics* metrics = nullptr;
  Log* log = nullptr;
};

class Recorder final : public Stepped {
 public:
  Recorder(RecorderOptions options, RecorderPorts ports);

  // As in LogFollowerPorts. A log that was never recorded is followed from the oldest entry that it still has.
  void StoredPosition(ShardId source, absl::AnyInvocable<void(absl::StatusOr<LogPosition>)> done);
  void Deliver(FollowedEntry entry, absl::AnyInvocable<void(absl::Status)> done);

  void SetWaker(std::function<void()> waker) override { wake_ = std::move(waker); }
  bool Step() override;
  MonotonicInstant NextWake() override { return std::min(due_, next_expiry_); }
  // Records what it has, then stops.
  void RequestStop() override;
  bool stopped() const override { return stopped_; }

 private:
  struct Read {
    LogPosition from;  // where the batch takes the source up
    LogPosition to;
  };

  void Record();
  void Expire();

  const RecorderOptions options_;
  const RecorderPorts ports_;
  std::function<void()> wake_;
  std::atomic<bool> stopping_{false};
  bool stopped_ = false;

  std::map<ShardId, LogPosition> recorded_;  // of sources of which this object recorded something
  std::map<ShardId, Read> reads_;            // of the batch that gathers
  history::Fold fold_;
  std::vector<absl::AnyInvocable<void(absl::Status)>> waiting_;  // for the batch
  MonotonicInstant due_ = MonotonicInstant::Never();
  MonotonicInstant next_expiry_;
  Counter entries_, batches_, failures_, expired_;
};

}  // namespace meridian
