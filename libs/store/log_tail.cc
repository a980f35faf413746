#include "libs/store/log_tail.h"

#include <algorithm>
#include <utility>

namespace meridian {

void LogTail::Append(ShardId shard, LogPosition before, LogEntry entry) {
  std::lock_guard lock(mutex_);
  Shard& held = shards_.try_emplace(shard, Shard{.after = before}).first->second;
  held.bytes += entry.bytes.size();
  held.entries.push_back(std::move(entry));
  while (held.bytes > max_bytes_) RemoveFirst(held);
}

std::optional<std::vector<LogEntry>> LogTail::ReadAfter(ShardId shard, LogPosition position, size_t max_bytes) {
  std::lock_guard lock(mutex_);
  const auto found = shards_.find(shard);
  if (found == shards_.end() || position < found->second.after) return std::nullopt;
  const std::deque<LogEntry>& held = found->second.entries;
  std::vector<LogEntry> entries;
  size_t bytes = 0;
  const auto above = [](LogPosition wanted, const LogEntry& entry) { return wanted < entry.position; };
  for (auto at = std::upper_bound(held.begin(), held.end(), position, above); at != held.end(); ++at) {
    if (!entries.empty() && bytes >= max_bytes) break;
    bytes += at->bytes.size();
    entries.push_back(*at);
  }
  return entries;
}

void LogTail::Trim(ShardId shard, LogPosition trimmed) {
  std::lock_guard lock(mutex_);
  const auto found = shards_.find(shard);
  if (found == shards_.end()) return;
  Shard& held = found->second;
  while (!held.entries.empty() && held.entries.front().position <= trimmed) RemoveFirst(held);
  held.after = std::max(held.after, trimmed);
}

void LogTail::Forget(ShardId shard) {
  std::lock_guard lock(mutex_);
  shards_.erase(shard);
}

void LogTail::RemoveFirst(Shard& held) {
  held.after = held.entries.front().position;
  held.bytes -= held.entries.front().bytes.size();
  held.entries.pop_front();
}

}  // namespace meridian
