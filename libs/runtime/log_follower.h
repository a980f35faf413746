// Follows another shard's log (architecture §2): reads from the position that its target has stored, delivers entry
// after entry, and moves its durable position in the source once the target's commits are durable. At least once: the
// target's program stores, in the records of the same commit, the position it has reached. It applies an entry when
// `previous` is that position, answers OK without effect to one at or below it, and refuses any other (with any
// status), upon which the follower asks again where to go on.
//
// Woken by EventLog::Watch; never polls. Bounded: at most `max_in_flight` entries are delivered and not yet durable.
// The callbacks of its ports may come on any thread; the rest is the thread that steps it. A source that trimmed what
// the follower still needs (its position was never set) is an error that on_error reports again and again.
#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "libs/runtime/completion_queue.h"
#include "libs/runtime/event_log.h"
#include "libs/runtime/stepped.h"

namespace meridian {

struct FollowedEntry {
  ShardId source;
  LogPosition previous;  // of the entry delivered before this one
  LogPosition position;
  std::string bytes;
};

struct LogFollowerOptions {
  ShardId source;
  std::string name;  // the follower's name in the source's log, e.g. "session-s0"
  size_t max_in_flight = 256;
  size_t read_bytes = 256 * 1024;
};

struct LogFollowerPorts {
  EventLog* log = nullptr;
  const MonotonicClock* clock = nullptr;
  // Where the target has got to, from its own records: a ShardLoop::Query. {0, 0} when it has seen nothing.
  std::function<void(absl::AnyInvocable<void(absl::StatusOr<LogPosition>)>)> stored_position;
  // Posts the entry to the target; `done` once its commit is durable, or with an error when it was not applied.
  std::function<void(FollowedEntry, absl::AnyInvocable<void(absl::Status)>)> deliver;
  // For the process's log and metrics: what went wrong; the follower goes on by itself.
  std::function<void(const absl::Status&)> on_error;
};

class LogFollower final : public Stepped {
 public:
  static constexpr Duration kFirstRetry = Duration::Milliseconds(50);
  static constexpr Duration kLongestRetry = Duration::Seconds(1);
  // Between two moves of the durable position in the source, which costs the source a write: it only says what may be
  // trimmed.
  static constexpr Duration kAdvanceEvery = Duration::Seconds(1);

  LogFollower(LogFollowerOptions options, LogFollowerPorts ports);
  ~LogFollower() override;

  // Any thread, once.
  void Start();

  void SetWaker(std::function<void()> waker) override { completions_->SetWaker(std::move(waker)); }
  bool Step() override;
  MonotonicInstant NextWake() override { return std::min(retry_at_, advance_at_); }
  void RequestStop() override;
  bool stopped() const override { return state_ == State::kStopped; }

  // The newest position that is durable in the target; the owner's thread.
  LogPosition confirmed() const { return confirmed_; }
  // The newest position that the source has stored for this follower; the owner's thread.
  LogPosition stored_in_source() const { return source_knows_; }
  size_t in_flight() const { return in_flight_.size(); }
  // The newest position taken from the log; the owner's thread.
  LogPosition read_to() const { return read_to_; }

  // Calls `done`, in Step, once everything that the source's log holds now is durable in the target; never when the
  // follower stops before. It need not have caught up with what comes meanwhile: it has to come within `read_bytes` of
  // the log's end once. Any thread.
  void AwaitEnd(absl::AnyInvocable<void()> done);

 private:
  enum class State { kStopped, kAsking, kFollowing, kWaiting };
  struct Delivery {
    LogPosition position;
    bool done = false;
  };
  // Waits first for a read to begin, then for one that finds the end of the log, then for that end to be confirmed.
  struct EndWaiter {
    bool read_began = false;
    std::optional<LogPosition> end;
    absl::AnyInvocable<void()> done;
  };

  void Ask();
  void OnStoredPosition(absl::StatusOr<LogPosition> position);
  void ReadMore();
  void OnEntries(absl::StatusOr<std::vector<LogEntry>> entries);
  void DeliverMore();
  void OnDelivered(LogPosition position, const absl::Status& status);
  void AdvanceInSource();
  void FoundEnd();
  void WaitAnew();
  void CallWaiters();
  void Retry(const absl::Status& why);
  template <typename Result>
  absl::AnyInvocable<void(Result)> Later(void (LogFollower::*handle)(Result));

  const LogFollowerOptions options_;
  const LogFollowerPorts ports_;
  const std::shared_ptr<CompletionQueue> completions_;
  std::unique_ptr<EventLog::Subscription> watch_;

  State state_ = State::kStopped;
  uint64_t generation_ = 0;
  bool reading_ = false;
  bool more_to_read_ = false;
  LogPosition read_to_;       // of the newest entry taken from the log
  LogPosition delivered_to_;  // of the newest entry given to the target
  LogPosition confirmed_;     // durable in the target
  LogPosition source_knows_;  // given to SetFollower and answered
  bool advancing_ = false;
  std::deque<LogEntry> read_;       // taken from the log, not yet delivered
  std::deque<Delivery> in_flight_;  // delivered, oldest first
  std::vector<EndWaiter> waiters_;
  Duration retry_delay_ = kFirstRetry;
  MonotonicInstant retry_at_ = MonotonicInstant::Never();
  MonotonicInstant advance_after_;
  MonotonicInstant advance_at_ = MonotonicInstant::Never();
};

}  // namespace meridian
