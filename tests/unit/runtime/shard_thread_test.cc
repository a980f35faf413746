#include "libs/runtime/shard_thread.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <future>
#include <map>
#include <mutex>
#include <new>
#include <string>
#include <thread>

#include "libs/runtime/log_follower.h"
#include "libs/runtime/shard_loop.h"
#include "libs/runtime/thread_name.h"
#include "libs/store/memory_store.h"
#include "tests/unit/runtime/counter_program.h"

namespace meridian {
namespace {

using Loop = ShardLoop<CounterProgram>;

// Counts down on any thread; Wait is false when it took longer than a test may.
class Countdown {
 public:
  explicit Countdown(int count) : count_(count) {}
  void Done() {
    std::lock_guard<std::mutex> lock(mutex_);
    if (--count_ == 0) done_.notify_all();
  }
  bool Wait() {
    std::unique_lock<std::mutex> lock(mutex_);
    return done_.wait_for(lock, std::chrono::seconds(60), [this] { return count_ <= 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable done_;
  int count_;
};

class ShardThreadTest : public ::testing::Test {
 protected:
  std::unique_ptr<Loop> MakeLoop(uint32_t number) {
    ShardLoopOptions options;
    options.identity.shard = {ShardKind::kRouting, number};
    options.identity.owner = "test";
    options.identity.nonce = number;
    ShardHooks<CounterProgram> hooks;
    hooks.on_message = [this](std::string&&) { ++messages_; };
    return std::make_unique<Loop>(std::make_unique<CounterProgram>(), options,
                                  ShardPorts{&store_, &store_.leases(), &monotonic_, &wall_}, std::move(hooks));
  }

  SystemMonotonicClock monotonic_;
  SystemWallClock wall_;
  // A thread of the store answers, as the real one does.
  MemoryStore store_{MemoryStore::Options{true, &monotonic_}};
  std::atomic<bool> stop_store_{false};
  std::thread store_thread_{[this] {
    while (!stop_store_) {
      if (!store_.Step()) std::this_thread::yield();
    }
  }};
  std::atomic<int> messages_{0};

  ~ShardThreadTest() override {
    stop_store_ = true;
    store_thread_.join();
  }
};

TEST_F(ShardThreadTest, ManyThreadsPostToTwoLoopsOnOneThread) {
  constexpr int kThreads = 4;
  constexpr int kEach = 500;
  auto first = MakeLoop(1);
  auto second = MakeLoop(2);
  ShardThread thread(&monotonic_);
  thread.Add(first.get());
  thread.Add(second.get());
  thread.Start();
  first->Start();
  second->Start();
  Countdown answers(kThreads * kEach);
  Countdown queries(kThreads);
  std::vector<std::thread> producers;
  for (int producer = 0; producer < kThreads; ++producer) {
    producers.emplace_back([&, producer] {
      Loop& loop = producer % 2 == 0 ? *first : *second;
      for (int i = 0; i < kEach; ++i) {
        Loop::Done done = [&answers](CounterAnswer&& answer) {
          EXPECT_TRUE(answer.refusal.ok());
          answers.Done();
        };
        CounterCommand command{"a", 1};
        while (!loop.Post(std::move(command), Lane::kLiveWork, std::move(done)).ok()) std::this_thread::yield();
      }
      loop.Query([](const CounterProgram& program) { return program.Value("a"); },
                 [&queries](absl::StatusOr<int64_t> value) {
                   EXPECT_TRUE(value.ok());
                   queries.Done();
                 });
    });
  }
  for (std::thread& producer : producers) producer.join();
  ASSERT_TRUE(answers.Wait());
  ASSERT_TRUE(queries.Wait());
  EXPECT_TRUE(thread.Drain(Duration::Seconds(30)));
  EXPECT_EQ(first->program().Value("a"), kThreads / 2 * kEach);
  EXPECT_EQ(second->program().Value("a"), kThreads / 2 * kEach);
  EXPECT_EQ(messages_, kThreads * kEach);
  EXPECT_EQ(first->state(), ShardState::kStopped);
}

TEST_F(ShardThreadTest, TimersWakeTheThread) {
  auto loop = MakeLoop(1);
  ShardThread thread(&monotonic_);
  thread.Add(loop.get());
  thread.Start();
  loop->Start();
  Countdown set(1);
  CounterCommand command{"a"};
  command.alarm_at = wall_.Now() + Duration::Milliseconds(50);
  Loop::Done done = [&set](CounterAnswer&&) { set.Done(); };
  ASSERT_TRUE(loop->Post(std::move(command), Lane::kLiveWork, std::move(done)).ok());
  ASSERT_TRUE(set.Wait());
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (messages_ == 0 && std::chrono::steady_clock::now() < give_up) std::this_thread::yield();
  EXPECT_EQ(messages_, 1);
  EXPECT_TRUE(thread.Drain(Duration::Seconds(30)));
}

TEST_F(ShardThreadTest, FollowerStopsWithItsLoop) {
  auto loop = MakeLoop(1);
  LogFollowerPorts ports;
  ports.log = &store_;
  ports.clock = &monotonic_;
  std::atomic<int> delivered{0};
  ports.stored_position = [](auto done) { done(LogPosition{}); };
  ports.deliver = [&](FollowedEntry, absl::AnyInvocable<void(absl::Status)> done) {
    ++delivered;
    done(absl::OkStatus());
  };
  LogFollower follower({loop->shard(), "test"}, ports);
  ShardThread thread(&monotonic_);
  thread.Add(loop.get());
  thread.Add(&follower);
  thread.Start();
  loop->Start();
  follower.Start();
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (delivered == 0 && std::chrono::steady_clock::now() < give_up) std::this_thread::yield();
  EXPECT_EQ(delivered, 1) << "the entry that opens the term";
  EXPECT_TRUE(thread.Drain(Duration::Seconds(30)));
  EXPECT_TRUE(follower.stopped());
}

TEST_F(ShardThreadTest, DrainGivesUpOnAStoreThatDoesNotAnswer) {
  auto loop = MakeLoop(1);
  ShardThread thread(&monotonic_);
  thread.Add(loop.get());
  thread.Start();
  loop->Start();
  Countdown served(1);
  Loop::Done done = [&served](CounterAnswer&&) { served.Done(); };
  CounterCommand command{"a", 1};
  ASSERT_TRUE(loop->Post(std::move(command), Lane::kLiveWork, std::move(done)).ok());
  ASSERT_TRUE(served.Wait());
  stop_store_ = true;
  store_thread_.join();
  store_thread_ = std::thread([] {});
  Loop::Done never = [](CounterAnswer&& answer) { EXPECT_EQ(ReasonOf(answer.refusal), "SHUTTING_DOWN"); };
  CounterCommand last{"a", 1};
  ASSERT_TRUE(loop->Post(std::move(last), Lane::kLiveWork, std::move(never)).ok());
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (store_.waiting() == 0 && std::chrono::steady_clock::now() < give_up) std::this_thread::yield();
  EXPECT_FALSE(thread.Drain(Duration::Milliseconds(100)));
}

// What a callback of the store does when it comes after the thread's end and before its loop's: it must touch nothing
// of the thread. The bytes where it was tell.
TEST(ShardThreadWakeTest, AWakeAfterTheEndOfTheThreadTouchesNothingOfIt) {
  class Keeper final : public Stepped {
   public:
    void SetWaker(std::function<void()> waker) override { waker_ = std::move(waker); }
    bool Step() override { return false; }
    MonotonicInstant NextWake() override { return MonotonicInstant::Never(); }
    void RequestStop() override {}
    bool stopped() const override { return true; }

    std::function<void()> waker_;
  };
  SystemMonotonicClock monotonic;
  Keeper keeper;
  alignas(ShardThread) std::array<unsigned char, sizeof(ShardThread)> place;
  auto* thread = new (place.data()) ShardThread(&monotonic);
  thread->Add(&keeper);
  thread->~ShardThread();
  std::array<unsigned char, sizeof(ShardThread)> nothing{};
  place = nothing;
  keeper.waker_();
  EXPECT_EQ(place, nothing);
}

TEST(ShardThreadWakeTest, AStepThatDoesNotComeBackIsSeen) {
  class Hanging final : public Stepped {
   public:
    void SetWaker(std::function<void()>) override {}
    bool Step() override {
      if (!stopping_) released_.get_future().wait();
      return false;
    }
    MonotonicInstant NextWake() override { return MonotonicInstant::Never(); }
    void RequestStop() override { stopping_ = true; }
    bool stopped() const override { return stopping_; }

    std::promise<void> released_;
    std::atomic<bool> stopping_{false};
  };
  SystemMonotonicClock monotonic;
  Hanging hanging;
  ShardThread thread(&monotonic);
  thread.Add(&hanging);
  EXPECT_EQ(thread.LateBy(), Duration::Zero());
  thread.Start();
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (thread.LateBy() < Duration::Milliseconds(20) && std::chrono::steady_clock::now() < until) {
    std::this_thread::yield();
  }
  EXPECT_GE(thread.LateBy(), Duration::Milliseconds(20));
  hanging.stopping_ = true;
  hanging.released_.set_value();
  EXPECT_TRUE(thread.Drain(Duration::Seconds(60)));
  EXPECT_EQ(thread.LateBy(), Duration::Zero());
}

TEST(ShardThreadWakeTest, ItsThreadHasAName) {
  class NameReader final : public Stepped {
   public:
    void SetWaker(std::function<void()>) override {}
    bool Step() override {
      std::array<char, kMaxThreadName + 1> name{};
      pthread_getname_np(pthread_self(), name.data(), name.size());
      name_ = name.data();
      return false;
    }
    MonotonicInstant NextWake() override { return MonotonicInstant::Never(); }
    void RequestStop() override {}
    bool stopped() const override { return true; }

    std::string name_;
  };
  SystemMonotonicClock monotonic;
  NameReader reader;
  ShardThread thread(&monotonic, "routing-shards");
  thread.Add(&reader);
  thread.Start();
  EXPECT_TRUE(thread.Drain(Duration::Seconds(60)));
  EXPECT_EQ(reader.name_, "routing-shards");
}

}  // namespace
}  // namespace meridian
