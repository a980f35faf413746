#include "libs/placement/shard_keeper.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>

#include "libs/error/error.h"
#include "libs/placement/placement_plan.h"
#include "libs/runtime/refusal.h"
#include "libs/store/memory_store.h"
#include "libs/testing/await.h"

namespace meridian {
namespace {

constexpr uint32_t kNoShard = 1000;
constexpr Duration kPatience = Duration::Seconds(30);

// A process whose shards do what they are told, at once or, when it hangs, never.
class Process {
 public:
  Process(MemoryStore& store, std::string address, std::string trust = "key/tls")
      : map_(&store.placement(), &store, &timer_, Duration::Milliseconds(20)),
        keeper_(
            {.kind = ShardKind::kRouting, .address = address, .trust = trust, .announce = Duration::Milliseconds(20)},
            {&store.placement(), &map_, &timer_, &clock_, [this](uint32_t shard) { Open(shard); },
             [this](const std::vector<uint32_t>& shards) { Close(shards); },
             [this](uint32_t shard) { return shard == hanging_; },
             [this](const absl::Status& status) { OnAdmitted(status); }}) {
    EXPECT_TRUE(map_.AwaitRead(kPatience));
    keeper_.Start();
  }

  ShardKeeper& keeper() { return keeper_; }
  PlacedShardMap& map() { return map_; }
  size_t opened() {
    std::lock_guard lock(mutex_);
    return opened_;
  }
  // What the placement said last of the process; waits for the first time.
  absl::StatusCode AwaitAdmission(size_t times) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(
        changed_.wait_for(lock, std::chrono::nanoseconds(kPatience.ns), [&] { return admissions_.size() >= times; }));
    return admissions_.empty() ? absl::StatusCode::kUnknown : admissions_.back();
  }
  // Whoever steps the shard does not come back.
  void Hang(uint32_t shard) { hanging_ = shard; }
  void Hang() {
    std::lock_guard lock(mutex_);
    hangs_ = true;
  }

 private:
  void OnAdmitted(const absl::Status& status) {
    std::lock_guard lock(mutex_);
    admissions_.push_back(status.code());
    changed_.notify_all();
  }
  void Open(uint32_t shard) {
    {
      std::lock_guard lock(mutex_);
      ++opened_;
    }
    keeper_.OnState(shard, ShardState::kAcquiring);
    keeper_.OnState(shard, ShardState::kServing);
  }
  void Close(const std::vector<uint32_t>& shards) {
    {
      std::lock_guard lock(mutex_);
      if (hangs_) return;
    }
    for (const uint32_t shard : shards) keeper_.OnState(shard, ShardState::kStopped);
  }

  const SystemMonotonicClock clock_;
  rpc::DeadlineTimer timer_;
  PlacedShardMap map_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<absl::StatusCode> admissions_;
  std::atomic<uint32_t> hanging_{kNoShard};
  size_t opened_ = 0;
  bool hangs_ = false;
  ShardKeeper keeper_;
};

class ShardKeeperTest : public ::testing::Test {
 protected:
  ShardKeeperTest() {
    store_.placement().FixCount(ShardKind::kRouting, 16, [](const auto&) {});
    store_.placement().FixCount(ShardKind::kSession, 16, [](const auto&) {});
    watch_ = store_.placement().Watch([this] {
      std::lock_guard lock(mutex_);
      ++changes_;
      changed_.notify_all();
    });
  }
  std::map<std::string, size_t> Counts() {
    const auto view =
        testing::Await<absl::StatusOr<PlacementView>>([&](auto done) { store_.placement().View(std::move(done)); });
    std::map<std::string, size_t> counts;
    for (const auto& [shard, address] : OwnersOf(*view, ShardKind::kRouting)) ++counts[address];
    return counts;
  }
  std::vector<uint32_t> ServedBy(const std::string& address) {
    const auto view =
        testing::Await<absl::StatusOr<PlacementView>>([&](auto done) { store_.placement().View(std::move(done)); });
    std::vector<uint32_t> shards;
    for (const auto& [shard, owner] : OwnersOf(*view, ShardKind::kRouting)) {
      if (owner == address) shards.push_back(shard);
    }
    return shards;
  }
  void AwaitCounts(const std::map<std::string, size_t>& counts) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::nanoseconds(kPatience.ns);
    std::unique_lock lock(mutex_);
    while (true) {
      const size_t seen = changes_;
      lock.unlock();  // what is announced meanwhile needs it
      if (Counts() == counts) return;
      lock.lock();
      // A process that is not heard of any more is no change.
      const auto look = std::chrono::steady_clock::now() + std::chrono::milliseconds(50);
      changed_.wait_until(lock, look, [&] { return changes_ != seen; });
      ASSERT_LT(std::chrono::steady_clock::now(), until);
    }
  }

  const SystemMonotonicClock clock_;
  MemoryStore store_{{.monotonic = &clock_}};
  std::mutex mutex_;
  std::condition_variable changed_;
  size_t changes_ = 0;
  std::unique_ptr<ShardPlacement::Subscription> watch_;
};

TEST_F(ShardKeeperTest, TheShardsAreSharedAndComeBack) {
  Process a(store_, "a:1");
  AwaitCounts({{"a:1", 16}});
  {
    Process b(store_, "b:1");
    AwaitCounts({{"a:1", 8}, {"b:1", 8}});
    EXPECT_EQ(b.opened(), 8U);
    EXPECT_TRUE(b.keeper().Leave(kPatience));
    AwaitCounts({{"a:1", 16}});
  }
  EXPECT_EQ(a.opened(), 24U) << "nothing moves without need";
}

TEST_F(ShardKeeperTest, WhoDiesIsMissed) {
  Process a(store_, "a:1");
  {
    Process b(store_, "b:1");
    AwaitCounts({{"a:1", 8}, {"b:1", 8}});
  }
  AwaitCounts({{"a:1", 16}});
}

TEST_F(ShardKeeperTest, AWishIsFulfilled) {
  Process a(store_, "a:1"), b(store_, "b:1");
  AwaitCounts({{"a:1", 8}, {"b:1", 8}});
  for (uint32_t shard = 0; shard < 16; ++shard) {
    store_.placement().Wish({ShardKind::kRouting, shard}, "b:1", [](const absl::Status&) {});
  }
  AwaitCounts({{"b:1", 16}});
}

TEST_F(ShardKeeperTest, OnlyWhatIsHeldIsServedAndTheOwnerIsNamed) {
  Process a(store_, "a:1");
  AwaitCounts({{"a:1", 16}});
  EXPECT_TRUE(a.keeper().Check(TenantId{"acme"}).ok());
  EXPECT_TRUE(a.keeper().Leave(kPatience));
  Process b(store_, "b:1");
  AwaitCounts({{"b:1", 16}});
  a.map().Refresh();
  std::string owner;
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (owner.empty() && std::chrono::steady_clock::now() < until) {
    const absl::Status status = a.keeper().Check(TenantId{"acme"});
    ASSERT_EQ(ErrorReason(status), refusal::kNotOwner);
    owner = ErrorMetadataOf(status).at("owner");
    std::this_thread::yield();
  }
  EXPECT_EQ(owner, "b:1");
}

TEST_F(ShardKeeperTest, WhoHasAnotherKeyTakesNothingWhileTheOthersLive) {
  auto a = std::make_unique<Process>(store_, "a:1");
  AwaitCounts({{"a:1", 16}});
  Process b(store_, "b:1", "another/tls");
  EXPECT_EQ(b.AwaitAdmission(1), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(b.opened(), 0U);
  EXPECT_TRUE(a->keeper().Leave(kPatience));
  EXPECT_EQ(b.AwaitAdmission(2), absl::StatusCode::kOk);
  AwaitCounts({{"b:1", 16}});
}

TEST_F(ShardKeeperTest, WhoHangsLosesItsShardsAndGetsItsShareWhenItGoesOn) {
  Process a(store_, "a:1"), b(store_, "b:1");
  AwaitCounts({{"a:1", 8}, {"b:1", 8}});
  const uint32_t shard = ServedBy("a:1").front();
  const size_t opened = a.opened();
  a.Hang(shard);
  AwaitCounts({{"b:1", 16}});
  EXPECT_EQ(a.opened(), opened) << "it does not take what it has";
  a.Hang(kNoShard);
  a.keeper().OnState(shard, ShardState::kAcquiring);  // its lease was over
  AwaitCounts({{"a:1", 8}, {"b:1", 8}});
  EXPECT_TRUE(a.keeper().Leave(kPatience)) << "nothing is left behind";
  AwaitCounts({{"b:1", 16}});
}

TEST_F(ShardKeeperTest, LeavingDoesNotWaitForEver) {
  Process a(store_, "a:1");
  AwaitCounts({{"a:1", 16}});
  a.Hang();
  EXPECT_FALSE(a.keeper().Leave(Duration::Milliseconds(100)));
}

TEST_F(ShardKeeperTest, AShardThatIsGivenBackIsOpenedAnew) {
  Process a(store_, "a:1");
  AwaitCounts({{"a:1", 16}});
  a.keeper().GiveBack(3);
  std::unique_lock lock(mutex_);
  EXPECT_TRUE(changed_.wait_for(lock, std::chrono::nanoseconds(kPatience.ns), [&] { return a.opened() == 17; }));
}

}  // namespace
}  // namespace meridian
