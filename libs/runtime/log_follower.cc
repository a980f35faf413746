#include "libs/runtime/log_follower.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace meridian {

LogFollower::LogFollower(LogFollowerOptions options, LogFollowerPorts ports)
    : options_(std::move(options)), ports_(std::move(ports)), completions_(std::make_shared<CompletionQueue>()) {}

LogFollower::~LogFollower() {
  watch_.reset();
  completions_->Close();
}

// The callback's result, brought to the stepping thread; dropped when the follower has begun anew meanwhile.
template <typename Result>
absl::AnyInvocable<void(Result)> LogFollower::Later(void (LogFollower::*handle)(Result)) {
  return [this, completions = completions_, generation = generation_, handle](Result result) {
    completions->Post([this, generation, handle, result = std::move(result)]() mutable {
      if (generation == generation_) (this->*handle)(std::move(result));
    });
  };
}

void LogFollower::Start() {
  completions_->Post([this] {
    if (state_ != State::kStopped) return;
    watch_ = ports_.log->Watch(options_.source, [this, completions = completions_](LogPosition) {
      completions->Post([this] { more_to_read_ = true; });
    });
    Ask();
  });
}

void LogFollower::RequestStop() {
  completions_->Post([this] {
    watch_.reset();
    ++generation_;
    retry_at_ = MonotonicInstant::Never();
    advance_at_ = MonotonicInstant::Never();
    state_ = State::kStopped;
  });
}

bool LogFollower::Step() {
  bool progress = completions_->RunAll();
  const MonotonicInstant now = ports_.clock->Now();
  if (now >= retry_at_) {
    retry_at_ = MonotonicInstant::Never();
    Ask();
    progress = true;
  }
  if (now >= advance_at_) AdvanceInSource();
  if (state_ == State::kFollowing) {
    DeliverMore();
    ReadMore();
  }
  return progress;
}

void LogFollower::Ask() {
  ++generation_;
  state_ = State::kAsking;
  reading_ = false;
  read_.clear();
  in_flight_.clear();
  WaitAnew();
  ports_.stored_position(Later<absl::StatusOr<LogPosition>>(&LogFollower::OnStoredPosition));
}

void LogFollower::OnStoredPosition(absl::StatusOr<LogPosition> position) {
  if (!position.ok()) {
    Retry(position.status());
    return;
  }
  state_ = State::kFollowing;
  read_to_ = delivered_to_ = confirmed_ = *position;
  more_to_read_ = true;
  AdvanceInSource();
}

void LogFollower::ReadMore() {
  if (!more_to_read_ || reading_ || !read_.empty()) return;
  more_to_read_ = false;
  reading_ = true;
  for (EndWaiter& waiter : waiters_) waiter.read_began = true;
  ports_.log->ReadAfter(options_.source, read_to_, options_.read_bytes,
                        Later<absl::StatusOr<std::vector<LogEntry>>>(&LogFollower::OnEntries));
}

void LogFollower::OnEntries(absl::StatusOr<std::vector<LogEntry>> entries) {
  reading_ = false;
  if (!entries.ok()) {
    Retry(entries.status());
    return;
  }
  size_t bytes = 0;
  for (const LogEntry& entry : *entries) bytes += entry.bytes.size();
  if (!entries->empty()) {
    read_to_ = entries->back().position;
    std::move(entries->begin(), entries->end(), std::back_inserter(read_));
  }
  if (bytes < options_.read_bytes) return FoundEnd();
  more_to_read_ = true;
}

// ---- waiting for the end ----

void LogFollower::AwaitEnd(absl::AnyInvocable<void()> done) {
  completions_->Post([this, done = std::move(done)]() mutable {
    waiters_.push_back({false, std::nullopt, std::move(done)});
    more_to_read_ = true;
  });
}

// The read that has just been answered saw all that the log held when it began.
void LogFollower::FoundEnd() {
  for (EndWaiter& waiter : waiters_) {
    if (waiter.read_began && !waiter.end) waiter.end = read_to_;
  }
  CallWaiters();
}

// What was read belongs to the past.
void LogFollower::WaitAnew() {
  for (EndWaiter& waiter : waiters_) {
    waiter.read_began = false;
    waiter.end.reset();
  }
}

void LogFollower::CallWaiters() {
  const auto waits = [this](const EndWaiter& waiter) { return !waiter.end || *waiter.end > confirmed_; };
  const auto over = std::stable_partition(waiters_.begin(), waiters_.end(), waits);
  std::vector<EndWaiter> called(std::make_move_iterator(over), std::make_move_iterator(waiters_.end()));
  waiters_.erase(over, waiters_.end());
  for (EndWaiter& waiter : called) waiter.done();
}

// ---- delivering ----

void LogFollower::DeliverMore() {
  while (!read_.empty() && in_flight_.size() < options_.max_in_flight) {
    LogEntry entry = std::move(read_.front());
    read_.pop_front();
    in_flight_.push_back({entry.position});
    const LogPosition previous = std::exchange(delivered_to_, entry.position);
    ports_.deliver(
        FollowedEntry{options_.source, previous, entry.position, std::move(entry.bytes)},
        [this, completions = completions_, generation = generation_, position = entry.position](absl::Status status) {
          completions->Post([this, generation, position, status = std::move(status)] {
            if (generation == generation_) OnDelivered(position, status);
          });
        });
  }
}

void LogFollower::OnDelivered(LogPosition position, const absl::Status& status) {
  if (state_ != State::kFollowing) return;
  if (!status.ok()) {
    Retry(status);
    return;
  }
  retry_delay_ = kFirstRetry;
  for (Delivery& delivery : in_flight_) {
    if (delivery.position == position) delivery.done = true;
  }
  while (!in_flight_.empty() && in_flight_.front().done) {
    confirmed_ = in_flight_.front().position;
    in_flight_.pop_front();
  }
  CallWaiters();
  AdvanceInSource();
}

void LogFollower::AdvanceInSource() {
  advance_at_ = MonotonicInstant::Never();
  if (advancing_ || confirmed_ <= source_knows_) return;
  const MonotonicInstant now = ports_.clock->Now();
  if (now < advance_after_) {
    advance_at_ = advance_after_;
    return;
  }
  advance_after_ = now + kAdvanceEvery;
  advancing_ = true;
  // Not bound to a generation: the source's answer holds whatever happened to the target.
  ports_.log->SetFollower(options_.source, options_.name, confirmed_,
                          [this, completions = completions_, position = confirmed_](absl::Status status) {
                            completions->Post([this, position, status = std::move(status)] {
                              advancing_ = false;
                              if (!status.ok()) {
                                if (ports_.on_error) ports_.on_error(status);
                                return;  // the next entry's confirmation tries again
                              }
                              source_knows_ = std::max(source_knows_, position);
                              AdvanceInSource();
                            });
                          });
}

void LogFollower::Retry(const absl::Status& why) {
  ++generation_;  // what is under way belongs to the past
  state_ = State::kWaiting;
  WaitAnew();
  retry_at_ = ports_.clock->Now() + retry_delay_;
  retry_delay_ = std::min(retry_delay_ * 2, kLongestRetry);
  if (ports_.on_error) ports_.on_error(why);
}

}  // namespace meridian
