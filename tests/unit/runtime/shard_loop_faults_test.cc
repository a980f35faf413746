// Seeded worlds of faults: clients that send each command until it is answered, a store that refuses, forgets to
// answer, replicates late and goes down, processes that die. Whatever happens, every command takes effect exactly once
// and its answer is the one that it got first.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <string>

#include "tests/unit/runtime/counter_world.h"

namespace meridian {
namespace {

using Fault = ScriptedStore::Fault;

class FaultWorld {
 public:
  explicit FaultWorld(uint64_t seed) : random_(seed), world_(Options()) { world_.Boot(); }

  void Run(int steps) {
    for (int i = 0; i < steps && !::testing::Test::HasFailure(); ++i) {
      Act();
      Collect();
    }
  }

  // No more faults; every command must get its answer.
  void Heal() {
    world_.store().SetDown(false);
    world_.store().SetLeaseDown(false);
    world_.store().RefuseAll(RefusalReason::kNone);
    for (int round = 0; round < 100 && answers_.size() < sent_.size(); ++round) {
      world_.store().Replicate();
      world_.Pass(Duration::Milliseconds(500));
      Collect();
      SendAllAgain();
      world_.Settle();
      world_.store().Replicate();
      Collect();
    }
  }

  void Check() {
    ASSERT_EQ(answers_.size(), sent_.size()) << "progress after the faults ended";
    EXPECT_EQ(world_.program().Value("a"), static_cast<int64_t>(sent_.size()));
    std::set<std::string> values;
    for (const auto& [label, value] : answers_) values.insert(value);
    EXPECT_EQ(values.size(), answers_.size()) << "each command saw a value of its own";
  }

  size_t commands() const { return sent_.size(); }

 private:
  static ShardLoopOptions Options() {
    ShardLoopOptions options;
    options.identity.lease_ttl = Duration::Seconds(1);
    return options;
  }
  uint64_t Pick(uint64_t below) { return random_() % below; }

  void Act() {
    switch (Pick(12)) {
      case 0:
      case 1:
      case 2:
        return Send(sent_.size());
      case 3:
        return SendAllAgain();
      case 4:
        return PlanFault();
      case 5:
        return world_.store().SetDown(Pick(3) == 0);
      case 6:
        return world_.store().SetLeaseDown(Pick(5) == 0);
      case 7:
        return world_.store().RefuseAll(Pick(6) == 0 ? RefusalReason::kNoSpace : RefusalReason::kNone);
      case 8:
        if (Pick(6) == 0) {
          world_.Crash();
          world_.Boot();
        }
        return;
      case 9:
        return world_.store().Replicate();
      case 10:
        return world_.clock().Advance(Duration::Milliseconds(static_cast<int64_t>(Pick(400))));
      default:
        world_.StepLoop();
        for (uint64_t calls = Pick(4); calls > 0; --calls) world_.store().Step();
    }
  }

  void PlanFault() {
    constexpr Fault kFaults[] = {Fault::kNone, Fault::kRefuse, Fault::kUnknownApplied, Fault::kUnknownLost,
                                 Fault::kNotReplicated};
    constexpr RefusalReason kReasons[] = {RefusalReason::kBroken, RefusalReason::kNoSpace, RefusalReason::kTooLarge};
    world_.store().Expect(kFaults[Pick(5)], kReasons[Pick(3)]);
  }

  void Send(size_t number) {
    const std::string label = "c" + std::to_string(number);
    auto [at, is_new] = sent_.try_emplace(label, RequestKey{});
    if (is_new) at->second = world_.Key(number);
    (void)world_.Post({"a", 1, std::nullopt, at->second}, label);
  }
  void SendAllAgain() {
    for (size_t number = 0; number < sent_.size(); ++number) {
      if (!answers_.contains("c" + std::to_string(number))) Send(number);
    }
  }

  void Collect() {
    for (const std::string& event : world_.TakeEvents()) {
      const size_t colon = event.find(": ");
      if (colon == std::string::npos) continue;
      const std::string value = event.substr(colon + 2);
      if (std::isdigit(static_cast<unsigned char>(value[0])) == 0) continue;  // a refusal: it is sent again
      auto [answer, is_new] = answers_.try_emplace(event.substr(0, colon), value);
      EXPECT_EQ(answer->second, value) << event << ": another answer than the first";
    }
  }

  std::mt19937_64 random_;
  CounterWorld world_;
  std::map<std::string, RequestKey> sent_;
  std::map<std::string, std::string> answers_;
};

TEST(ShardLoopFaultsTest, EveryCommandTakesEffectExactlyOnce) {
  size_t commands = 0;
  for (uint64_t seed = 1; seed <= 300 && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    FaultWorld world(seed);
    world.Run(400);
    world.Heal();
    world.Check();
    commands += world.commands();
  }
  EXPECT_GT(commands, 10000u);
}

}  // namespace
}  // namespace meridian
