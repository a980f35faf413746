// Lost answers, half-open connections, no memory, a commit written in part.
#include <thread>

#include "tests/integration/redis/redis_harness.h"

namespace meridian {
namespace {

using testing::RedisServer;

constexpr CommitOutcome kDurable = CommitOutcome::kDurable;
constexpr CommitOutcome kUnknown = CommitOutcome::kUnknown;

TEST(RedisFaultsTest, AServerThatDoesNotAnswerIsGivenUpAndWhatItGotLateIsHarmless) {
  RedisServer server;
  RedisOptions options = RedisProcess::Options(server, RedisDurability::kAsync);
  options.command_timeout = Duration::Milliseconds(300);
  RedisProcess process(options);
  const TermGrant grant = process.TakeTerm();
  server.Freeze(true);
  auto first = process.CommitLater(RedisProcess::Request(grant.term, 1));
  auto second = process.CommitLater(RedisProcess::Request(grant.term, 2));
  EXPECT_EQ(first.get().outcome, kUnknown);
  EXPECT_EQ(second.get().outcome, kUnknown);
  server.Freeze(false);  // it reads both now, from a connection that we have closed
  process.AwaitHead(2);
  EXPECT_EQ(process.Commit(RedisProcess::Request(grant.term, 2)).outcome, kDurable) << "sent again";
  EXPECT_EQ(process.Commit(RedisProcess::Request(grant.term, 3)).outcome, kDurable);
  EXPECT_EQ(process.ReadAfter({})->size(), 3u);
}

TEST(RedisFaultsTest, WhatWaitsForAServerThatStandsStillIsBounded) {
  RedisServer server;
  RedisOptions options = RedisProcess::Options(server, RedisDurability::kAsync);
  options.command_timeout = Duration::Seconds(30);
  options.max_waiting_bytes = 64 << 10;
  RedisProcess process(options);
  const TermGrant grant = process.TakeTerm();
  const auto request = [&](uint64_t number) {
    return RedisProcess::Request(grant.term, number, std::string(48 << 10, 'x'));
  };
  server.Freeze(true);
  auto first = process.CommitLater(request(1));
  auto second = process.CommitLater(request(2));
  auto third = process.CommitLater(request(3));
  server.Freeze(false);
  EXPECT_EQ(first.get().outcome, kDurable);
  EXPECT_EQ(second.get().outcome, kDurable);
  EXPECT_EQ(third.get().outcome, kUnknown) << "beyond the bound: it was never sent";
  EXPECT_EQ(process.Commit(request(3)).outcome, kDurable) << "sent again";
}

TEST(RedisFaultsTest, AConnectionClosedByTheServerIsMadeAgain) {
  RedisServer server, replica;
  replica.ReplicateFrom(server);
  RedisProcess process(server, RedisDurability::kReplicated);
  const TermGrant grant = process.TakeTerm();
  uint64_t number = 1;
  for (int round = 0; round < 5; ++round) {
    server.Command({"CLIENT", "KILL", "TYPE", "normal"});
    const CommitRequest request = RedisProcess::Request(grant.term, number);
    CommitResult result = process.Commit(request);
    if (result.outcome == kUnknown && process.AwaitHead().number < number) result = process.Commit(request);
    EXPECT_TRUE(result.outcome == kDurable || result.outcome == kUnknown) << result.detail;
    process.AwaitHead(number++);
  }
}

TEST(RedisFaultsTest, WithoutAConnectionEverythingIsAnsweredAtOnce) {
  RedisServer server;
  RedisProcess process(server, RedisDurability::kAsync);
  const TermGrant grant = process.TakeTerm();
  server.Kill();
  EXPECT_TRUE(Eventually([&] { return !process.LastCommit().ok(); }));
  EXPECT_EQ(process.Commit(RedisProcess::Request(grant.term, 1)).outcome, kUnknown);
  EXPECT_EQ(process.TryTakeTerm().status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(process.ReadAfter({}).status().code(), absl::StatusCode::kUnavailable);
}

TEST(RedisFaultsTest, WithoutMemoryCommitsAreRefusedAndNothingIsWritten) {
  RedisServer server;
  RedisProcess process(server, RedisDurability::kAsync);
  const TermGrant grant = process.TakeTerm();
  ASSERT_EQ(process.Commit(RedisProcess::Request(grant.term, 1)).outcome, kDurable);
  EXPECT_FALSE(process.store().NearlyFull());
  server.Command({"CONFIG", "SET", "maxmemory", "1"});
  const CommitResult refused = process.Commit(RedisProcess::Request(grant.term, 2));
  EXPECT_EQ(refused.outcome, CommitOutcome::kRefused);
  EXPECT_EQ(refused.reason, RefusalReason::kNoSpace) << refused.detail;
  EXPECT_EQ(process.LastCommit()->number, 1u);
  EXPECT_EQ((*process.Read({{1, "key2"}}))[0], std::nullopt);
  EXPECT_TRUE(Eventually([&] { return process.store().NearlyFull(); }));
  // A new connection is no matter of memory.
  server.Command({"CLIENT", "KILL", "TYPE", "normal"});
  EXPECT_TRUE(Eventually([&] { return process.store().counters().connects == 2; }));
  EXPECT_EQ(process.AwaitHead().number, 1u);
  // What makes room, and what hands the shard over, goes on.
  EXPECT_TRUE(process.TryTakeTerm(static_cast<int64_t>(grant.term)).ok());
  server.Command({"CONFIG", "SET", "maxmemory", "0"});
  const TermGrant again = process.TakeTerm();
  EXPECT_EQ(process.Commit(RedisProcess::Request(again.term, 2)).outcome, kDurable);
  EXPECT_TRUE(Eventually([&] { return !process.store().NearlyFull(); }));
}

TEST(RedisFaultsTest, ACommitThatFailedInTheMiddleClosesItsShard) {
  RedisServer server;
  RedisProcess process(server, RedisDurability::kAsync);
  const TermGrant grant = process.TakeTerm();
  ASSERT_EQ(process.Commit(RedisProcess::Request(grant.term, 1)).outcome, kDurable);
  // Somebody else wrote where the log goes on.
  server.Command({"DEL", "meridian:{r7}:log:1"});
  server.Command({"SET", "meridian:{r7}:log:1", "x"});
  const CommitResult broken = process.Commit(RedisProcess::Request(grant.term, 2));
  EXPECT_EQ(broken.outcome, CommitOutcome::kRefused);
  EXPECT_EQ(broken.reason, RefusalReason::kBroken);
  EXPECT_EQ(process.Commit(RedisProcess::Request(grant.term, 2)).reason, RefusalReason::kBroken);
  const auto term = process.TryTakeTerm();
  EXPECT_EQ(term.status().code(), absl::StatusCode::kDataLoss) << term.status();
}

TEST(RedisFaultsTest, BadArgumentsWriteNothing) {
  RedisServer server;
  RedisProcess process(server, RedisDurability::kAsync);
  server.Command({"FCALL", "meridian_take_term_v5", "1", "meridian:{r7}", "1", "1000", "async", "0", "0", "0"});
  const std::vector<std::string> head = {"FCALL", "meridian_commit_v5", "1", "meridian:{r7}", "1000", "1", "async", "1",
                                         "ab"};
  const auto commit = [&](std::vector<std::string> rest) {
    std::vector<std::string> call = head;
    call.insert(call.end(), rest.begin(), rest.end());
    return server.Command(call);
  };
  EXPECT_EQ(commit({"5", "2", "0", "entry", ":1:5", "k", "v"}), "fault bad count of arguments");
  EXPECT_EQ(commit({"5", "1", "0", "entry", ":1:5", "k", "v", "w"}), "fault bad count of arguments");
  EXPECT_EQ(commit({"5", "1", "0", "entry", "1:5", "k", "v"}), "fault bad key");
  EXPECT_EQ(commit({"5", "1", "0", "entry", ":1:5", "", "v"}), "fault bad key");
  EXPECT_EQ(commit({"5", "1", "0", std::string(256 << 10, 'e'), ":1:5", "k", "v"}), "fault too large");
  EXPECT_EQ(commit({"x", "1", "0", "entry", ":1:5", "k", "v"}), "fault bad arguments");
  EXPECT_EQ(server.Command({"EXISTS", "meridian:{r7}:head", "meridian:{r7}:1:5", "meridian:{r7}:log:1"}), "0");
  EXPECT_EQ(commit({"5", "1", "0", "entry", ":1:5", "k", "v"}), "ok");
}

TEST(RedisFaultsTest, AFunctionThatIsKilledBeforeItWroteHasWrittenNothing) {
  RedisServer server({.settings = {"--busy-reply-threshold", "1"}});
  RedisProcess process(server, RedisDurability::kAsync);
  const TermGrant grant = process.TakeTerm();
  server.Command(
      {"FUNCTION", "LOAD", "#!lua name=endless\nredis.register_function('endless', function() while true do end end)"});
  std::thread caller([&] { server.Command({"FCALL", "endless", "0"}); });
  server.AwaitReply({"PING"}, "-BUSY");
  const CommitResult result = process.Commit(RedisProcess::Request(grant.term, 1));
  EXPECT_EQ(result.outcome, kUnknown) << result.detail;
  server.AwaitReply({"FUNCTION", "KILL"}, "OK");
  caller.join();
  EXPECT_EQ(process.AwaitHead().number, 0u);
  EXPECT_EQ(process.Commit(RedisProcess::Request(grant.term, 1)).outcome, kDurable);
}

}  // namespace
}  // namespace meridian
