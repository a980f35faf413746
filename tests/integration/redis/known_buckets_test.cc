// What the function library knows of a shard's buckets, and what ends it: no record is ever overlooked.
#include <gtest/gtest.h>

#include <functional>

#include "libs/store/redis_functions.h"
#include "tests/integration/redis/load_harness.h"

namespace meridian {
namespace {

using testing::RedisServer;
using Records = std::map<RecordKey, std::string>;

constexpr CommitOutcome kDurable = CommitOutcome::kDurable;

// A process that owns the shard and has loaded it: the library knows the buckets of tables 1, 2 and 3.
class RedisKnownBucketsTest : public ::testing::Test {
 protected:
  RedisKnownBucketsTest() {
    NextTerm();
    EXPECT_TRUE(Load().empty());
  }

  void NextTerm() { term_ = process_.TakeTerm(static_cast<int64_t>(term_) + 1).term; }
  Records Load() { return LoadAll(process_, {1, 2, 3}).records; }
  void Commit(std::vector<Record> puts, std::vector<RecordKey> deletes = {}) {
    const CommitResult result = CommitRecords(process_, term_, ++number_, std::move(puts), std::move(deletes));
    EXPECT_EQ(result.outcome, kDurable) << result.detail;
  }

  RedisServer server_;
  RedisProcess process_{server_, RedisDurability::kAsync};
  uint64_t term_ = 999;
  uint64_t number_ = 0;  // of the last commit
};

TEST_F(RedisKnownBucketsTest, AnEmptyShardIsOneCall) {
  NextTerm();
  Calls calls(server_);
  const Loaded loaded = LoadAll(process_, {1, 2, 3});
  EXPECT_TRUE(loaded.records.empty());
  EXPECT_EQ(loaded.pages, 1);
  EXPECT_EQ(calls.Of("fcall"), 1);
  EXPECT_EQ(calls.Of("hgetall") + calls.Of("hlen"), 0);
}

TEST_F(RedisKnownBucketsTest, ANewOwnerReadsTheBucketsThatHoldRecordsAndNoOthers) {
  std::vector<Record> puts;
  Records expected;
  for (uint32_t bucket : {0, 5, 6, 700, 1023}) puts.push_back({{3, KeyIn(bucket, 0)}, "three"});
  puts.push_back({{3, KeyIn(5, 1)}, "three again"});
  puts.push_back({{2, KeyIn(44, 0)}, "two"});
  for (const Record& record : puts) expected[record.key] = record.value;
  Commit(puts);
  // Written anew, and taken away: once what shares its bucket stays, once nothing does; deleted without being there.
  Commit({{{3, KeyIn(0, 0)}, "anew"}}, {{3, KeyIn(5, 0)}, {3, KeyIn(6, 0)}, {3, KeyIn(9, 0)}});
  expected[{3, KeyIn(0, 0)}] = "anew";
  expected.erase({3, KeyIn(5, 0)});
  expected.erase({3, KeyIn(6, 0)});
  RedisProcess second(server_, RedisDurability::kAsync);
  second.TakeTerm(static_cast<int64_t>(term_) + 1);
  Calls calls(server_);
  EXPECT_EQ(LoadAll(second, {1, 2, 3}).records, expected);
  EXPECT_EQ(calls.Of("hlen"), 0);
  EXPECT_EQ(calls.Of("hgetall"), 5) << "of table 3 buckets 0, 5, 700, 1023, of table 2 one";
}

TEST_F(RedisKnownBucketsTest, WhatIsNotKnownIsLookedAtOnce) {
  Commit({{{1, "a"}, "1"}, {{2, "b"}, "2"}});
  server_.Kill();
  server_.Start();
  NextTerm();
  Calls calls(server_);
  EXPECT_EQ(LoadAll(process_, {1, 2}).records, (Records{{{1, "a"}, "1"}, {{2, "b"}, "2"}}));
  EXPECT_EQ(calls.Of("hlen"), 2 * 1024);
  // While it serves, in a table that was loaded and in one that was not.
  Commit({{{1, "c"}, "3"}, {{7, "d"}, "4"}}, {{2, "b"}});
  NextTerm();
  calls.Reset();
  EXPECT_EQ(LoadAll(process_, {1, 2, 7}).records, (Records{{{1, "a"}, "1"}, {{1, "c"}, "3"}, {{7, "d"}, "4"}}));
  EXPECT_EQ(calls.Of("hlen"), 1024) << "of table 7";
}

// As an older release does, whose function library shares nothing with this one's but the keys.
TEST_F(RedisKnownBucketsTest, ATermOfAnotherReleaseInBetweenEndsIt) {
  Commit({{{1, "a"}, "1"}});
  const std::string owner = server_.Command({"GET", kBase + ":owner"});
  const std::string name = owner.substr(owner.rfind(' ') + 1);
  server_.Command({"SET", kBase + ":owner", std::to_string(term_ + 5) + " 99 async " + name});
  server_.Command({"HSET", BucketKey({1, "older"}), "older", "2"});
  term_ += 10;
  NextTerm();
  EXPECT_EQ(Load(), (Records{{{1, "a"}, "1"}, {{1, "older"}, "2"}}));
}

TEST_F(RedisKnownBucketsTest, APrimaryThatWasAReplicaInBetweenKnowsNothing) {
  RedisServer second;
  Commit({{{1, "a"}, "1"}});
  second.ReplicateFrom(server_);
  second.Promote();
  // On the other one, under the same owner: what it had and the first had not.
  second.Command({"HSET", BucketKey({1, "elsewhere"}), "elsewhere", "2"});
  server_.ReplicateFrom(second);
  server_.Promote();
  NextTerm();
  EXPECT_EQ(Load(), (Records{{{1, "a"}, "1"}, {{1, "elsewhere"}, "2"}}));
}

// By hand, on the running server: owner and head as they were under the same term.
TEST_F(RedisKnownBucketsTest, DataThatIsPutBackEndsIt) {
  Commit({{{1, "a"}, "1"}, {{1, "b"}, "2"}});
  const std::vector<std::string> keys = {kBase + ":owner", kBase + ":head", BucketKey({1, "a"}), BucketKey({1, "b"})};
  for (const std::string& key : keys) ASSERT_EQ(server_.Command({"COPY", key, "copy of " + key}), "1");
  Commit({}, {{1, "b"}});
  for (const std::string& key : keys) ASSERT_EQ(server_.Command({"COPY", "copy of " + key, key, "REPLACE"}), "1");
  NextTerm();
  EXPECT_EQ(Load(), (Records{{{1, "a"}, "1"}, {{1, "b"}, "2"}}));
}

// What was uncounted stays so, also when owner and head come to be again what they were.
TEST_F(RedisKnownBucketsTest, WhatHasEndedDoesNotComeBack) {
  const std::string head = kBase + ":head";
  Commit({{{1, "a"}, "1"}});
  ASSERT_EQ(server_.Command({"COPY", head, "first"}), "1");
  Commit({});
  ASSERT_EQ(server_.Command({"COPY", head, "second"}), "1");
  ASSERT_EQ(server_.Command({"COPY", "first", head, "REPLACE"}), "1");
  --number_;
  Commit({{{1, "b"}, "2"}});
  ASSERT_EQ(server_.Command({"COPY", "second", head, "REPLACE"}), "1");
  NextTerm();
  EXPECT_EQ(Load(), (Records{{{1, "a"}, "1"}, {{1, "b"}, "2"}}));
}

// Repaired as the manual says, and with the owner as it was.
TEST_F(RedisKnownBucketsTest, WhatACommitWroteInPartIsFoundOnceTheShardIsRepaired) {
  Commit({{{1, "a"}, "1"}});
  Records expected = {{{1, "a"}, "1"}};
  for (const char* key : {"b", "c"}) {
    const std::string owner = server_.Command({"GET", kBase + ":owner"});
    server_.Command({"SET", BucketKey({2, "x"}), "not a hash"});
    ASSERT_EQ(CommitRecords(process_, term_, 2, {{{1, key}, "2"}, {{2, "x"}, "3"}}).reason, RefusalReason::kBroken);
    server_.Command({"DEL", kBase + ":owner", BucketKey({2, "x"})});
    if (key == std::string("c")) server_.Command({"SET", kBase + ":owner", owner});
    expected[{1, key}] = "2";
    NextTerm();
    EXPECT_EQ(Load(), expected);
  }
}

// It left records, and neither owner nor head.
TEST_F(RedisKnownBucketsTest, WhatAFirstCommitWroteInPartIsFoundOnceTheShardIsRepaired) {
  server_.Command({"SET", BucketKey({2, "c"}), "not a hash"});
  ASSERT_EQ(CommitRecords(process_, term_, 1, {{{1, "b"}, "2"}, {{2, "c"}, "3"}}).reason, RefusalReason::kBroken);
  server_.Command({"DEL", kBase + ":owner", BucketKey({2, "c"})});
  NextTerm();
  Commit({{{1, "b"}, "again"}});
  NextTerm();
  EXPECT_EQ(Load(), (Records{{{1, "b"}, "again"}}));
}

// Somebody else put records into buckets that are held to be empty; the owner comes across one of them.
TEST_F(RedisKnownBucketsTest, ARecordWhereNoneIsHeldToBeEndsIt) {
  const auto expect_seen = [&](const std::function<void()>& come_across, const Records& expected) {
    for (const char* key : {"by hand", "besides"}) {
      ASSERT_EQ(server_.Command({"HSET", BucketKey({1, key}), key, "1"}), "1");
    }
    come_across();
    NextTerm();
    EXPECT_EQ(Load(), expected);
    Commit({}, {{1, "by hand"}, {1, "besides"}});
  };
  expect_seen([&] { Commit({{{1, "by hand"}, "2"}}); }, {{{1, "by hand"}, "2"}, {{1, "besides"}, "1"}});
  expect_seen([&] { Commit({}, {{1, "by hand"}}); }, {{{1, "besides"}, "1"}});
}

TEST_F(RedisKnownBucketsTest, ALibraryThatIsLoadedAgainKnowsNothing) {
  Commit({{{1, "a"}, "1"}});
  ASSERT_EQ(server_.Command({"FUNCTION", "LOAD", "REPLACE", std::string(RedisFunctionLibrary())}), kRedisLibraryName);
  Commit({{{1, "b"}, "2"}});
  NextTerm();
  Calls calls(server_);
  EXPECT_EQ(Load(), (Records{{{1, "a"}, "1"}, {{1, "b"}, "2"}}));
  EXPECT_EQ(calls.Of("hlen"), 3 * 1024);
}

TEST_F(RedisKnownBucketsTest, ALibraryThatWasTakenAwayIsLoadedAgainAndKnowsNothing) {
  Commit({{{1, "a"}, "1"}});
  ASSERT_EQ(server_.Command({"FUNCTION", "FLUSH"}), "OK");
  EXPECT_EQ(CommitRecords(process_, term_, number_ + 1, {{{1, "b"}, "2"}}).outcome, CommitOutcome::kUnknown);
  EXPECT_EQ(process_.AwaitHead().number, number_);
  Commit({{{1, "b"}, "2"}});
  NextTerm();
  EXPECT_EQ(Load(), (Records{{{1, "a"}, "1"}, {{1, "b"}, "2"}}));
}

TEST_F(RedisKnownBucketsTest, AfterAFlushThereIsWhatWasWrittenSince) {
  Commit({{{1, "a"}, "1"}, {{2, "b"}, "2"}});
  ASSERT_EQ(server_.Command({"FLUSHALL"}), "OK");
  ASSERT_EQ(CommitRecords(process_, term_, number_ + 1, {{{1, "late"}, "3"}}).reason, RefusalReason::kWrongTerm);
  NextTerm();
  number_ = 0;
  EXPECT_EQ(Load(), Records{});
  Commit({{{2, "c"}, "4"}});
  NextTerm();
  EXPECT_EQ(Load(), (Records{{{2, "c"}, "4"}}));
}

}  // namespace
}  // namespace meridian
