// Several processes over one Redis: leases, the directory, and logs that are followed across processes.
#include <condition_variable>
#include <mutex>

#include "tests/integration/redis/redis_harness.h"

namespace meridian {
namespace {

using testing::RedisServer;

// Remembers the newest position that a watcher heard of.
class Heard {
 public:
  std::function<void(LogPosition)> callback() {
    return [this](LogPosition position) {
      std::lock_guard lock(mutex_);
      newest_ = position;
      ++calls_;
      heard_.notify_all();
    };
  }
  bool Await(LogPosition position, std::chrono::milliseconds patience = std::chrono::seconds(30)) {
    std::unique_lock lock(mutex_);
    return heard_.wait_for(lock, patience, [&] { return newest_ >= position; });
  }
  LogPosition newest() {
    std::lock_guard lock(mutex_);
    return newest_;
  }
  int calls() {
    std::lock_guard lock(mutex_);
    return calls_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable heard_;
  LogPosition newest_;
  int calls_ = 0;
};

RedisOptions Patient(const RedisServer& server, Duration watch_again) {
  RedisOptions options = RedisProcess::Options(server, RedisDurability::kAsync);
  options.watch_again = watch_again;
  return options;
}

TEST(RedisSharingTest, AnotherProcessHearsOfEntriesByMessage) {
  RedisServer server;
  RedisProcess writer(server, RedisDurability::kAsync);
  RedisProcess reader(Patient(server, Duration::Hours(1)));
  Heard heard;
  auto watch = reader.store().Watch(kShard, heard.callback());
  server.AwaitReply({"PUBSUB", "NUMSUB", "meridian:{r7}:log"}, "1");
  const TermGrant grant = writer.TakeTerm();
  for (uint64_t number = 1; number <= 3; ++number) {
    writer.Commit(RedisProcess::Request(grant.term, number));
    EXPECT_TRUE(heard.Await({grant.term, number}));
  }
  EXPECT_EQ(reader.ReadAfter({})->size(), 3u);
}

TEST(RedisSharingTest, WhatWasWrittenBeforeTheChannelWasSubscribedIsHeardToo) {
  RedisServer server;
  RedisProcess writer(server, RedisDurability::kAsync);
  RedisProcess reader(Patient(server, Duration::Hours(1)));
  const TermGrant grant = writer.TakeTerm();
  writer.Commit(RedisProcess::Request(grant.term, 1));
  Heard heard;
  auto watch = reader.store().Watch(kShard, heard.callback());
  EXPECT_TRUE(heard.Await({grant.term, 1}));
  // The connection is lost, and with it a message.
  server.Command({"CLIENT", "KILL", "TYPE", "pubsub"});
  writer.Commit(RedisProcess::Request(grant.term, 2));
  EXPECT_TRUE(heard.Await({grant.term, 2}));
}

TEST(RedisSharingTest, WhoTakesATermHearsOfItsLogsNewestEntryAndOfWhatFollows) {
  RedisServer server;
  RedisProcess taker(Patient(server, Duration::Hours(1)));
  // Of another owner; a digest of decimal digits alone would pass for a position.
  server.Command({"FCALL", "meridian_take_term_v5", "1", "meridian:{r7}", "1", "1000", "async", "0", "0", "0"});
  server.Command({"FCALL", "meridian_commit_v5", "1", "meridian:{r7}", "1000", "1", "async", "1", "1234567890123456",
                  "5", "0", "0", "e"});
  Heard heard;
  auto watch = taker.store().Watch(kShard, heard.callback());
  const TermGrant grant = taker.TakeTerm(2000);
  EXPECT_EQ(grant.last.number, 1u);
  EXPECT_TRUE(heard.Await({1000, 1}));
  EXPECT_EQ(heard.newest(), (LogPosition{1000, 1}));
  taker.Commit(RedisProcess::Request(grant.term, 2));
  EXPECT_TRUE(heard.Await({grant.term, 2}));
  EXPECT_EQ(heard.newest(), (LogPosition{grant.term, 2}));
}

TEST(RedisSharingTest, ATermSaysTheServersTimeWhateverTheTakersIs) {
  RedisServer server;
  RedisProcess taker(server, RedisDurability::kAsync);
  const Instant before = SystemWallClock().Now();
  const TermGrant grant = taker.TakeTerm();
  ASSERT_TRUE(grant.taken_at);
  EXPECT_GE(*grant.taken_at, before - Duration::Milliseconds(1));
  EXPECT_LE(*grant.taken_at, SystemWallClock().Now());
}

TEST(RedisSharingTest, ALostMessageIsMadeUpForByLookingAgain) {
  RedisServer server;
  RedisProcess reader(Patient(server, Duration::Milliseconds(50)));
  Heard heard;
  auto watch = reader.store().Watch(kShard, heard.callback());
  // A writer that dies between its commit and its message.
  server.Command({"FCALL", "meridian_take_term_v5", "1", "meridian:{r7}", "1", "1000", "async", "0", "0", "0"});
  server.Command(
      {"FCALL", "meridian_commit_v5", "1", "meridian:{r7}", "1000", "1", "async", "1", "ab", "5", "0", "0", "e"});
  EXPECT_TRUE(heard.Await({1000, 1}));
}

TEST(RedisSharingTest, AReaderSeesNothingThatIsNotReplicated) {
  RedisServer server, replica;
  replica.ReplicateFrom(server);
  RedisProcess writer(server, RedisDurability::kReplicated);
  RedisOptions options = RedisProcess::Options(server, RedisDurability::kReplicated);
  options.command_timeout = Duration::Milliseconds(300);
  RedisProcess reader(options);
  Heard heard;
  auto watch = reader.store().Watch(kShard, heard.callback());
  const TermGrant grant = writer.TakeTerm();
  ASSERT_EQ(writer.Commit(RedisProcess::Request(grant.term, 1)).outcome, CommitOutcome::kDurable);
  EXPECT_TRUE(heard.Await({grant.term, 1}));
  replica.Freeze(true);
  EXPECT_EQ(writer.Commit(RedisProcess::Request(grant.term, 2)).outcome, CommitOutcome::kNotYetReplicated);
  EXPECT_EQ(reader.ReadAfter({}).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(reader.Read({{1, "key2"}}).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_FALSE(heard.Await({grant.term, 2}, std::chrono::milliseconds(0)));
  replica.Freeze(false);
  writer.AwaitHead(2);
  EXPECT_TRUE(heard.Await({grant.term, 2}));
  EXPECT_EQ(reader.ReadAfter({})->size(), 2u);
}

// A relay's process: it owns no shard, keeps what it has not published, and trims what it has.
TEST(RedisSharingTest, AReaderKeepsAndTrimsTheLogOfAShardThatAnotherProcessWrites) {
  RedisServer server;
  RedisOptions options = RedisProcess::Options(server, RedisDurability::kAsync);
  options.log_keep_bytes = 1;
  options.retention_every = Duration::Milliseconds(10);
  RedisProcess writer(options);
  RedisProcess reader(server, RedisDurability::kAsync);
  const TermGrant grant = writer.TakeTerm();
  const auto write = [&](uint64_t number) {
    CommitRequest request = RedisProcess::Request(grant.term, number);
    request.log_entry.assign(200 << 10, 'e');
    request.digest = DigestOf(request);
    return writer.Commit(request).outcome;
  };
  const auto follow = [&](uint64_t number) {
    return testing::Await<absl::Status>([&](auto done) {
      reader.store().SetFollower(kShard, "relay", {grant.term, number}, std::move(done));
    });
  };
  ASSERT_TRUE(follow(0).ok());
  for (uint64_t number = 1; number <= 10; ++number) ASSERT_EQ(write(number), CommitOutcome::kDurable);
  EXPECT_EQ(reader.ReadAfter({})->front().position, (LogPosition{grant.term, 1}));
  ASSERT_TRUE(follow(8).ok());
  const auto trim_to = [&](uint64_t number) {
    return testing::Await<absl::StatusOr<LogPosition>>([&](auto done) {
      reader.store().TrimTo(kShard, {grant.term, number}, std::move(done));
    });
  };
  const auto kept = trim_to(10);
  ASSERT_TRUE(kept.ok()) << kept.status();
  EXPECT_EQ(*kept, (LogPosition{grant.term, 9})) << "not above the follower";
  EXPECT_EQ(writer.ReadAfter({}).status().code(), absl::StatusCode::kOutOfRange);
  ASSERT_EQ(write(11), CommitOutcome::kDurable) << "its owner goes on";
  ASSERT_TRUE(follow(11).ok());
  EXPECT_EQ(*trim_to(11), (LogPosition{grant.term, 11})) << "nothing is left";
  ASSERT_EQ(write(12), CommitOutcome::kDurable);
  const auto entries = reader.ReadAfter({grant.term, 11});
  ASSERT_TRUE(entries.ok()) << entries.status();
  EXPECT_EQ(entries->size(), 1u);
}

TEST(RedisSharingTest, OneProcessHoldsALeaseByTheServersTime) {
  RedisServer server;
  RedisProcess first(server, RedisDurability::kAsync), second(server, RedisDurability::kAsync);
  const auto acquire = [](RedisProcess& process, const std::string& owner, Duration ttl) {
    return testing::Await<absl::StatusOr<Lease>>(
        [&](auto done) { process.store().Acquire(kShard, owner, 1, ttl, std::move(done)); });
  };
  ASSERT_TRUE(acquire(first, "first", Duration::Milliseconds(200)).ok());
  EXPECT_EQ(acquire(second, "second", Duration::Hours(1)).status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_TRUE(Eventually([&] { return acquire(second, "second", Duration::Hours(1)).ok(); }));
  EXPECT_EQ(acquire(first, "first", Duration::Hours(1)).status().code(), absl::StatusCode::kAlreadyExists);
}

TEST(RedisSharingTest, TwoProcessesThatAssignOneTenantDoNotBothWin) {
  RedisServer server;
  RedisProcess first(server, RedisDurability::kAsync), second(server, RedisDurability::kAsync);
  const auto assign = [](RedisProcess& process, uint32_t routing) {
    auto promise = std::make_shared<std::promise<absl::StatusOr<TenantShards>>>();
    process.store().Assign(TenantId{"acme"}, {{ShardKind::kRouting, routing}, {{ShardKind::kSession, 0}}, 0},
                           [promise](absl::StatusOr<TenantShards> shards) { promise->set_value(std::move(shards)); });
    return promise->get_future();
  };
  auto one = assign(first, 1);
  auto two = assign(second, 2);
  const auto first_result = one.get();
  const auto second_result = two.get();
  EXPECT_NE(first_result.ok(), second_result.ok());
  const absl::Status& lost = first_result.ok() ? second_result.status() : first_result.status();
  EXPECT_EQ(lost.code(), absl::StatusCode::kAborted);
}

TEST(RedisSharingTest, OldAndSurplusLogIsTrimmedInSegmentsButNothingAFollowerNeeds) {
  RedisServer server;
  RedisOptions options = RedisProcess::Options(server, RedisDurability::kAsync);
  options.log_keep_bytes = 2 << 20;
  options.retention_every = Duration::Milliseconds(50);
  RedisProcess process(options);
  const TermGrant grant = process.TakeTerm();
  const auto follow = [&](uint64_t number) {
    EXPECT_TRUE(testing::Await<absl::Status>([&](auto done) {
                  process.store().SetFollower(kShard, "relay", {grant.term, number}, std::move(done));
                }).ok());
  };
  follow(0);
  for (uint64_t number = 1; number <= 40; ++number) {
    CommitRequest request = RedisProcess::Request(grant.term, number);
    request.log_entry.assign(200 << 10, 'e');
    request.digest = DigestOf(request);
    ASSERT_EQ(process.Commit(request).outcome, CommitOutcome::kDurable);
  }
  EXPECT_TRUE(process.ReadAfter({}).ok()) << "8 MB, and a follower at the beginning";
  follow(40);
  EXPECT_TRUE(Eventually([&] { return process.ReadAfter({}).status().code() == absl::StatusCode::kOutOfRange; }));
  EXPECT_TRUE(Eventually([&] { return server.Command({"LLEN", "meridian:{r7}:segments"}) == "5"; }));
  for (const std::string& stream : {"1", "2", "9"}) {
    EXPECT_EQ(server.Command({"EXISTS", "meridian:{r7}:log:" + stream}), "0") << stream;
  }
  server.AwaitReply({"MEMORY", "USAGE", "meridian:{r7}:log:14"}, "");
  EXPECT_LT(std::stoul(server.Command({"MEMORY", "USAGE", "meridian:{r7}:log:14"})), 1u << 20) << "no key over 1 MB";
}

}  // namespace
}  // namespace meridian
