// Records: writing, deleting, reading by key, loading page by page, sizes.
#include <algorithm>
#include <set>

#include "tests/contract/store/store_backend.h"

namespace meridian {
namespace {

class StoreRecordsTest : public StoreTest {};
INSTANTIATE_TEST_SUITE_P(Stores, StoreRecordsTest, ::testing::ValuesIn(AllStoreKinds()), KindName);

TEST_P(StoreRecordsTest, PutsReplaceAndDeletesRemove) {
  const TermGrant grant = TakeTerm();
  Commit(Request(grant, 1, {{{1, "a"}, "1"}, {{1, "b"}, "2"}, {{2, "a"}, "3"}}));
  Commit(Request(grant, 2, {{{1, "a"}, "4"}}, {{1, "b"}, {9, "absent"}}));
  using Values = std::vector<std::optional<std::string>>;
  EXPECT_EQ(Read({{2, "a"}, {1, "b"}, {1, "a"}, {1, "a"}}), (Values{"3", std::nullopt, "4", "4"}));
}

TEST_P(StoreRecordsTest, KeysAndValuesAreAnyBytes) {
  const TermGrant grant = TakeTerm();
  const std::string bytes("\0\xff'\n\0", 5);
  const std::string long_key(128, '\xff');
  Commit(Request(grant, 1, {{{0, bytes}, bytes}, {{255, long_key}, ""}}, {}, bytes));
  EXPECT_EQ(Read({{0, bytes}})[0], bytes);
  EXPECT_EQ(Read({{255, long_key}})[0], "");
  EXPECT_EQ(LoadAll({0, 255}).size(), 2u);
  EXPECT_EQ((*ReadAfter({}))[0].bytes, bytes);
}

TEST_P(StoreRecordsTest, AnEmptyReadAndAnUnknownShardAnswerNothing) {
  EXPECT_TRUE(Read({}).empty());
  EXPECT_EQ(Read({{1, "k"}})[0], std::nullopt);
  EXPECT_TRUE(LoadAll({1, 2, 3}).empty());
}

TEST_P(StoreRecordsTest, MoreThan256KeysInOneReadAreRefused) {
  const auto values = testing::Await<absl::StatusOr<std::vector<std::optional<std::string>>>>([&](auto done) {
    store().Read(kShard, std::vector<RecordKey>(257, RecordKey{1, "k"}), std::move(done));
  });
  EXPECT_EQ(values.status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_P(StoreRecordsTest, LoadAnswersTheTablesNamedAndNothingElse) {
  const TermGrant grant = TakeTerm();
  Commit(Request(grant, 1, {{{1, "a"}, "x"}, {{2, "a"}, "x"}, {{3, "a"}, "x"}, {{3, "b"}, "x"}}));
  std::set<RecordKey> keys;
  for (const Record& record : LoadAll({3, 1})) keys.insert(record.key);
  EXPECT_EQ(keys, (std::set<RecordKey>{{1, "a"}, {3, "a"}, {3, "b"}}));
  EXPECT_TRUE(LoadAll({}).empty());
}

TEST_P(StoreRecordsTest, LoadComesInPagesWithoutGapsOrDoubles) {
  const TermGrant grant = TakeTerm();
  std::set<std::pair<uint8_t, std::string>> expected;
  for (uint64_t number = 1; number <= 14; ++number) {
    std::vector<Record> puts;
    for (int i = 0; i < 50; ++i) {
      const auto table = static_cast<uint8_t>(1 + i % 3);
      const std::string key = std::to_string(number) + "/" + std::to_string(i);
      puts.push_back({{table, key}, std::string(5000, 'v')});
      expected.insert({table, key});
    }
    ASSERT_EQ(Commit(Request(grant, number, std::move(puts))).outcome, CommitOutcome::kDurable);
  }
  int pages = 0;
  const std::vector<Record> records = LoadAll({1, 2, 3}, &pages);
  EXPECT_GE(pages, 4);
  EXPECT_EQ(records.size(), expected.size());
  for (const Record& record : records) EXPECT_EQ(expected.erase({record.key.table, record.key.key}), 1u);
  EXPECT_TRUE(expected.empty());
}

TEST_P(StoreRecordsTest, ABadCursorIsRefused) {
  const auto page =
      testing::Await<absl::StatusOr<LoadPage>>([&](auto done) { store().Load(kShard, {1}, "x", std::move(done)); });
  EXPECT_EQ(page.status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_P(StoreRecordsTest, TheLargestCommitFitsAndOneByteMoreDoesNot) {
  const TermGrant grant = TakeTerm();
  const size_t half = CommitRequest::kMaxBytes / 2;
  const Record large{{1, "k"}, std::string(half - 1, 'v')};
  EXPECT_EQ(Commit(Request(grant, 1, {large}, {}, std::string(half + 1, 'l'))).reason, RefusalReason::kTooLarge);
  EXPECT_EQ(Commit(Request(grant, 1, {large}, {}, std::string(half, 'l'))).outcome, CommitOutcome::kDurable);
  EXPECT_EQ(Read({{1, "k"}})[0]->size(), half - 1);
}

TEST_P(StoreRecordsTest, TooManyRecordsAndKeysOfWrongLengthAreRefused) {
  const TermGrant grant = TakeTerm();
  std::vector<Record> puts;
  for (int i = 0; i < 200; ++i) puts.push_back({{1, std::to_string(i)}, ""});
  std::vector<RecordKey> deletes;
  for (int i = 0; i < 57; ++i) deletes.push_back({2, std::to_string(i)});
  EXPECT_EQ(Commit(Request(grant, 1, puts, deletes)).reason, RefusalReason::kTooLarge);
  EXPECT_EQ(Commit(Request(grant, 1, {{{1, ""}, "v"}})).reason, RefusalReason::kTooLarge);
  EXPECT_EQ(Commit(Request(grant, 1, {}, {{1, std::string(129, 'k')}})).reason, RefusalReason::kTooLarge);
  deletes.pop_back();
  EXPECT_EQ(Commit(Request(grant, 1, puts, deletes)).outcome, CommitOutcome::kDurable);
}

TEST_P(StoreRecordsTest, AnEmptyCommitMovesTheChain) {
  const TermGrant grant = TakeTerm();
  EXPECT_EQ(Commit(Request(grant, 1, {})).outcome, CommitOutcome::kDurable);
  EXPECT_EQ(LastCommit(store()).number, 1u);
  EXPECT_TRUE(ReadAfter({})->empty());
}

}  // namespace
}  // namespace meridian
