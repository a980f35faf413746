// A store under the conformance suite: the same tests run against every implementation of the ports.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "libs/runtime/event_log.h"
#include "libs/runtime/shard_directory.h"
#include "libs/runtime/shard_leases.h"
#include "libs/runtime/shard_placement.h"
#include "libs/runtime/shard_store.h"
#include "libs/testing/await.h"
#include "libs/testing/fake_clock.h"

namespace meridian {

class StoreBackend {
 public:
  virtual ~StoreBackend() = default;
  virtual ShardStore& store() = 0;
  virtual EventLog& log() = 0;
  virtual ShardLeases& leases() = 0;
  virtual ShardDirectory& directory() = 0;
  // Null for a store that serves one process alone.
  virtual ShardPlacement* placement() { return nullptr; }
  // The process ends in good order and another starts over what it stored.
  virtual void Restart() = 0;
};

struct StoreKind {
  std::string name;
  std::unique_ptr<StoreBackend> (*make)(const testing::FakeClock& clock);
};

std::vector<StoreKind> AllStoreKinds();
// Those that several processes share.
std::vector<StoreKind> SharedStoreKinds();

// The shard that most tests use.
inline constexpr ShardId kShard{ShardKind::kRouting, 7};

class StoreTest : public ::testing::TestWithParam<StoreKind> {
 protected:
  StoreTest() : backend_(GetParam().make(clock_)) {}

  ShardStore& store() { return backend_->store(); }
  EventLog& log() { return backend_->log(); }
  ShardLeases& leases() { return backend_->leases(); }
  ShardDirectory& directory() { return backend_->directory(); }
  ShardPlacement& placement() { return *backend_->placement(); }
  void Restart() { backend_->Restart(); }

  TermGrant TakeTerm(ShardId shard = kShard, int64_t unix_ms = 1000);
  ChainHead LastCommit(ShardStore& store, ShardId shard = kShard);
  // The chain's next commits, `count` of them, each with one record and one log entry.
  static std::vector<CommitRequest> NextCommits(const TermGrant& grant, int count);
  static CommitRequest Request(const TermGrant& grant, uint64_t number, std::vector<Record> puts,
                               std::vector<RecordKey> deletes = {}, std::string log_entry = {});
  CommitResult Commit(CommitRequest request) { return Commit(store(), std::move(request)); }
  CommitResult Commit(ShardStore& store, CommitRequest request);
  // Hands all in before any is answered; the results in the order of the answers, which must be that of the requests.
  std::vector<CommitResult> CommitInFlight(ShardStore& store, std::vector<CommitRequest> requests);
  std::vector<std::optional<std::string>> Read(std::vector<RecordKey> keys, ShardId shard = kShard);
  // All pages.
  std::vector<Record> LoadAll(std::vector<uint8_t> tables, int* pages = nullptr);
  absl::StatusOr<std::vector<LogEntry>> ReadAfter(LogPosition position, size_t max_bytes = 1 << 20);
  absl::StatusOr<LogPosition> TrimTo(LogPosition position);
  void SetFollower(const std::string& follower, LogPosition position);

  testing::FakeClock clock_;
  std::unique_ptr<StoreBackend> backend_;
};

// For the messages of a failed test.
void PrintTo(const StoreKind& kind, std::ostream* out);
std::string KindName(const ::testing::TestParamInfo<StoreKind>& info);

}  // namespace meridian
