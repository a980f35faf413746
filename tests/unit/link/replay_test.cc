// What a shard of another process acknowledged is kept by its caller and sent again to the owner that lacks it.
#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <vector>

#include "libs/error/error.h"
#include "libs/link/link_router.h"
#include "libs/link/replay_desk.h"
#include "libs/runtime/refusal.h"
#include "libs/testing/await.h"
#include "tests/contract/links/loopback_server.h"

namespace meridian {
namespace {

namespace pb = internal::link::v1;
using Result = absl::StatusOr<std::string>;
using testing::LoopbackServer;

constexpr ShardId kShard{ShardKind::kRouting, 3};
constexpr std::chrono::seconds kPatience(30);

// A process that owns the shard, or will: acknowledges each call in a commit of its own.
class Owner {
 public:
  Owner(uint64_t term, uint64_t last_commit) : term_(term), commit_(last_commit) {
    server_.links().ServeCall(pb::METHOD_SEND_COMMAND, [this](IncomingCall call, LinkAnswer answer) {
      std::unique_lock lock(mutex_);
      const std::string mark = call.replay_of ? "again " : "";
      received_.push_back(mark + call.body);
      if (call.replay_of) replays_.push_back(*call.replay_of);
      changed_.notify_all();
      if (call.body == "refused") return answer(std::string("no"));
      if (call.replay_of && !applies_) return answer(AnswerOfReplay(ReplayVerdict::kNotApplied, std::nullopt));
      LinkReply reply("answer to " + call.body);
      reply.acknowledged = Acknowledgement{term_, ++commit_, commit_};
      answer(std::move(reply));
    });
    desk_.Bind(server_.links());
    server_.Start();
  }
  ~Owner() { server_.Stop(); }

  void BeginTerm(uint64_t term, uint64_t survived) {
    {
      std::lock_guard lock(mutex_);
      term_ = term;
      commit_ = survived;
      received_.clear();
      replays_.clear();
    }
    desk_.Ask(kShard, term, survived);
  }
  void Apply(bool applies) {
    std::lock_guard lock(mutex_);
    applies_ = applies;
  }
  bool AwaitReplayed(uint64_t term) {
    std::unique_lock lock(mutex_);
    const auto until = std::chrono::steady_clock::now() + kPatience;
    while (!desk_.HaveReplayed(kShard, term) && std::chrono::steady_clock::now() < until) {
      changed_.wait_for(lock, std::chrono::milliseconds(10));
    }
    return desk_.HaveReplayed(kShard, term);
  }
  std::vector<std::string> Await(size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, kPatience, [&] { return received_.size() >= count; });
    return received_;
  }
  std::vector<ReplayOf> replays() {
    std::lock_guard lock(mutex_);
    return replays_;
  }
  ReplayDesk& desk() { return desk_; }
  LoopbackServer& server() { return server_; }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  uint64_t term_;
  uint64_t commit_;
  bool applies_ = true;
  std::vector<std::string> received_;
  std::vector<ReplayOf> replays_;
  LoopbackServer server_;
  ReplayDesk desk_{ShardKind::kRouting, &server_.clock()};
};

class OneOwnerMap final : public ShardMap {
 public:
  explicit OneOwnerMap(std::string address) : owner_(std::move(address)) {}

  ShardPlace Find(ShardKind, const TenantId&) const override { return {kShard, owner_}; }
  void Learn(ShardKind, const TenantId&, const std::string&) override {}
  std::vector<std::string> Addresses(ShardKind) const override { return {owner_}; }

 private:
  const std::string owner_;
};

class ReplayTest : public ::testing::Test {
 protected:
  void SetUp() override { router_ = NewRouter(); }
  void TearDown() override { router_ = nullptr; }

  std::unique_ptr<LinkRouter> NewRouter() {
    return std::make_unique<LinkRouter>(ShardKind::kRouting, &map_, owner_.server().ClientOptions());
  }
  void Do(const std::string& body) {
    const auto answer = testing::Await<Result>([&](auto done) {
      router_->Call({.method = pb::METHOD_SEND_COMMAND, .tenant = {"demo"}, .lane = Lane::kLiveWork, .body = body},
                    std::move(done));
    });
    ASSERT_TRUE(answer.ok()) << answer.status();
  }

  Owner owner_{1, 4};
  OneOwnerMap map_{owner_.server().address()};
  std::unique_ptr<LinkRouter> router_;
};

TEST_F(ReplayTest, ATermIsSentWhatItLacksInOrderAndOnce) {
  for (const char* body : {"five", "six", "refused", "seven"}) Do(body);
  owner_.BeginTerm(2, 5);
  ASSERT_TRUE(owner_.AwaitReplayed(2));
  EXPECT_EQ(owner_.Await(2), (std::vector<std::string>{"again six", "again seven"}));
  const std::vector<ReplayOf> replays = owner_.replays();
  EXPECT_EQ(replays.at(0).shard, kShard.number);
  EXPECT_EQ(replays.at(0).term, 2u);
  EXPECT_EQ(replays.at(0).answered, (Acknowledgement{1, 6, 6}));
  // They are in its commits now.
  owner_.BeginTerm(3, 7);
  ASSERT_TRUE(owner_.AwaitReplayed(3));
  EXPECT_TRUE(owner_.Await(0).empty());
  owner_.BeginTerm(4, 6);
  ASSERT_TRUE(owner_.AwaitReplayed(4));
  EXPECT_EQ(owner_.Await(1), std::vector<std::string>{"again seven"});
}

TEST_F(ReplayTest, WhatWasNotAppliedIsForTheNextTermAlsoWhereItsCommitSeemsToBeThere) {
  Do("five");
  owner_.Apply(false);
  owner_.BeginTerm(2, 4);
  ASSERT_TRUE(owner_.AwaitReplayed(2));
  owner_.Apply(true);
  owner_.BeginTerm(3, 100);
  ASSERT_TRUE(owner_.AwaitReplayed(3));
  EXPECT_EQ(owner_.Await(1), std::vector<std::string>{"again five"});
}

TEST_F(ReplayTest, WhoComesBackAfterTheTermBeganIsAskedToo) {
  Do("five");
  owner_.server().Stop();
  owner_.BeginTerm(2, 4);
  EXPECT_FALSE(owner_.desk().HaveReplayed(kShard, 2)) << "nobody is connected";
  owner_.server().Start();
  ASSERT_TRUE(owner_.AwaitReplayed(2));
  EXPECT_EQ(owner_.Await(1), std::vector<std::string>{"again five"});
}

TEST_F(ReplayTest, AllThatAreConnectedHaveToSayIt) {
  Do("five");
  const std::unique_ptr<LinkRouter> first = std::exchange(router_, NewRouter());
  Do("six");
  owner_.BeginTerm(2, 4);
  ASSERT_TRUE(owner_.AwaitReplayed(2));
  EXPECT_EQ(owner_.Await(2).size(), 2u);
}

}  // namespace
}  // namespace meridian
