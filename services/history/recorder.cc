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
  gaps_ = ports_.metrics->MakeCounter("meridian_history_gaps_total",
                                      "Times that a log no longer had what came after the history's position.");
  expired_ = ports_.metrics->MakeCounter("meridian_history_expired_total",
                                         "Contacts and conversations that were removed for their age.");
}

void Recorder::StoredPosition(ShardId source, absl::AnyInvocable<void(absl::StatusOr<LogPosition>)> done) {
  if (reads_.contains(source)) Record();
  recorded_.erase(source);
  absl::StatusOr<std::optional<LogPosition>> stored = ports_.store->Position(source);
  if (!stored.ok()) return done(stored.status());
  stored_[source] = *stored;
  const LogPosition position = stored->value_or(LogPosition{});
  ports_.event_log->ReadAfter(
      source, position, 1, [position, done = std::move(done)](absl::StatusOr<std::vector<LogEntry>> entries) mutable {
        if (entries.ok()) return done(position);
        const auto oldest = OldestReadable(entries.status());
        oldest ? done(*oldest) : done(entries.status());
      });
}

// Where a batch takes up a source of which nothing was recorded since it was asked about.
LogPosition Recorder::TakeUp(const FollowedEntry& entry) {
  const std::optional<LogPosition>& stored = stored_[entry.source];
  if (!stored || *stored == entry.previous) return entry.previous;
  gaps_.Add();
  if (ports_.log != nullptr) {
    ports_.log->Warning("history lacks what its log no longer has",
                        {{"shard", entry.source.number},
                         {"session", entry.source.kind == ShardKind::kSession},
                         {"from", stored->number},
                         {"to", entry.previous.number}});
  }
  return *stored;
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
    const Instant newest = fold_.newest();
    if (absl::Status added = fold_.Add(entry.source.kind, entry.bytes); !added.ok()) return done(added);
    if (read == reads_.end()) {
      const LogPosition from = recorded == recorded_.end() ? TakeUp(entry) : reached;
      read = reads_.emplace(entry.source, Read{from, from}).first;
    }
    read->second.to = entry.position;
    entries_.Add();
    if (fold_.newest() > newest) newest_came_at_ = ports_.monotonic->Now();
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
  if (applied.ok()) {
    batches_.Add();
  } else {
    Failed("history could not be recorded; it is tried again", applied);
  }
  for (auto& done : std::exchange(waiting_, {})) done(applied);
}

// By the shards' own time, which a clock that jumps does not carry along: what is removed does not come back. nullopt
// until the shards have said anything.
std::optional<Instant> Recorder::Now() const {
  if (fold_.newest() == Instant{}) return std::nullopt;
  const Duration since{ports_.monotonic->Now().ns - newest_came_at_.ns};
  return std::min(ports_.wall->Now(), fold_.newest() + since);
}

// A slice each step while there is more, so that recording goes on meanwhile.
void Recorder::Expire() {
  next_expiry_ = ports_.monotonic->Now() + options_.expire_every;
  const std::optional<Instant> now = Now();
  if (!now) return;
  const absl::StatusOr<history::Expired> expired = ports_.store->Expire(*now - options_.keep, options_.expire_slice);
  if (expired.ok()) {
    expired_.Add(expired->contacts + expired->conversations);
  } else {
    Failed("what is too old could not be removed from the history; it is tried again", expired.status());
  }
  const bool more = expired.ok() && std::max(expired->contacts, expired->conversations) >= options_.expire_slice;
  if (more) next_expiry_ = ports_.monotonic->Now() + options_.gather;
}

void Recorder::Failed(LogLiteral what, const absl::Status& why) {
  failures_.Add();
  if (ports_.log != nullptr) ports_.log->Warning(what, {{"code", why.code()}});
}

}  // namespace meridian
