// Calls of shards that nobody serves for a while, where shards move.
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>

#include "libs/error/error.h"
#include "libs/link/link_router.h"
#include "libs/link/link_status.h"
#include "libs/runtime/refusal.h"
#include "tests/contract/links/loopback_server.h"

namespace meridian {
namespace {

namespace pb = internal::link::v1;
using Result = absl::StatusOr<std::string>;
using testing::LoopbackServer;

constexpr std::chrono::seconds kPatience(30);

class MovingMap final : public ShardMap {
 public:
  ShardPlace Find(ShardKind kind, const TenantId&) const override {
    std::lock_guard lock(mutex_);
    return {{kind, 3}, address_};
  }
  void Learn(ShardKind, const TenantId&, const std::string& address) override { Move(address); }
  std::vector<std::string> Addresses(ShardKind) const override {
    std::lock_guard lock(mutex_);
    return alive_;
  }
  std::unique_ptr<Watch> OnChange(std::function<void()> changed) override {
    changed_ = std::move(changed);
    return nullptr;
  }
  void SetAlive(std::vector<std::string> addresses) {
    {
      std::lock_guard lock(mutex_);
      alive_ = std::move(addresses);
    }
    changed_();
  }
  void SetNamesAllWhoLive(bool names) { names_all_ = names; }
  bool NamesAllWhoLive() const override { return names_all_; }
  bool Moves() const override { return true; }
  void Refresh() override { ++refreshed_; }

  void Move(const std::string& address) {
    std::lock_guard lock(mutex_);
    address_ = address;
  }
  int refreshed() const { return refreshed_; }

 private:
  mutable std::mutex mutex_;
  std::string address_;
  std::vector<std::string> alive_;
  std::function<void()> changed_;
  std::atomic<int> refreshed_{0};
  std::atomic<bool> names_all_{true};
};

class UnservedTest : public ::testing::Test {
 protected:
  void SetUp() override {
    server_.links().ServeCall(pb::METHOD_SEND_COMMAND, [this](IncomingCall call, LinkAnswer answer) {
      absl::Status refusal;
      {
        std::lock_guard lock(mutex_);
        received_.push_back(call.body);
        refusal = refusal_;
      }
      if (!refusal.ok()) return answer(refusal);
      if (call.body == "hang") {
        std::lock_guard lock(mutex_);
        return unanswered_.push_back(std::move(answer));
      }
      answer("answer to " + call.body);
    });
    server_.Start();
    router_ = std::make_unique<LinkRouter>(ShardKind::kRouting, &map_, server_.ClientOptions());
  }
  void TearDown() override {
    router_ = nullptr;
    server_.Stop();
  }

  void Call(const std::string& body, Duration timeout = Duration::Seconds(30)) {
    router_->Call({.method = pb::METHOD_SEND_COMMAND,
                   .tenant = TenantId{"demo"},
                   .lane = Lane::kLiveWork,
                   .timeout = timeout,
                   .body = body},
                  [this](Result answer) {
                    std::lock_guard lock(mutex_);
                    answers_.push_back(std::move(answer));
                    changed_.notify_all();
                  });
  }
  std::vector<Result> AwaitAnswers(size_t count) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, kPatience, [&] { return answers_.size() >= count; }));
    return answers_;
  }
  void Refuse(absl::Status refusal) {
    std::lock_guard lock(mutex_);
    refusal_ = std::move(refusal);
    received_.clear();
  }
  size_t received() {
    std::lock_guard lock(mutex_);
    return received_.size();
  }
  void AwaitReceived(size_t count) {
    const auto until = std::chrono::steady_clock::now() + kPatience;
    while (received() < count && std::chrono::steady_clock::now() < until) std::this_thread::yield();
    EXPECT_GE(received(), count);
  }

  LoopbackServer server_;
  MovingMap map_;
  std::unique_ptr<LinkRouter> router_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> received_;
  std::vector<LinkAnswer> unanswered_;
  std::vector<Result> answers_;
  absl::Status refusal_;
};

TEST_F(UnservedTest, CallsWaitUntilSomebodyServesAndGoInTheirOrder) {
  constexpr size_t kCalls = 200;
  for (size_t i = 0; i < kCalls; ++i) Call(std::to_string(i));
  EXPECT_GT(map_.refreshed(), 0);
  map_.Move(server_.address());
  const auto answers = AwaitAnswers(kCalls);
  ASSERT_EQ(received(), kCalls);
  for (size_t i = 0; i < kCalls; ++i) {
    EXPECT_EQ(received_[i], std::to_string(i));
    EXPECT_TRUE(answers[i].ok()) << answers[i].status();
  }
}

TEST_F(UnservedTest, WhatAServerDidNotTakeIsAskedAgain) {
  for (const absl::Status& refusal :
       {NotServedHere(), MakeRefusal(absl::StatusCode::kUnavailable, refusal::kShuttingDown, "handed over"),
        NotServedHere(server_.address())}) {
    SCOPED_TRACE(refusal.ToString());
    map_.Move(server_.address());
    Refuse(refusal);
    const size_t before = answers_.size();
    Call("once");
    AwaitReceived(5);
    Refuse(absl::OkStatus());
    EXPECT_TRUE(AwaitAnswers(before + 1).back().ok());
  }
}

TEST_F(UnservedTest, AProcessThatDidNotTakeACallIsAskedAgainWithOneAlone) {
  constexpr size_t kCalls = 100;
  map_.Move(server_.address());
  Refuse(NotServedHere());
  for (size_t i = 0; i < kCalls; ++i) Call(std::to_string(i));
  AwaitReceived(kCalls + 20);
  {
    std::lock_guard lock(mutex_);
    std::map<std::string, int> times;
    for (const std::string& body : received_) ++times[body];
    for (const auto& [body, count] : times) EXPECT_TRUE(body == "0" || count == 1) << body << " " << count;
    EXPECT_GT(times["0"], 10);
  }
  Refuse(absl::OkStatus());
  for (const Result& answer : AwaitAnswers(kCalls)) EXPECT_TRUE(answer.ok()) << answer.status();
  ASSERT_EQ(received(), kCalls);
  for (size_t i = 0; i < kCalls; ++i) EXPECT_EQ(received_[i], std::to_string(i));
}

// Two processes that take each other for the owner.
TEST_F(UnservedTest, CallsThatGoRoundEndWhenTheBudgetIsUsedUp) {
  constexpr int kCalls = 1000;
  LoopbackServer other;
  std::atomic<int> asked{0};
  other.links().ServeCall(pb::METHOD_SEND_COMMAND, [&](IncomingCall, LinkAnswer answer) {
    ++asked;
    answer(NotServedHere(server_.address()));
  });
  other.Start();
  LinkOptions options = server_.ClientOptions();
  options.token = [&, streams = std::make_shared<int>(0)] {
    const security::TokenClaims claims{.tenant = "*", .subject = "test", .role = security::Role::kService};
    return ++*streams == 1 ? server_.Token(claims) : other.Token(claims);
  };
  router_ = std::make_unique<LinkRouter>(ShardKind::kRouting, &map_, options);
  map_.Move(server_.address());
  Refuse(NotServedHere(other.address()));
  for (int i = 0; i < kCalls; ++i) Call(std::to_string(i));
  for (const Result& answer : AwaitAnswers(kCalls)) EXPECT_EQ(ErrorReason(answer.status()), refusal::kNotOwner);
  // Each goes on once; of more, what two budgets hold, and what they get in the seconds that it takes.
  EXPECT_LT(received() + static_cast<size_t>(asked), 2U * kCalls + 1000U);
  router_ = nullptr;
}

TEST_F(UnservedTest, WhatMayHaveBeenDoneIsNotAskedAgain) {
  map_.Move(server_.address());
  Refuse(MakeRefusal(absl::StatusCode::kUnavailable, refusal::kNotOwner, "the lease is over"));
  Call("once");
  EXPECT_EQ(ErrorReason(AwaitAnswers(1).back().status()), refusal::kNotOwner);
  EXPECT_EQ(received(), 1U);
  EXPECT_GT(map_.refreshed(), 0);
}

// A process that stands still answers nothing, and its connection stays.
TEST_F(UnservedTest, AProcessThatTheMapTakesForDeadIsGivenUp) {
  map_.SetAlive({server_.address()});
  map_.Move(server_.address());
  Call("hang");
  AwaitReceived(1);
  map_.Move("");
  Call("once");  // waits for the first one, as calls of a shard that moves do
  map_.SetAlive({});
  EXPECT_EQ(ErrorReason(AwaitAnswers(1).back().status()), "LINK_BROKEN");
  map_.SetAlive({server_.address()});
  map_.Move(server_.address());
  EXPECT_TRUE(AwaitAnswers(2).back().ok());
}

TEST_F(UnservedTest, AProcessThatIsMissingInAMapThatDoesNotNameAllIsNotGivenUp) {
  map_.SetAlive({server_.address()});
  map_.Move(server_.address());
  Call("hang");
  AwaitReceived(1);
  map_.SetNamesAllWhoLive(false);
  map_.SetAlive({});
  {
    std::lock_guard lock(mutex_);
    unanswered_.back()("late");
  }
  EXPECT_TRUE(AwaitAnswers(1).back().ok());

  Call("hang");
  AwaitReceived(2);
  map_.SetNamesAllWhoLive(true);
  map_.SetAlive({});
  EXPECT_EQ(ErrorReason(AwaitAnswers(2).back().status()), "LINK_BROKEN");
}

// Killed, and still in the map.
TEST_F(UnservedTest, WhatWasNeverSentWaitsUntilAProcessIsThereAgain) {
  constexpr size_t kCalls = 50;
  map_.Move(server_.address());
  server_.Stop();
  for (size_t i = 0; i < kCalls; ++i) Call(std::to_string(i));
  server_.Start();
  const auto answers = AwaitAnswers(kCalls);
  ASSERT_EQ(received(), kCalls);
  for (size_t i = 0; i < kCalls; ++i) {
    EXPECT_EQ(received_[i], std::to_string(i));
    EXPECT_TRUE(answers[i].ok()) << answers[i].status();
  }
}

TEST_F(UnservedTest, WhatTheProcessThatWasAskedCouldNotSendOnIsNotAskedAgain) {
  map_.Move(server_.address());
  Refuse(LinkBroken("its own link", /*unsent=*/true));
  Call("once");
  EXPECT_EQ(ErrorReason(AwaitAnswers(1).back().status()), "LINK_BROKEN");
  EXPECT_EQ(received(), 1U);
}

TEST_F(UnservedTest, NobodyWaitsLongerThanTheCallsTime) {
  Call("once", Duration::Milliseconds(50));
  EXPECT_TRUE(absl::IsUnavailable(AwaitAnswers(1).back().status()));
}

TEST_F(UnservedTest, WhatWaitsFailsWhenTheRouterEnds) {
  for (int i = 0; i < 10; ++i) Call(std::to_string(i));
  router_ = nullptr;
  for (const Result& answer : AwaitAnswers(10)) EXPECT_TRUE(absl::IsUnavailable(answer.status()));
}

}  // namespace
}  // namespace meridian
