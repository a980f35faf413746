#include "libs/store/memory_store.h"

#include <algorithm>
#include <set>
#include <utility>

#include "libs/base/check.h"
#include "libs/store/log_trimmed.h"
#include "libs/store/tenant_assignment.h"

namespace meridian {
namespace {

void CheckKeysDiffer(const CommitRequest& request) {
  std::set<RecordKey> seen;
  for (const Record& record : request.puts) MERIDIAN_CHECK(seen.insert(record.key).second);
  for (const RecordKey& key : request.deletes) MERIDIAN_CHECK(seen.insert(key).second);
}

}  // namespace

MemoryStore::MemoryStore(Options options)
    : options_(std::move(options)), leases_(options_.monotonic), placement_(options_.monotonic) {}

bool MemoryStore::Step() {
  absl::AnyInvocable<void()> call;
  {
    std::lock_guard lock(mutex_);
    if (waiting_.empty()) return false;
    call = std::move(waiting_.front());
    waiting_.pop_front();
  }
  call();
  return true;
}

size_t MemoryStore::waiting() const {
  std::lock_guard lock(mutex_);
  return waiting_.size();
}

void MemoryStore::DropWaiting() {
  std::deque<absl::AnyInvocable<void()>> dropped;  // destroyed without the lock: callbacks own what they own
  std::lock_guard lock(mutex_);
  dropped.swap(waiting_);
}

void MemoryStore::Take(absl::AnyInvocable<void()> call) {
  if (!options_.stepped) {
    call();
    return;
  }
  std::lock_guard lock(mutex_);
  waiting_.push_back(std::move(call));
}

void MemoryStore::TakeTerm(ShardId shard, uint64_t owner_nonce, int64_t unix_ms,
                           absl::AnyInvocable<void(absl::StatusOr<TermGrant>)> done) {
  Take([this, shard, owner_nonce, unix_ms, done = std::move(done)]() mutable {
    TermGrant grant;
    {
      std::lock_guard lock(mutex_);
      ShardChain& chain = shards_[shard].chain;
      chain.term = NextTerm(chain.term, unix_ms);
      chain.owner_nonce = owner_nonce;
      grant = TermGrant{chain.term, chain.head, std::exchange(shards_[shard].tail_at_risk, false)};
    }
    done(grant);
  });
}

void MemoryStore::Commit(std::shared_ptr<const CommitRequest> request, absl::AnyInvocable<void(CommitResult)> done) {
  Take([this, request = std::move(request), done = std::move(done)]() mutable {
    bool logged = false;
    CommitResult result = Append(*request, logged);
    done(std::move(result));
    if (logged) watchers_.Notify(request->shard, {request->term, request->number});
  });
}

CommitResult MemoryStore::Append(const CommitRequest& request, bool& logged) {
  std::lock_guard lock(mutex_);
  Shard& shard = shards_[request.shard];
  ChainDecision decision = DecideCommit(shard.chain, request);
  if (decision.verdict == ChainVerdict::kRefuse) return std::move(decision.refusal);
  if (decision.verdict == ChainVerdict::kRepeat) return {.outcome = CommitOutcome::kDurable};
  CheckKeysDiffer(request);
  if (options_.undoable_commits > 0) NoteUndo(shard, request);
  for (const Record& record : request.puts) shard.records[record.key] = record.value;
  for (const RecordKey& key : request.deletes) shard.records.erase(key);
  logged = !request.log_entry.empty();
  if (logged) shard.log[{request.term, request.number}] = request.log_entry;
  shard.chain.head = {request.term, request.number, request.digest};
  return {.outcome = CommitOutcome::kDurable};
}

void MemoryStore::NoteUndo(Shard& shard, const CommitRequest& request) const {
  Undo undo{shard.chain.head, {}, std::nullopt};
  const auto note = [&](const RecordKey& key) {
    const auto found = shard.records.find(key);
    undo.records.emplace_back(key, found == shard.records.end() ? std::nullopt : std::optional(found->second));
  };
  for (const Record& record : request.puts) note(record.key);
  for (const RecordKey& key : request.deletes) note(key);
  if (!request.log_entry.empty()) undo.logged = {request.term, request.number};
  shard.undo.push_back(std::move(undo));
  if (shard.undo.size() > options_.undoable_commits) shard.undo.pop_front();
}

size_t MemoryStore::LoseTail(ShardId id, size_t commits) {
  std::lock_guard lock(mutex_);
  Shard& shard = shards_[id];
  size_t lost = 0;
  for (; lost < commits && !shard.undo.empty(); ++lost) {
    Undo undo = std::move(shard.undo.back());
    shard.undo.pop_back();
    for (auto& [key, value] : undo.records) {
      if (value) {
        shard.records[key] = *std::move(value);
      } else {
        shard.records.erase(key);
      }
    }
    if (undo.logged) shard.log.erase(*undo.logged);
    shard.chain.head = undo.head;
  }
  ++shard.chain.term;
  shard.chain.owner_nonce = 0;
  shard.tail_at_risk = true;
  return lost;
}

void MemoryStore::LastCommit(ShardId shard, absl::AnyInvocable<void(absl::StatusOr<ChainHead>)> done) {
  Take([this, shard, done = std::move(done)]() mutable {
    ChainHead head;
    {
      std::lock_guard lock(mutex_);
      head = shards_[shard].chain.head;
    }
    done(head);
  });
}

void MemoryStore::Load(ShardId shard, std::vector<uint8_t> tables, std::string cursor,
                       absl::AnyInvocable<void(absl::StatusOr<LoadPage>)> done) {
  Take([this, shard, tables = std::move(tables), cursor = std::move(cursor), done = std::move(done)]() mutable {
    done(PageAfter(shard, tables, cursor));
  });
}

absl::StatusOr<LoadPage> MemoryStore::PageAfter(ShardId shard, const std::vector<uint8_t>& tables,
                                                const std::string& cursor) {
  std::optional<RecordKey> after;
  if (!cursor.empty() && !(after = DecodeLoadCursor(cursor))) return absl::InvalidArgumentError("not a load cursor");
  std::lock_guard lock(mutex_);
  const auto& records = shards_[shard].records;
  LoadPage page;
  size_t bytes = 0;
  for (auto at = after ? records.upper_bound(*after) : records.begin(); at != records.end(); ++at) {
    if (std::find(tables.begin(), tables.end(), at->first.table) == tables.end()) continue;
    bytes += at->first.key.size() + at->second.size();
    page.records.push_back({at->first, at->second});
    if (bytes >= kLoadPageBytes) {
      page.next_cursor = EncodeLoadCursor(at->first);
      break;
    }
  }
  return page;
}

void MemoryStore::Read(ShardId shard, std::vector<RecordKey> keys,
                       absl::AnyInvocable<void(absl::StatusOr<std::vector<std::optional<std::string>>>)> done) {
  Take([this, shard, keys = std::move(keys), done = std::move(done)]() mutable {
    if (keys.size() > kMaxReadKeys) {
      done(absl::InvalidArgumentError("more than 256 keys in one read"));
      return;
    }
    std::vector<std::optional<std::string>> values;
    {
      std::lock_guard lock(mutex_);
      const auto& records = shards_[shard].records;
      for (const RecordKey& key : keys) {
        auto found = records.find(key);
        values.push_back(found == records.end() ? std::nullopt : std::optional(found->second));
      }
    }
    done(std::move(values));
  });
}

void MemoryStore::ReadAfter(ShardId shard, LogPosition position, size_t max_bytes,
                            absl::AnyInvocable<void(absl::StatusOr<std::vector<LogEntry>>)> done) {
  Take([this, shard, position, max_bytes, done = std::move(done)]() mutable {
    done(EntriesAfter(shard, position, max_bytes));
  });
}

absl::StatusOr<std::vector<LogEntry>> MemoryStore::EntriesAfter(ShardId shard, LogPosition position, size_t max_bytes) {
  std::lock_guard lock(mutex_);
  const Shard& held = shards_[shard];
  if (position < held.trimmed) return LogTrimmed(shard, held.trimmed);
  std::vector<LogEntry> entries;
  size_t bytes = 0;
  for (auto at = held.log.upper_bound(position); at != held.log.end(); ++at) {
    if (!entries.empty() && bytes >= max_bytes) break;
    bytes += at->second.size();
    entries.push_back({at->first, at->second});
  }
  return entries;
}

void MemoryStore::SetFollower(ShardId shard, std::string follower, LogPosition position,
                              absl::AnyInvocable<void(absl::Status)> done) {
  Take([this, shard, follower = std::move(follower), position, done = std::move(done)]() mutable {
    {
      std::lock_guard lock(mutex_);
      LogPosition& stored = shards_[shard].followers[follower];
      stored = std::max(stored, position);
    }
    done(absl::OkStatus());
  });
}

void MemoryStore::RemoveFollower(ShardId shard, std::string follower, absl::AnyInvocable<void(absl::Status)> done) {
  Take([this, shard, follower = std::move(follower), done = std::move(done)]() mutable {
    {
      std::lock_guard lock(mutex_);
      shards_[shard].followers.erase(follower);
    }
    done(absl::OkStatus());
  });
}

void MemoryStore::Describe(ShardId shard, absl::AnyInvocable<void(absl::StatusOr<LogState>)> done) {
  Take([this, shard, done = std::move(done)]() mutable {
    LogState state;
    {
      std::lock_guard lock(mutex_);
      const Shard& held = shards_[shard];
      for (const auto& [position, entry] : held.log) state.bytes += entry.size();
      state.trimmed = held.trimmed;
      state.followers = held.followers;
    }
    done(std::move(state));
  });
}

void MemoryStore::TrimTo(ShardId shard, LogPosition position,
                         absl::AnyInvocable<void(absl::StatusOr<LogPosition>)> done) {
  Take([this, shard, position, done = std::move(done)]() mutable { done(Trim(shard, position)); });
}

LogPosition MemoryStore::Trim(ShardId shard, LogPosition position) {
  std::lock_guard lock(mutex_);
  Shard& held = shards_[shard];
  for (const auto& [name, followed] : held.followers) position = std::min(position, followed);
  auto end = held.log.upper_bound(position);
  if (end != held.log.begin()) held.trimmed = std::prev(end)->first;
  held.log.erase(held.log.begin(), end);
  return held.log.empty() ? held.trimmed : held.log.begin()->first;
}

std::unique_ptr<EventLog::Subscription> MemoryStore::Watch(ShardId shard, std::function<void(LogPosition)> on_entry) {
  return watchers_.Watch(shard, std::move(on_entry));
}

void MemoryStore::Lookup(TenantId tenant, absl::AnyInvocable<void(absl::StatusOr<TenantShards>)> done) {
  Take([this, tenant = std::move(tenant), done = std::move(done)]() mutable {
    absl::StatusOr<TenantShards> answer = absl::NotFoundError("tenant " + tenant.value + " has no shards");
    {
      std::lock_guard lock(mutex_);
      if (auto found = directory_.find(tenant); found != directory_.end()) answer = found->second;
    }
    done(std::move(answer));
  });
}

void MemoryStore::Assign(TenantId tenant, TenantShards shards,
                         absl::AnyInvocable<void(absl::StatusOr<TenantShards>)> done) {
  Take([this, tenant = std::move(tenant), shards = std::move(shards), done = std::move(done)]() mutable {
    absl::StatusOr<TenantShards> next;
    {
      std::lock_guard lock(mutex_);
      auto found = directory_.find(tenant);
      next = DecideAssignment(found == directory_.end() ? TenantShards{} : found->second, shards);
      if (next.ok()) directory_[tenant] = *next;
    }
    if (next.ok()) placement_.NoteAssignment();
    done(std::move(next));
  });
}

void MemoryStore::List(TenantId after, absl::AnyInvocable<void(absl::StatusOr<std::vector<TenantAssignment>>)> done) {
  Take([this, after = std::move(after), done = std::move(done)]() mutable {
    std::vector<TenantAssignment> page;
    {
      std::lock_guard lock(mutex_);
      for (auto at = directory_.upper_bound(after); at != directory_.end() && page.size() < kListPage; ++at) {
        page.push_back({at->first, at->second});
      }
    }
    done(std::move(page));
  });
}

}  // namespace meridian
