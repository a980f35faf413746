// Loading a shard: which records come, in what pages, and what does not make a page.
#include <gmock/gmock.h>

#include <algorithm>
#include <future>

#include "tests/integration/redis/load_harness.h"

namespace meridian {
namespace {

using testing::RedisServer;

constexpr CommitOutcome kDurable = CommitOutcome::kDurable;

TEST(RedisLoadTest, ABucketThatIsLargerThanAPageComesWhole) {
  RedisServer server;
  RedisProcess process(server, RedisDurability::kAsync);
  const TermGrant grant = process.TakeTerm();
  std::map<RecordKey, std::string> expected;
  for (uint64_t number = 1; number <= 8; ++number) {
    // As large as a commit may be; six of them in one bucket.
    const RecordKey key{1, number <= 6 ? KeyIn(17, static_cast<int>(number)) : KeyIn(900, static_cast<int>(number))};
    const std::string value(CommitRequest::kMaxBytes - key.key.size(), static_cast<char>('a' + number));
    ASSERT_EQ(CommitRecords(process, grant.term, number, {{key, value}}).outcome, kDurable);
    expected[key] = value;
  }
  process.TakeTerm(static_cast<int64_t>(grant.term) + 1);
  EXPECT_EQ(LoadAll(process, {1}).records, expected);
}

TEST(RedisLoadTest, PagesAreAboutAsLargeAsTheyShouldBe) {
  RedisServer server;
  RedisProcess process(server, RedisDurability::kAsync);
  const TermGrant grant = process.TakeTerm();
  uint64_t number = 0;
  for (int i = 0; i < 6000; i += 60) {
    std::vector<Record> puts;
    for (int j = i; j < i + 60; ++j) puts.push_back({{1, "k" + std::to_string(j)}, std::string(4000, 'v')});
    ASSERT_EQ(CommitRecords(process, grant.term, ++number, std::move(puts)).outcome, kDurable);
  }
  const Loaded loaded = LoadAll(process, {1});
  EXPECT_EQ(loaded.records.size(), 6000u);
  EXPECT_LT(loaded.largest_page, size_t{3} << 19) << "half as much again as a page should be";
}

TEST(RedisLoadTest, LargeRecordsBehindSmallOnesDoNotMakeALargePage) {
  RedisServer server;
  RedisProcess process(server, RedisDurability::kAsync);
  TermGrant grant = process.TakeTerm();
  uint64_t number = 0;
  const auto put = [&](uint8_t table, int count, int a_commit, size_t bytes) {
    for (int i = 0; i < count; i += a_commit) {
      std::vector<Record> puts;
      for (int j = i; j < i + a_commit; ++j) puts.push_back({{table, std::to_string(j)}, std::string(bytes, 'v')});
      ASSERT_EQ(CommitRecords(process, grant.term, ++number, std::move(puts)).outcome, kDurable);
    }
  };
  put(1, 3000, 250, 50);
  put(2, 400, 10, 20'000);
  for (const char* server_state : {"the buckets are not known", "they are"}) {
    SCOPED_TRACE(server_state);
    const Loaded loaded = LoadAll(process, {1, 2});
    EXPECT_EQ(loaded.records.size(), 3400u);
    EXPECT_LT(loaded.largest_page, size_t{2} << 20);
    EXPECT_LE(loaded.pages, 12);
    grant = process.TakeTerm(static_cast<int64_t>(grant.term) + 1);
  }
}

TEST(RedisLoadTest, ABucketThatCannotBeReadFailsThePage) {
  RedisServer server;
  RedisProcess process(server, RedisDurability::kAsync);
  const TermGrant grant = process.TakeTerm();
  LoadAll(process, {1});
  ASSERT_EQ(CommitRecords(process, grant.term, 1, {{{1, "a"}, "1"}, {{1, "b"}, "2"}}).outcome, kDurable);
  server.Command({"RENAME", BucketKey({1, "b"}), kBase + ":aside"});
  server.Command({"SET", BucketKey({1, "b"}), "not a hash"});
  const absl::StatusOr<LoadPage> page = LoadPageOf(process, {1}, "");
  EXPECT_EQ(page.status().code(), absl::StatusCode::kInternal);
  EXPECT_THAT(page.status().message(), ::testing::HasSubstr("WRONGTYPE"));
  server.Command({"RENAME", kBase + ":aside", BucketKey({1, "b"})});
  EXPECT_EQ(LoadAll(process, {1}).records.size(), 2u);
}

// Await fails when a page is answered twice.
TEST(RedisLoadTest, APageWhoseLinkIsLostIsAnsweredOnce) {
  RedisServer server;
  RedisProcess process(server, RedisDurability::kAsync);
  const TermGrant grant = process.TakeTerm();
  std::map<RecordKey, std::string> expected;
  for (uint64_t number = 1; number <= 4; ++number) {
    std::vector<Record> puts;
    for (int i = 0; i < 250; ++i) puts.push_back({{1, std::to_string(number * 1000 + i)}, std::string(900, 'v')});
    for (const Record& record : puts) expected[record.key] = record.value;
    ASSERT_EQ(CommitRecords(process, grant.term, number, std::move(puts)).outcome, kDurable);
  }
  int lost = 0;
  EXPECT_TRUE(Eventually([&] {
    std::future<absl::StatusOr<LoadPage>> page =
        std::async(std::launch::async, [&] { return LoadPageOf(process, {1}, ""); });
    server.Command({"CLIENT", "KILL", "TYPE", "normal"});
    const absl::Status status = page.get().status();
    if (status.ok()) return false;
    EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
    process.AwaitHead();
    return ++lost == 10;
  }));
  EXPECT_EQ(LoadAll(process, {1}).records, expected);
}

// Nobody but the owner writes, and it does not before it has loaded; what it does all the same, late, hides nothing
// else.
TEST(RedisLoadTest, WhatTheOwnerWritesBetweenPagesHidesNothingElse) {
  RedisServer server;
  RedisProcess process(server, RedisDurability::kAsync);
  const TermGrant grant = process.TakeTerm();
  std::map<RecordKey, std::string> expected;
  uint64_t number = 0;
  for (int i = 0; i < 3000; i += 250) {
    std::vector<Record> puts;
    for (int j = i; j < i + 250; ++j) puts.push_back({{1, "k" + std::to_string(j)}, std::string(900, 'v')});
    for (const Record& record : puts) expected[record.key] = record.value;
    ASSERT_EQ(CommitRecords(process, grant.term, ++number, std::move(puts)).outcome, kDurable);
  }
  std::map<RecordKey, std::string> found;
  std::string cursor;
  int pages = 0;
  do {
    const auto page = LoadPageOf(process, {1, 2}, cursor);
    ASSERT_TRUE(page.ok()) << page.status();
    for (const Record& record : page->records) found.emplace(record.key, record.value);
    cursor = page->next_cursor;
    const std::string name = std::to_string(pages++);
    const RecordKey gone{1, "k" + name};
    ASSERT_EQ(CommitRecords(process, grant.term, ++number, {{{1, "late" + name}, "late"}, {{2, name}, "late"}}, {gone})
                  .outcome,
              kDurable);
    expected.erase(gone);
  } while (!cursor.empty());
  EXPECT_GE(pages, 2);
  for (const auto& [key, value] : expected) EXPECT_EQ(found[key], value) << key.key;
}

TEST(RedisLoadTest, BadCursorsAreRefused) {
  RedisServer server;
  RedisProcess process(server, RedisDurability::kAsync);
  process.TakeTerm();
  for (const char* cursor : {"x", "0/0", "0//256", "1/0/256", "0/1024/256", "-1/0/256", "0/0/0", "0/0/8193",
                             "0/0/256/0", "0/0/99999999999999999999"}) {
    EXPECT_EQ(LoadPageOf(process, {1}, cursor).status().code(), absl::StatusCode::kInvalidArgument) << cursor;
  }
}

TEST(RedisLoadTest, BadArgumentsOfTheFunctionAreErrors) {
  RedisServer server;
  RedisProcess process(server, RedisDurability::kAsync);
  const auto find = [&](std::vector<std::string> arguments) {
    std::vector<std::string> call = {"FCALL", "meridian_find_v5", "1", kBase};
    call.insert(call.end(), arguments.begin(), arguments.end());
    return server.Command(call);
  };
  for (const std::vector<std::string>& bad : std::vector<std::vector<std::string>>{{},
                                                                                   {"0", "0"},
                                                                                   {"2", "0", "1", "1"},
                                                                                   {"0", "1024", "1", "1"},
                                                                                   {"0", "0", "0", "1"},
                                                                                   {"0", "x", "1", "1"},
                                                                                   {"-1", "0", "1", "1"},
                                                                                   {"0", "0", "1", "256"},
                                                                                   {"0", "0", "1", "1", "x"}}) {
    EXPECT_THAT(find(bad), ::testing::StartsWith("-ERR bad arguments"));
  }
  EXPECT_EQ(find({"1", "0", "1", "1"}).substr(0, 1), "1") << "at the end: nothing more";
}

}  // namespace
}  // namespace meridian
