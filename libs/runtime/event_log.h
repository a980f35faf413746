// The port through which a shard's log is read, followed and trimmed. Implementations: libs/store.
// Any thread; callbacks as in shard_store.h.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/runtime/shard_id.h"

namespace meridian {

struct LogEntry {
  LogPosition position;
  std::string bytes;  // as given to CommitRequest::log_entry
};

// What a shard's log holds and for whom.
struct LogState {
  uint64_t bytes = 0;   // in the entries kept
  LogPosition trimmed;  // the last entry removed; {0, 0}: none was
  std::map<std::string, LogPosition> followers;
};

class EventLog {
 public:
  virtual ~EventLog() = default;

  // Durable entries after `position`, oldest first, up to and with the one that brings them to `max_bytes` (at least
  // one entry when there is one). So an answer of fewer bytes than that holds all that were durable when it was asked
  // for. OUT_OF_RANGE when entries after `position` were trimmed; the status names the oldest position accepted
  // (OldestReadable of libs/store/log_trimmed.h).
  virtual void ReadAfter(ShardId shard, LogPosition position, size_t max_bytes,
                         absl::AnyInvocable<void(absl::StatusOr<std::vector<LogEntry>>)> done) = 0;

  // A follower's durable position: entries above the lowest of all followers are never trimmed.
  // A position never moves back; the call is idempotent.
  virtual void SetFollower(ShardId shard, std::string follower, LogPosition position,
                           absl::AnyInvocable<void(absl::Status)> done) = 0;

  // The follower needs nothing more of the log. Idempotent.
  virtual void RemoveFollower(ShardId shard, std::string follower, absl::AnyInvocable<void(absl::Status)> done) = 0;

  // Durable state; of a shard that never existed all is zero.
  virtual void Describe(ShardId shard, absl::AnyInvocable<void(absl::StatusOr<LogState>)> done) = 0;

  // Removes the entries up to and with `position`, but none above the lowest follower. Answers the first entry kept,
  // or, when none is kept, the last one removed.
  virtual void TrimTo(ShardId shard, LogPosition position,
                      absl::AnyInvocable<void(absl::StatusOr<LogPosition>)> done) = 0;

  // Calls `on_entry` (on a thread of the store, must not block) after each commit with a log entry became durable,
  // with the newest position; commits that became durable together share a call. Ends when the returned subscription is
  // destroyed, after which no call comes.
  class Subscription {
   public:
    virtual ~Subscription() = default;
  };
  virtual std::unique_ptr<Subscription> Watch(ShardId shard, std::function<void(LogPosition)> on_entry) = 0;
};

}  // namespace meridian
