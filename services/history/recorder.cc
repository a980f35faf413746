#include "services/history/recorder.h"

#include <algorithm>
#include <utility>

#include "libs/store/log_trimmed.h"

namespace meridian {

Recorder::Recorder(RecorderOptions options, RecorderPorts ports) : options_(options), ports_(ports) {
  next_expiry_ = ports_.monotonic->Now();
  if (ports_.metrics == nullptr) return;
  entries_ = ports_.metrics->MakeCounter("meridian_history_entries_total", "Log entries that history recorded.");
  batches_ = ports_.metrics->MakeCounter("meridian_history_batches_total", "Transactions that recorded them.");
  failures_ = ports_.metrics->MakeCounter("meridian_history_failures_total", "Transactions of history that failed.");
  expired_ = ports_.metrics->MakeCounter("meridian_history_expired_total",
                                         "Contacts and conversations that were removed for their age.");
}

void Recorder::StoredPosition(ShardId source, absl::AnyInvocable<void(absl::StatusOr<LogPosition>)> done) {
  if (reads_.contains(source)) Record();
  recorded_.erase(source);
  absl::StatusOr<std::optional<LogPosition>> stored = ports_.store->Position(source);
  if (!stored.ok()) return done(stored.status());
  if (*stored) return done(**stored);
  ports_.event_log->ReadAfter(source, {}, 1,
                              [done = std::move(done)](absl::StatusOr<std::vector<LogEntry>> entries) mutable {
                                if (entries.ok()) return done(LogPosition{});
                                const auto oldest = OldestReadable(entries.status());
                                oldest ? done(*oldest) : done(entries.status());
                              });
}

void Recorder::Deliver(FollowedEntry entry, absl::AnyInvocable<void(absl::Status)> done) {
  if (stopped_) return done(absl::UnavailableError("history is stopping"));
  // A source that nothing was recorded of since it was asked about: its follower begins where StoredPosition said.
  auto read = reads_.find(entry.source);
  const auto recorded = recorded_.find(entry.source);
  const LogPosition reached = read != reads_.end()          ? read->second.to
                              : recorded != recorded_.end() ? recorded->second
                                                            : entry.previous;
  if (entry.position > reached) {
    if (entry.previous != reached) return done(absl::FailedPreconditionError("an entry is missing before this one"));
    if (absl::Status added = fold_.Add(entry.source.kind, entry.bytes); !added.ok()) return done(added);
    reads_.try_emplace(entry.source, Read{reached, reached}).first->second.to = entry.position;
    entries_.Add();
  }
  if (!reads_.contains(entry.source)) return done(absl::OkStatus());
  waiting_.push_back(std::move(done));
  const bool full = fold_.size() >= options_.full;
  due_ = std::min(due_, full ? ports_.monotonic->Now() : ports_.monotonic->Now() + options_.gather);
}

bool Recorder::Step() {
  if (stopped_) return false;
  const bool stopping = stopping_.load();
  const MonotonicInstant now = ports_.monotonic->Now();
  if (now >= due_ || (stopping && !reads_.empty())) Record();
  if (now >= next_expiry_ && !stopping) Expire();
  stopped_ = stopping;
  return false;
}

void Recorder::RequestStop() {
  stopping_.store(true);
  if (wake_) wake_();
}

void Recorder::Record() {
  due_ = MonotonicInstant::Never();
  history::Batch batch;
  fold_.MoveTo(batch);
  for (const auto& [source, read] : reads_) batch.progress.push_back({source, read.from, read.to});
  const absl::Status applied = ports_.store->Apply(batch);
  for (const auto& [source, read] : reads_) {
    if (applied.ok()) {
      recorded_[source] = read.to;
    } else {
      recorded_.erase(source);
    }
  }
  reads_.clear();
  (applied.ok() ? batches_ : failures_).Add();
  if (!applied.ok() && ports_.log != nullptr) {
    ports_.log->Warning("history could not be recorded; it is tried again", {{"code", applied.code()}});
  }
  for (auto& done : std::exchange(waiting_, {})) done(applied);
}

// A slice each step while there is more, so that recording goes on meanwhile.
void Recorder::Expire() {
  const absl::StatusOr<size_t> expired =
      ports_.store->Expire(ports_.wall->Now() - options_.keep, options_.expire_slice);
  if (expired.ok()) expired_.Add(*expired);
  const bool more = expired.ok() && *expired >= options_.expire_slice;
  next_expiry_ = ports_.monotonic->Now() + (more ? options_.gather : options_.expire_every);
}

}  // namespace meridian
