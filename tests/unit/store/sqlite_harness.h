// A SQLite store in a folder of its own over a VFS that forgets and fails on demand.
#pragma once

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <string>
#include <utility>

#include "libs/store/sqlite_store.h"
#include "libs/testing/await.h"
#include "libs/testing/fake_clock.h"
#include "libs/testing/forgetful_vfs.h"
#include "libs/testing/temporary_folder.h"

namespace meridian {

class SqliteHarness : public ::testing::Test {
 protected:
  static constexpr ShardId kShard{ShardKind::kRouting, 1};
  static constexpr ShardId kOther{ShardKind::kSession, 1};

  SqliteHarness() {
    options_.path = folder_.path() + "/store.db";
    options_.wall = clock_.wall();
    options_.monotonic = clock_.monotonic();
    options_.vfs = vfs_.name();
    options_.free_bytes = [] { return INT64_MAX; };
  }

  void Open() {
    auto opened = SqliteStore::Open(options_);
    ASSERT_TRUE(opened.ok()) << opened.status();
    store_ = *std::move(opened);
  }

  TermGrant TakeTerm(ShardId shard = kShard) {
    auto grant = testing::Await<absl::StatusOr<TermGrant>>(
        [&](auto done) { store_->TakeTerm(shard, 1, 1000, std::move(done)); });
    EXPECT_TRUE(grant.ok()) << grant.status();
    return grant.value_or(TermGrant{});
  }

  ChainHead LastCommit(ShardId shard = kShard) {
    auto head =
        testing::Await<absl::StatusOr<ChainHead>>([&](auto done) { store_->LastCommit(shard, std::move(done)); });
    EXPECT_TRUE(head.ok()) << head.status();
    return head.value_or(ChainHead{});
  }

  static CommitRequest Request(uint64_t term, uint64_t number, ShardId shard = kShard) {
    CommitRequest request{.shard = shard, .term = term, .number = number};
    request.puts.push_back({{1, "key" + std::to_string(number)}, "value"});
    request.log_entry = "entry" + std::to_string(number);
    request.digest = DigestOf(request);
    return request;
  }

  CommitResult Commit(CommitRequest request) {
    return testing::Await<CommitResult>([&](auto done) { store_->Commit(std::move(request), std::move(done)); });
  }

  absl::StatusOr<std::vector<LogEntry>> ReadAfter(LogPosition position, ShardId shard = kShard) {
    return testing::Await<absl::StatusOr<std::vector<LogEntry>>>(
        [&](auto done) { store_->ReadAfter(shard, position, SIZE_MAX, std::move(done)); });
  }

  testing::FakeClock clock_;
  testing::TemporaryFolder folder_;
  testing::ForgetfulVfs vfs_{"forgetful"};
  SqliteOptions options_;
  std::unique_ptr<SqliteStore> store_;
};

// Keeps the store's writer inside a callback, so that what is handed in meanwhile waits and is folded together.
class HeldWriter {
 public:
  HeldWriter(ShardStore& store, ShardId shard) {
    std::promise<void> held;
    auto is_held = held.get_future();
    store.LastCommit(shard, [release = release_.get_future().share(), held = std::move(held)](auto) mutable {
      held.set_value();
      release.wait();
    });
    is_held.wait();
  }
  void Release() { release_.set_value(); }

 private:
  std::promise<void> release_;
};

}  // namespace meridian
