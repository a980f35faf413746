// Calls and feeds over a real stream on loopback: order, batches, credits, broken streams, who may call.
#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "libs/error/error.h"
#include "libs/link/link_limits.h"
#include "libs/link/link_router.h"
#include "libs/link/link_status.h"
#include "libs/link/standing_feed.h"
#include "libs/runtime/refusal.h"
#include "libs/testing/await.h"
#include "tests/contract/links/loopback_server.h"

namespace meridian {
namespace {

using testing::Await;
using testing::LoopbackServer;
namespace pb = internal::link::v1;
using Result = absl::StatusOr<std::string>;

const TenantId kTenant{"demo"};
const auto kPatience = std::chrono::seconds(30);

// What a feed gives, pushed by the test.
class PushedSource : public FeedSource {
 public:
  struct Items {
    std::mutex mutex;
    std::deque<std::string> waiting;
    std::shared_ptr<FeedSink> sink;
    size_t given = 0;
    void Push(std::string item) {
      {
        std::lock_guard lock(mutex);
        waiting.push_back(std::move(item));
      }
      sink->Notify();
    }
    size_t Given() {
      std::lock_guard lock(mutex);
      return given;
    }
  };
  explicit PushedSource(std::shared_ptr<Items> items) : items_(std::move(items)) {}
  std::optional<std::string> Next() override {
    std::lock_guard lock(items_->mutex);
    if (items_->waiting.empty()) return std::nullopt;
    std::string item = std::move(items_->waiting.front());
    items_->waiting.pop_front();
    ++items_->given;
    return item;
  }

 private:
  const std::shared_ptr<Items> items_;
};

// Notes what came; blocks the link's thread while it is told to.
class Heard : public FeedEvents {
 public:
  void OnItem(std::string_view item) override {
    std::unique_lock lock(mutex_);
    items_.emplace_back(item);
    changed_.notify_all();
    changed_.wait_for(lock, kPatience, [this] { return !stuck_; });
  }
  void OnEnded(const absl::Status& status) override {
    std::lock_guard lock(mutex_);
    ended_ = status;
    changed_.notify_all();
  }
  void Stick(bool stuck) {
    std::lock_guard lock(mutex_);
    stuck_ = stuck;
    changed_.notify_all();
  }
  bool AwaitItems(size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] { return items_.size() >= count; });
  }
  std::optional<absl::Status> AwaitEnd() {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, kPatience, [&] { return ended_.has_value(); });
    return ended_;
  }
  std::vector<std::string> items() {
    std::lock_guard lock(mutex_);
    return items_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> items_;
  std::optional<absl::Status> ended_;
  bool stuck_ = false;
};

// A port with a mailbox that answers at once, later, or never.
class LinkTest : public ::testing::Test {
 protected:
  void SetUp() override {
    server_.links().ServeCall(pb::METHOD_SEND_COMMAND, [this](IncomingCall call, LinkAnswer answer) {
      std::unique_lock lock(mutex_);
      received_.push_back(call.tenant.value + " " + call.body);
      if (holding_) {
        held_.push_back(std::move(answer));
        changed_.notify_all();
        return;
      }
      lock.unlock();
      answer("answer to " + call.body);
    });
    server_.links().ServeCall(pb::METHOD_GET_CONFIG, [](IncomingCall, LinkAnswer answer) {
      answer(WithFieldViolations(
          MakeRefusal(absl::StatusCode::kFailedPrecondition, "REQUEST_TOO_OLD", "old", Instant{5000000}),
          {{"a.b", "must be c"}}));
    });
    server_.links().ServeFeed(pb::METHOD_READ, false,
                              [this](const IncomingCall& call,
                                     std::shared_ptr<FeedSink> sink) -> absl::StatusOr<std::unique_ptr<FeedSource>> {
                                if (call.body == "refused") return FieldError("calls.body", "must be better");
                                std::lock_guard lock(mutex_);
                                auto items = feeds_.emplace_back(std::make_shared<PushedSource::Items>());
                                items->sink = std::move(sink);
                                changed_.notify_all();
                                return std::make_unique<PushedSource>(std::move(items));
                              });
    server_.links().OnPeerClosed([this](uint64_t) {
      std::lock_guard lock(mutex_);
      ++closed_peers_;
      changed_.notify_all();
    });
    server_.Start();
    link_ = std::make_unique<LinkClient>(server_.address(), server_.ClientOptions());
  }
  void TearDown() override {
    link_ = nullptr;
    server_.Stop();
  }

  static LinkCall CallOf(std::string body, Lane lane = Lane::kLiveWork) {
    return {.method = pb::METHOD_SEND_COMMAND, .tenant = kTenant, .shard = 0, .lane = lane, .body = std::move(body)};
  }
  Result Ask(LinkCall call) {
    return Await<Result>([&](auto done) { link_->Call(std::move(call), std::move(done)); });
  }
  std::shared_ptr<PushedSource::Items> AwaitFeed(size_t number) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, kPatience, [&] { return feeds_.size() >= number; }));
    return feeds_.at(number - 1);
  }
  void Hold(bool holding) {
    std::vector<LinkAnswer> held;
    {
      std::lock_guard lock(mutex_);
      holding_ = holding;
      if (!holding) held.swap(held_);
    }
    for (LinkAnswer& answer : held) answer(std::string("late"));
  }
  bool AwaitHeld(size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] { return held_.size() >= count; });
  }
  std::vector<std::string> received() {
    std::lock_guard lock(mutex_);
    return received_;
  }
  std::unique_ptr<LinkFeed> Follow(std::shared_ptr<FeedEvents> events, std::string body = "") {
    return link_->Follow({.method = pb::METHOD_READ, .tenant = kTenant, .body = std::move(body)}, std::move(events));
  }

  LoopbackServer server_;
  std::unique_ptr<LinkClient> link_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> received_;
  std::vector<std::shared_ptr<PushedSource::Items>> feeds_;
  std::vector<LinkAnswer> held_;
  bool holding_ = false;
  int closed_peers_ = 0;
};

TEST_F(LinkTest, CallsAreAnsweredAndKeepTheirOrder) {
  struct Counter {
    std::mutex mutex;
    std::condition_variable all;
    int answered = 0;
  } counter;
  constexpr int kCalls = 3000;
  for (int i = 0; i < kCalls; ++i) {
    link_->Call(CallOf(std::to_string(i)), [&, i](Result answer) {
      EXPECT_TRUE(answer.ok()) << answer.status();
      EXPECT_EQ(*answer, "answer to " + std::to_string(i));
      std::lock_guard lock(counter.mutex);
      if (++counter.answered == kCalls) counter.all.notify_all();
    });
  }
  std::unique_lock lock(counter.mutex);
  ASSERT_TRUE(counter.all.wait_for(lock, kPatience, [&] { return counter.answered == kCalls; }));
  const auto got = received();
  ASSERT_EQ(got.size(), static_cast<size_t>(kCalls));
  for (int i = 0; i < kCalls; ++i) ASSERT_EQ(got[static_cast<size_t>(i)], "demo " + std::to_string(i));
}

TEST_F(LinkTest, LargeCallsAndAnswersPass) {
  const std::string body(3 << 20, 'x');
  const Result answer = Ask(CallOf(body));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->size(), body.size() + 10);
}

TEST_F(LinkTest, FailuresCarryReasonTimeAndFields) {
  const Result answer = Ask({.method = pb::METHOD_GET_CONFIG, .tenant = kTenant, .body = {}});
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(answer.status()), "REQUEST_TOO_OLD");
  EXPECT_EQ(ShardTimeOf(answer.status()), Instant{5000000});
  EXPECT_EQ(FieldViolations(answer.status()), (std::vector<FieldViolation>{{"a.b", "must be c"}}));
  const Result unserved = Ask({.method = pb::METHOD_SUBMIT, .tenant = kTenant, .body = {}});
  EXPECT_EQ(ErrorReason(unserved.status()), "METHOD_NOT_SERVED");
}

TEST_F(LinkTest, WithoutCreditOneLaneIsRefusedAndTheOthersGoOn) {
  Hold(true);
  const size_t credit = CallCredit(Lane::kReads);
  for (size_t i = 0; i < credit; ++i) link_->Call(CallOf("read", Lane::kReads), [](Result) {});
  ASSERT_TRUE(AwaitHeld(credit));
  const Result refused = Ask(CallOf("one more", Lane::kReads));
  EXPECT_TRUE(absl::IsResourceExhausted(refused.status()));
  EXPECT_EQ(ErrorReason(refused.status()), refusal::kMailboxFull);
  LinkCall of_another = CallOf("of another shard", Lane::kReads);
  of_another.shard = 1;
  Hold(false);
  EXPECT_TRUE(Ask(std::move(of_another)).ok());
  EXPECT_TRUE(Ask(CallOf("live", Lane::kLiveWork)).ok());
  EXPECT_TRUE(Ask(CallOf("again", Lane::kReads)).ok());
}

TEST_F(LinkTest, ATenantThatFloodsNewContactsLeavesCreditForTheOthers) {
  Hold(true);
  const size_t share = CallCredit(Lane::kNewContacts) / 2;
  for (size_t i = 0; i < share; ++i) link_->Call(CallOf("new", Lane::kNewContacts), [](Result) {});
  ASSERT_TRUE(AwaitHeld(share));
  EXPECT_EQ(ErrorReason(Ask(CallOf("one more", Lane::kNewContacts)).status()), refusal::kMailboxFull);
  LinkCall of_another = CallOf("quiet", Lane::kNewContacts);
  of_another.tenant = TenantId{"another"};
  link_->Call(std::move(of_another), [](Result) {});
  EXPECT_TRUE(AwaitHeld(share + 1));
  Hold(false);
  // Credit is back when the answers are.
  const auto until = std::chrono::steady_clock::now() + kPatience;
  Result again = Ask(CallOf("again", Lane::kNewContacts));
  while (!again.ok() && std::chrono::steady_clock::now() < until) {
    again = Ask(CallOf("again", Lane::kNewContacts));
    std::this_thread::yield();
  }
  EXPECT_TRUE(again.ok()) << again.status();
}

TEST_F(LinkTest, ABrokenStreamFailsWhatIsUnansweredAndTheNextCallConnectsAgain) {
  Hold(true);
  const Result lost = Await<Result>([&](auto done) {
    link_->Call(CallOf("lost"), std::move(done));
    ASSERT_TRUE(AwaitHeld(1));
    link_->Break();
  });
  EXPECT_TRUE(absl::IsUnavailable(lost.status()));
  EXPECT_EQ(ErrorReason(lost.status()), "LINK_BROKEN");
  EXPECT_FALSE(WasNotSent(lost.status()));
  Hold(false);  // its answer has nowhere to go
  EXPECT_TRUE(Ask(CallOf("again")).ok());
}

TEST_F(LinkTest, WithoutAServerCallsFailAtOnceAndServeAgainWhenItIsBack) {
  server_.Stop();
  Result answer = Ask(CallOf("nobody"));
  EXPECT_TRUE(WasNotSent(answer.status())) << answer.status();
  server_.Start();
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (!answer.ok() && std::chrono::steady_clock::now() < until) {
    answer = Ask(CallOf("again"));
    std::this_thread::yield();
  }
  EXPECT_TRUE(answer.ok()) << answer.status();
}

TEST_F(LinkTest, ACallThatIsNotAnsweredInTimeFails) {
  Hold(true);
  LinkCall call = CallOf("slow");
  call.timeout = Duration::Milliseconds(100);
  const Result late = Ask(std::move(call));
  EXPECT_TRUE(absl::IsUnavailable(late.status()));
  EXPECT_EQ(ErrorReason(late.status()), "NO_ANSWER");
  Hold(false);
  EXPECT_TRUE(Ask(CallOf("next")).ok());
}

TEST_F(LinkTest, FeedsGiveTheirItemsInOrderAndEnd) {
  auto heard = std::make_shared<Heard>();
  auto feed = Follow(heard);
  auto items = AwaitFeed(1);
  for (int i = 0; i < 1000; ++i) items->Push(std::to_string(i));
  items->sink->End(absl::OkStatus());
  ASSERT_TRUE(heard->AwaitItems(1000));
  EXPECT_EQ(heard->AwaitEnd(), absl::OkStatus());
  const auto got = heard->items();
  for (size_t i = 0; i < got.size(); ++i) ASSERT_EQ(got[i], std::to_string(i));
}

TEST_F(LinkTest, ARefusedFeedEndsWithTheReason) {
  auto heard = std::make_shared<Heard>();
  auto feed = Follow(heard, "refused");
  EXPECT_EQ(ErrorReason(*heard->AwaitEnd()), "INVALID_FIELD");
}

TEST_F(LinkTest, AFeedThatIsNotTakenStopsAloneAndOthersGoOn) {
  auto slow = std::make_shared<Heard>();
  auto quick = std::make_shared<Heard>();
  auto other_link = std::make_unique<LinkClient>(server_.address(), server_.ClientOptions());
  auto slow_feed = Follow(slow);
  auto slow_items = AwaitFeed(1);
  auto quick_feed = other_link->Follow({.method = pb::METHOD_READ, .tenant = kTenant, .body = {}}, quick);
  auto quick_items = AwaitFeed(2);
  slow->Stick(true);
  const std::string item(4096, 'x');
  for (int i = 0; i < 100; ++i) slow_items->Push(item);
  ASSERT_TRUE(slow->AwaitItems(1));
  for (int i = 0; i < 100; ++i) quick_items->Push(item);
  ASSERT_TRUE(quick->AwaitItems(100));
  // What was sent and not taken is bounded by the credit, however much waits.
  EXPECT_LE(slow_items->Given() * item.size(), kFeedCredit + item.size());
  slow->Stick(false);
  EXPECT_TRUE(slow->AwaitItems(100));
}

TEST_F(LinkTest, AClosedFeedIsToldNothingMore) {
  auto heard = std::make_shared<Heard>();
  auto feed = Follow(heard);
  auto items = AwaitFeed(1);
  items->Push("one");
  ASSERT_TRUE(heard->AwaitItems(1));
  feed.reset();
  items->Push("two");
  EXPECT_TRUE(Ask(CallOf("after")).ok());
  EXPECT_EQ(heard->items().size(), 1u);
}

TEST_F(LinkTest, AStandingFeedIsOpenedAgain) {
  struct Told {
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<std::string> items;
    bool Await(size_t count) {
      std::unique_lock lock(mutex);
      return changed.wait_for(lock, kPatience, [&] { return items.size() >= count; });
    }
  } told;
  StandingFeedPlan plan;
  plan.open = [&](std::shared_ptr<FeedEvents> events) { return Follow(std::move(events)); };
  plan.on_item = [&](std::string_view item) {
    std::lock_guard lock(told.mutex);
    told.items.emplace_back(item);
    told.changed.notify_all();
  };
  plan.on_ended = [](const absl::Status&) { ADD_FAILURE() << "it should stand"; };
  plan.timer = &server_.timer();
  StandingFeed feed(std::move(plan));
  AwaitFeed(1)->Push("first");
  ASSERT_TRUE(told.Await(1));
  link_->Break();
  AwaitFeed(2)->Push("second");
  ASSERT_TRUE(told.Await(2));
  AwaitFeed(2)->sink->End(absl::UnavailableError("the shard is not served here any more"));
  AwaitFeed(3)->Push("third");
  EXPECT_TRUE(told.Await(3));
}

TEST_F(LinkTest, WhoHasNoServicesTokenIsRefused) {
  const auto code_with = [&](const std::string& token, const TenantId& tenant, LinkMethod method) {
    LinkOptions options = server_.ClientOptions();
    options.token = [token] { return token; };
    LinkClient link(server_.address(), options);
    return Await<Result>(
               [&](auto done) { link.Call({.method = method, .tenant = tenant, .body = {}}, std::move(done)); })
        .status();
  };
  using security::Role;
  const auto service = server_.Token({.tenant = "demo", .subject = "test", .role = Role::kService});
  EXPECT_TRUE(code_with(service, kTenant, pb::METHOD_SEND_COMMAND).ok());
  EXPECT_EQ(ErrorReason(code_with(service, {"other"}, pb::METHOD_SEND_COMMAND)), "TENANT_DENIED");
  EXPECT_EQ(ErrorReason(code_with(service, {""}, pb::METHOD_SEND_COMMAND)), "TENANT_DENIED");
  for (const std::string& token :
       {std::string(), std::string("garbage"), server_.Token({.tenant = "demo", .subject = "a", .role = Role::kAgent}),
        server_.Token({.tenant = "demo", .subject = "o", .role = Role::kAdmin}),
        server_.Token({.tenant = "demo", .subject = "i", .role = Role::kIntegrator})}) {
    const absl::Status refused = code_with(token, kTenant, pb::METHOD_SEND_COMMAND);
    EXPECT_EQ(ErrorReason(refused), "LINK_BROKEN");
  }
  EXPECT_EQ(received().size(), 1u);  // the one that was allowed
}

TEST_F(LinkTest, ATenantThatMovedIsFollowedInOrder) {
  // The first server says who owns the tenant; what was asked of it goes to the second in its order.
  LoopbackServer second;
  std::mutex mutex;
  std::vector<std::string> got;
  second.links().ServeCall(pb::METHOD_SEND_COMMAND, [&](IncomingCall call, LinkAnswer answer) {
    {
      std::lock_guard lock(mutex);
      got.push_back(call.body);
    }
    answer(std::string("second"));
  });
  second.Start();
  LoopbackServer first;
  first.links().ServeCall(pb::METHOD_SEND_COMMAND,
                          [&](IncomingCall, LinkAnswer answer) { answer(NotOwner(second.address())); });
  first.Start();
  LinkOptions options = first.ClientOptions();
  options.token = [&, calls = std::make_shared<int>(0)] {
    const security::TokenClaims claims{.tenant = "*", .subject = "test", .role = security::Role::kService};
    return ++*calls == 1 ? first.Token(claims) : second.Token(claims);
  };
  StaticShardMap map({first.address()}, {});
  LinkRouter router(ShardKind::kRouting, &map, options);
  constexpr int kCalls = 500;
  std::condition_variable all;
  int answered = 0;
  for (int i = 0; i < kCalls; ++i) {
    router.Call(CallOf(std::to_string(i)), [&](Result answer) {
      EXPECT_TRUE(answer.ok()) << answer.status();
      std::lock_guard lock(mutex);
      if (++answered == kCalls) all.notify_all();
    });
  }
  std::unique_lock lock(mutex);
  ASSERT_TRUE(all.wait_for(lock, kPatience, [&] { return answered == kCalls; }));
  ASSERT_EQ(got.size(), static_cast<size_t>(kCalls));
  for (int i = 0; i < kCalls; ++i) EXPECT_EQ(got[static_cast<size_t>(i)], std::to_string(i));
  EXPECT_EQ(map.Find(ShardKind::kRouting, kTenant).address, second.address());
}

}  // namespace
}  // namespace meridian
