// Relays one routing shard's public events to Kafka while it holds the shard's relay lease: reads the log from the
// position of its follower ("relay"), publishes entry after entry, and moves the position once all replicas have them,
// so that nothing unpublished is trimmed. At least once and in order: after a failure the producer is made anew and
// everything that was not acknowledged is published again.
//
// Only what EventLog::ReadAfter gives is published, which is durable. Start and RequestStop: any thread; the rest is
// the thread that steps it. The ports' callbacks may come on any thread.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/kafka/record_producer.h"
#include "libs/runtime/event_log.h"
#include "libs/runtime/lease_keeper.h"
#include "libs/runtime/log_follower.h"
#include "libs/runtime/shard_leases.h"
#include "libs/runtime/stepped.h"
#include "libs/telemetry/metrics.h"
#include "meridian/event/v1/event.pb.h"

namespace meridian {

inline constexpr char kRelayFollower[] = "relay";

struct EventRelayOptions {
  uint32_t shard = 0;  // of routing
  std::string owner;   // of the lease: the process
  uint64_t nonce = 0;  // of the lease, unique to the process
  Duration lease_ttl = Duration::Seconds(10);
  // Trim the log up to what is published, as far as its other followers let it. Else the store's own retention does,
  // and readers of EventService find published events for as long.
  bool trim_published = false;
  size_t max_in_flight = 1024;  // log entries published and not yet acknowledged
  size_t read_bytes = 1 << 20;
};

struct RelayMetrics {
  static RelayMetrics Make(Metrics& metrics, uint32_t shard);

  std::map<event::v1::Topic, Counter> published;  // acknowledged events
  Counter resent;                                 // events published again after a failure
  Counter errors;
  Gauge lag_entries;
  Gauge lag_ms;
  Gauge holds_lease;
};

struct EventRelayPorts {
  EventLog* log = nullptr;
  ShardLeases* leases = nullptr;
  const MonotonicClock* monotonic = nullptr;
  const WallClock* wall = nullptr;
  std::function<absl::StatusOr<std::unique_ptr<RecordProducer>>()> make_producer;
  RelayMetrics metrics;
  // Publishing fails, for another reason than before; with OK: it goes on; with CANCELLED: it is
  // another process's matter. The stepping thread; may be null.
  std::function<void(const absl::Status&)> on_trouble;
};

class EventRelay final : public Stepped {
 public:
  EventRelay(EventRelayOptions options, EventRelayPorts ports);
  ~EventRelay() override;

  // Once.
  void Start();

  void SetWaker(std::function<void()> waker) override;
  bool Step() override;
  MonotonicInstant NextWake() override;
  // Publishes what the log holds by now, keeps its position and gives the lease back; never ends while the brokers are
  // away.
  void RequestStop() override;
  bool stopped() const override { return state_ == State::kStopped; }

 private:
  enum class State { kStopped, kRunning, kEnding, kSavingPosition };
  struct Unacknowledged {
    LogPosition position;
    Instant time;  // of its first event
  };

  ShardId source() const { return {ShardKind::kRouting, options_.shard}; }
  void BeginFollowing();
  void StopFollowing();
  // Where to go on, with a new producer.
  void FindPosition(absl::AnyInvocable<void(absl::StatusOr<LogPosition>)> done);
  void Publish(FollowedEntry entry, absl::AnyInvocable<void(absl::Status)> done);
  void OnError(const absl::Status& status);
  void Account();
  void Trim();
  void BeginEnd();
  void SavePosition();

  const EventRelayOptions options_;
  const EventRelayPorts ports_;
  const std::shared_ptr<CompletionQueue> completions_;
  std::function<void()> waker_;

  State state_ = State::kStopped;
  uint64_t nonce_;
  LeaseKeeper lease_;
  std::unique_ptr<RecordProducer> producer_;
  std::unique_ptr<LogFollower> follower_;  // while the lease is held
  std::unique_ptr<EventLog::Subscription> watch_;

  LogPosition newest_;     // of the log, as far as known
  LogPosition published_;  // acknowledged, in order
  LogPosition sent_;       // the newest ever given to a producer
  std::deque<Unacknowledged> unacknowledged_;
  absl::StatusCode trouble_ = absl::StatusCode::kOk;
  LogPosition trimmed_;
  MonotonicInstant trim_after_;
  MonotonicInstant account_at_;
};

}  // namespace meridian
