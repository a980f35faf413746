// Loading a shard: which buckets are read, what the function library knows of them and when it forgets.
#include <gmock/gmock.h>

#include <map>

#include "libs/store/redis_server_check.h"
#include "tests/integration/redis/redis_harness.h"

namespace meridian {
namespace {

using testing::RedisServer;

constexpr CommitOutcome kDurable = CommitOutcome::kDurable;
const std::string kBase = "meridian:{r7}";

absl::StatusOr<LoadPage> LoadPageOf(RedisProcess& process, std::vector<uint8_t> tables, const std::string& cursor) {
  return testing::Await<absl::StatusOr<LoadPage>>(
      [&](auto done) { process.store().Load(kShard, std::move(tables), cursor, std::move(done)); });
}

// Everything in the tables; each record once.
std::map<RecordKey, std::string> LoadAll(RedisProcess& process, const std::vector<uint8_t>& tables,
                                         int* pages = nullptr) {
  std::map<RecordKey, std::string> all;
  std::string cursor;
  do {
    absl::StatusOr<LoadPage> page = LoadPageOf(process, tables, cursor);
    EXPECT_TRUE(page.ok()) << page.status();
    if (!page.ok()) break;
    for (Record& record : page->records) {
      EXPECT_TRUE(all.emplace(record.key, std::move(record.value)).second) << record.key.key << " came twice";
    }
    cursor = page->next_cursor;
    if (pages != nullptr) ++*pages;
  } while (!cursor.empty());
  return all;
}

// As the stored format has it: FNV-1a, folded.
uint32_t BucketOf(const std::string& key) {
  uint32_t hash = 2166136261u;
  for (const char byte : key) hash = (hash ^ static_cast<uint8_t>(byte)) * 16777619u;
  return (hash ^ (hash >> 16)) % 1024;
}

std::string KeyIn(uint32_t bucket, int which) {
  for (int i = 0;; ++i) {
    std::string key = "k" + std::to_string(i);
    if (BucketOf(key) == bucket && which-- == 0) return key;
  }
}

CommitResult CommitRecords(RedisProcess& process, uint64_t term, uint64_t number, std::vector<Record> puts,
                           std::vector<RecordKey> deletes = {}) {
  CommitRequest request{.shard = kShard, .term = term, .number = number};
  request.puts = std::move(puts);
  request.deletes = std::move(deletes);
  request.digest = DigestOf(request);
  return process.Commit(std::move(request));
}

// How often the server ran a command since the last question.
class Calls {
 public:
  explicit Calls(RedisServer& server) : server_(server) { Reset(); }
  void Reset() { server_.Command({"CONFIG", "RESETSTAT"}); }
  int Of(const std::string& command) {
    const auto info = ParseRedisInfo(server_.Command({"INFO", "commandstats"}));
    const auto found = info.find("cmdstat_" + command);
    return found == info.end() ? 0 : std::stoi(found->second.substr(found->second.find('=') + 1));
  }

 private:
  RedisServer& server_;
};

TEST(RedisLoadTest, AnEmptyShardIsOneCallAndNoBucketIsLookedAt) {
  RedisServer server;
  RedisProcess process(server, RedisDurability::kAsync);
  process.TakeTerm();
  Calls calls(server);
  int pages = 0;
  EXPECT_TRUE(LoadAll(process, {1, 2, 3, 4, 240, 241}, &pages).empty());
  EXPECT_EQ(pages, 1);
  EXPECT_EQ(calls.Of("fcall"), 1);
  EXPECT_EQ(calls.Of("hgetall") + calls.Of("hvals"), 0);
}

TEST(RedisLoadTest, ANewOwnerReadsTheBucketsThatHoldRecordsAndNoOthers) {
  RedisServer server;
  RedisProcess first(server, RedisDurability::kAsync), second(server, RedisDurability::kAsync);
  TermGrant grant = first.TakeTerm();
  std::vector<Record> puts;
  std::map<RecordKey, std::string> expected;
  for (uint32_t bucket : {0, 5, 6, 700, 1023}) puts.push_back({{3, KeyIn(bucket, 0)}, "three"});
  puts.push_back({{3, KeyIn(5, 1)}, "three again"});
  puts.push_back({{9, KeyIn(44, 0)}, "nine"});
  for (const Record& record : puts) expected[record.key] = record.value;
  ASSERT_EQ(CommitRecords(first, grant.term, 1, puts).outcome, kDurable);
  // Written anew, and taken away: once what shares its bucket stays, once nothing does; deleted without being there.
  ASSERT_EQ(CommitRecords(first, grant.term, 2, {{{3, KeyIn(0, 0)}, "anew"}},
                          {{3, KeyIn(5, 0)}, {3, KeyIn(6, 0)}, {3, KeyIn(9, 0)}})
                .outcome,
            kDurable);
  expected[{3, KeyIn(0, 0)}] = "anew";
  expected.erase({3, KeyIn(5, 0)});
  expected.erase({3, KeyIn(6, 0)});
  second.TakeTerm(static_cast<int64_t>(grant.term) + 1);
  Calls calls(server);
  EXPECT_EQ(LoadAll(second, {1, 3, 9}), expected);
  EXPECT_EQ(calls.Of("hvals"), 0);
  EXPECT_EQ(calls.Of("hgetall"), 5) << "of table 3 buckets 0, 5, 700, 1023, of table 9 one";
}

TEST(RedisLoadTest, WhatIsNotKnownIsLookedAtOnce) {
  RedisServer server;
  {
    RedisProcess process(server, RedisDurability::kAsync);
    const TermGrant grant = process.TakeTerm();
    ASSERT_EQ(CommitRecords(process, grant.term, 1, {{{1, "a"}, "1"}, {{2, "b"}, "2"}}).outcome, kDurable);
  }
  server.Kill();
  server.Start();
  RedisProcess process(server, RedisDurability::kAsync);
  TermGrant grant = process.TakeTerm();
  Calls calls(server);
  std::map<RecordKey, std::string> expected{{{1, "a"}, "1"}, {{2, "b"}, "2"}};
  EXPECT_EQ(LoadAll(process, {1, 2}), expected);
  EXPECT_EQ(calls.Of("hvals"), 2 * 1024);
  // While it serves, in a table that was loaded and in one that was not.
  ASSERT_EQ(CommitRecords(process, grant.term, 2, {{{1, "c"}, "3"}, {{7, "d"}, "4"}}, {{2, "b"}}).outcome, kDurable);
  process.TakeTerm(static_cast<int64_t>(grant.term) + 1);
  calls.Reset();
  expected = {{{1, "a"}, "1"}, {{1, "c"}, "3"}, {{7, "d"}, "4"}};
  EXPECT_EQ(LoadAll(process, {1, 2, 7}), expected);
  EXPECT_EQ(calls.Of("hvals"), 1024) << "of table 7";
}

// As an older release does, whose function library shares nothing with this one's but the keys.
TEST(RedisLoadTest, ATermOfAnotherReleaseInBetweenEndsWhatIsKnown) {
  RedisServer server;
  RedisProcess process(server, RedisDurability::kAsync);
  const TermGrant grant = process.TakeTerm();
  ASSERT_EQ(CommitRecords(process, grant.term, 1, {{{1, "a"}, "1"}}).outcome, kDurable);
  const std::string owner = server.Command({"GET", kBase + ":owner"});
  const std::string name = owner.substr(owner.rfind(' ') + 1);
  server.Command({"SET", kBase + ":owner", std::to_string(grant.term + 5) + " 99 async " + name});
  server.Command({"HSET", kBase + ":1:" + std::to_string(BucketOf("older")), "older", "2"});
  process.TakeTerm(static_cast<int64_t>(grant.term) + 10);
  EXPECT_EQ(LoadAll(process, {1}), (std::map<RecordKey, std::string>{{{1, "a"}, "1"}, {{1, "older"}, "2"}}));
}

TEST(RedisLoadTest, APrimaryThatWasAReplicaInBetweenKnowsNothing) {
  RedisServer first, second;
  RedisProcess process(first, RedisDurability::kAsync);
  const TermGrant grant = process.TakeTerm();
  ASSERT_EQ(CommitRecords(process, grant.term, 1, {{{1, "a"}, "1"}}).outcome, kDurable);
  second.ReplicateFrom(first);
  second.Promote();
  // On the other one, under the same owner: what it had and the first had not.
  second.Command({"HSET", kBase + ":1:" + std::to_string(BucketOf("elsewhere")), "elsewhere", "2"});
  first.ReplicateFrom(second);
  first.Promote();
  process.TakeTerm(static_cast<int64_t>(grant.term) + 1);
  EXPECT_EQ(LoadAll(process, {1}), (std::map<RecordKey, std::string>{{{1, "a"}, "1"}, {{1, "elsewhere"}, "2"}}));
}

TEST(RedisLoadTest, WhatACommitWroteInPartIsFoundOnceTheShardIsRepaired) {
  RedisServer server;
  RedisProcess process(server, RedisDurability::kAsync);
  const TermGrant grant = process.TakeTerm();
  ASSERT_EQ(CommitRecords(process, grant.term, 1, {{{1, "a"}, "1"}}).outcome, kDurable);
  server.Command({"SET", kBase + ":2:" + std::to_string(BucketOf("c")), "not a hash"});
  ASSERT_EQ(CommitRecords(process, grant.term, 2, {{{1, "b"}, "2"}, {{2, "c"}, "3"}}).reason, RefusalReason::kBroken);
  server.Command({"DEL", kBase + ":owner", kBase + ":2:" + std::to_string(BucketOf("c"))});
  process.TakeTerm(static_cast<int64_t>(grant.term) + 1);
  EXPECT_EQ(LoadAll(process, {1, 2}), (std::map<RecordKey, std::string>{{{1, "a"}, "1"}, {{1, "b"}, "2"}}));
}

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
  EXPECT_EQ(LoadAll(process, {1}), expected);
}

TEST(RedisLoadTest, PagesAreAboutAsLargeAsTheyShouldBe) {
  RedisServer server;
  RedisProcess process(server, RedisDurability::kAsync);
  const TermGrant grant = process.TakeTerm();
  constexpr size_t kValue = 4000;
  uint64_t number = 0;
  for (int i = 0; i < 6000; i += 60) {
    std::vector<Record> puts;
    for (int j = i; j < i + 60; ++j) puts.push_back({{1, "k" + std::to_string(j)}, std::string(kValue, 'v')});
    ASSERT_EQ(CommitRecords(process, grant.term, ++number, std::move(puts)).outcome, kDurable);
  }
  std::string cursor;
  size_t records = 0;
  do {
    const auto page = LoadPageOf(process, {1}, cursor);
    ASSERT_TRUE(page.ok()) << page.status();
    EXPECT_LT(page->records.size() * kValue, size_t{3} << 19) << "half as much again as a page should be";
    records += page->records.size();
    cursor = page->next_cursor;
  } while (!cursor.empty());
  EXPECT_EQ(records, 6000u);
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
