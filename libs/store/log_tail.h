// The newest log entries of each shard, in memory, so that a follower that keeps up costs no reading from the disk
// (32 µs a call). Holds only what is durable. Any thread.
#pragma once

#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "libs/runtime/event_log.h"

namespace meridian {

class LogTail {
 public:
  explicit LogTail(size_t max_bytes_per_shard) : max_bytes_(max_bytes_per_shard) {}

  // A durable commit's entry; `before` is the chain's head that it followed. Before the commit is answered.
  void Append(ShardId shard, LogPosition before, LogEntry entry);

  // As EventLog::ReadAfter; nullopt when older entries are asked for than are held.
  std::optional<std::vector<LogEntry>> ReadAfter(ShardId shard, LogPosition position, size_t max_bytes);

  // Entries up to and with `trimmed` are no longer kept.
  void Trim(ShardId shard, LogPosition trimmed);
  // It is unknown what the shard's log holds.
  void Forget(ShardId shard);

 private:
  struct Shard {
    LogPosition after;  // all entries above it are held
    std::deque<LogEntry> entries;
    size_t bytes = 0;
  };
  static void RemoveFirst(Shard& held);

  const size_t max_bytes_;
  std::mutex mutex_;
  std::map<ShardId, Shard> shards_;
};

}  // namespace meridian
