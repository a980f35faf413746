// What a power cut leaves: every commit that was acknowledged as durable, whole, and none in part.
#include <map>
#include <mutex>
#include <vector>

#include "libs/base/uuid.h"
#include "tests/unit/store/sqlite_harness.h"

namespace meridian {
namespace {

constexpr int kKeys = 37;

// What a shard was told to write, and what of it was acknowledged.
struct Journal {
  std::map<uint64_t, CommitRequest> sent;  // by number, the newest attempt
  uint64_t acknowledged = 0;
};

class SqlitePowerCutTest : public SqliteHarness, public ::testing::WithParamInterface<int> {
 protected:
  SqlitePowerCutTest() { options_.wal_bytes = 64 * 1024; }

  uint64_t Random(uint64_t below) { return StableHash(Uuid{seed_, ++drawn_}) % below; }

  CommitRequest RandomCommit(ShardId shard, uint64_t term, uint64_t number) {
    CommitRequest request{.shard = shard, .term = term, .number = number};
    const uint64_t put = Random(kKeys);
    request.puts.push_back({{1, std::to_string(put)}, std::string(Random(3000), 'v') + std::to_string(drawn_)});
    const uint64_t remove = Random(kKeys);
    if (remove != put) request.deletes.push_back({1, std::to_string(remove)});
    request.log_entry = std::string(1 + Random(500), 'e') + std::to_string(drawn_);
    request.digest = DigestOf(request);
    return request;
  }

  // Commits in chunks, all of a chunk in flight, until an answer is not `durable` or enough was written.
  void CommitUntilTheCut() {
    std::map<ShardId, uint64_t> terms;
    for (auto& [shard, journal] : journals_) {
      auto grant = testing::Await<absl::StatusOr<TermGrant>>(
          [&](auto done) { store_->TakeTerm(shard, 1, 1000, std::move(done)); });
      if (!grant.ok()) return;  // the power was cut already
      terms[shard] = grant->term;
    }
    for (int chunk = 0; chunk < 40; ++chunk) {
      for (auto& [shard, journal] : journals_) {
        if (!CommitChunk(shard, terms[shard], journal)) return;
      }
    }
  }

  bool CommitChunk(ShardId shard, uint64_t term, Journal& journal) {
    const uint64_t first = journal.acknowledged + 1;
    const uint64_t count = 1 + Random(6);
    std::vector<std::future<CommitResult>> answers;
    for (uint64_t number = first; number < first + count; ++number) {
      CommitRequest request = RandomCommit(shard, term, number);
      journal.sent[number] = request;
      auto answer = std::make_shared<std::promise<CommitResult>>();
      answers.push_back(answer->get_future());
      store_->Commit(std::move(request), [answer](CommitResult result) { answer->set_value(std::move(result)); });
    }
    bool whole = true;
    for (auto& answer : answers) {
      const bool durable = answer.get().outcome == CommitOutcome::kDurable;
      EXPECT_FALSE(durable && !whole) << "durable behind one that was not";
      whole = whole && durable;
      if (durable) ++journal.acknowledged;
    }
    return whole;
  }

  // The store holds a prefix of what was sent, with all that was acknowledged.
  void ExpectWhole(ShardId shard, Journal& journal) {
    const ChainHead head = LastCommit(shard);
    ASSERT_GE(head.number, journal.acknowledged) << "an acknowledged commit is lost";
    journal.sent.erase(journal.sent.upper_bound(head.number), journal.sent.end());
    journal.acknowledged = head.number;
    ASSERT_EQ(journal.sent.size(), head.number);
    if (head.number > 0) {
      EXPECT_EQ(head.digest, journal.sent[head.number].digest);
    }

    std::map<std::string, std::string> expected;
    for (const auto& [number, request] : journal.sent) {
      expected[request.puts[0].key.key] = request.puts[0].value;
      for (const RecordKey& key : request.deletes) expected.erase(key.key);
    }
    const auto page =
        testing::Await<absl::StatusOr<LoadPage>>([&](auto done) { store_->Load(shard, {1}, "", std::move(done)); });
    ASSERT_TRUE(page.ok()) << page.status();
    std::map<std::string, std::string> found;
    for (const Record& record : page->records) found[record.key.key] = record.value;
    EXPECT_EQ(found, expected);

    const auto entries = ReadAfter({}, shard);
    ASSERT_TRUE(entries.ok()) << entries.status();
    ASSERT_EQ(entries->size(), head.number);
    for (const LogEntry& entry : *entries) EXPECT_EQ(entry.bytes, journal.sent[entry.position.number].log_entry);
  }

  uint64_t seed_ = 0;
  uint64_t drawn_ = 0;
  std::map<ShardId, Journal> journals_{{kShard, {}}, {kOther, {}}};
};

TEST_P(SqlitePowerCutTest, EveryAcknowledgedCommitIsThereAfterwards) {
  seed_ = static_cast<uint64_t>(GetParam());
  SCOPED_TRACE("seed " + std::to_string(seed_));
  for (int cut = 0; cut < 12; ++cut) {
    ASSERT_NO_FATAL_FAILURE(Open());
    for (auto& [shard, journal] : journals_) ASSERT_NO_FATAL_FAILURE(ExpectWhole(shard, journal));
    vfs_.CutPowerAt(static_cast<int64_t>(1 + Random(600)), Random(2) == 0, Random(UINT64_MAX));
    CommitUntilTheCut();
    vfs_.CutPower();
    store_.reset();
    vfs_.PowerOn();
  }
  EXPECT_GT(journals_[kShard].acknowledged, 20u) << "too little was written to show anything";
}

INSTANTIATE_TEST_SUITE_P(Seeds, SqlitePowerCutTest, ::testing::Range(1, 11));

TEST_F(SqliteHarness, WhatWasNotSyncedIsForgotten) {
  // The VFS itself: without this the test above could not fail.
  Open();
  const TermGrant grant = TakeTerm();
  ASSERT_EQ(Commit(Request(grant.term, 1)).outcome, CommitOutcome::kDurable);
  vfs_.FailSyncs(true);
  EXPECT_EQ(Commit(Request(grant.term, 2)).outcome, CommitOutcome::kUnknown);
  vfs_.FailSyncs(false);
  vfs_.CutPower();
  store_.reset();
  vfs_.PowerOn();
  Open();
  EXPECT_EQ(LastCommit().number, 1u);
}

}  // namespace
}  // namespace meridian
