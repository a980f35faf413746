#include "libs/routing/timer_heap.h"

#include <gtest/gtest.h>

#include <map>
#include <tuple>

namespace meridian {
namespace {

TEST(TimerHeapTest, EarliestFirstThenKindThenTie) {
  TimerHeap heap;
  EXPECT_EQ(heap.NextAt(), Instant::Never());
  heap.Set(TimerKind::kContact, 0, {0, 2}, Instant{5});
  heap.Set(TimerKind::kContact, 1, {0, 1}, Instant{5});
  heap.Set(TimerKind::kAgent, 0, {9, 9}, Instant{5});
  heap.Set(TimerKind::kShift, 0, {9, 9}, Instant{6});
  EXPECT_EQ(heap.NextAt(), Instant{5});
  EXPECT_EQ(heap.Pop().kind, TimerKind::kAgent);
  EXPECT_EQ(heap.Pop().owner, 1u);
  EXPECT_EQ(heap.Pop().owner, 0u);
  EXPECT_EQ(heap.Pop().kind, TimerKind::kShift);
  EXPECT_EQ(heap.size(), 0u);
}

TEST(TimerHeapTest, OwnersHaveOneTimerThatMovesAndGoes) {
  TimerHeap heap;
  heap.Set(TimerKind::kAgent, 3, {}, Instant{10});
  heap.Set(TimerKind::kAgent, 3, {}, Instant{4});
  heap.Set(TimerKind::kAgent, 3, {}, Instant{7});
  EXPECT_EQ(heap.size(), 1u);
  EXPECT_EQ(heap.NextAt(), Instant{7});
  heap.Remove(TimerKind::kAgent, 3);
  heap.Remove(TimerKind::kAgent, 99);  // never set
  EXPECT_EQ(heap.NextAt(), Instant::Never());
}

TEST(TimerHeapTest, AgreesWithAnOrderedMap) {
  TimerHeap heap;
  std::map<uint32_t, Instant> model;
  uint64_t state = 12345;
  const auto next = [&state](uint64_t n) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return (state >> 33) % n;
  };
  for (int i = 0; i < 20000; ++i) {
    const auto owner = static_cast<uint32_t>(next(200));
    if (next(4) == 0) {
      heap.Remove(TimerKind::kContact, owner);
      model.erase(owner);
    } else {
      const Instant at{static_cast<int64_t>(next(1000))};
      heap.Set(TimerKind::kContact, owner, {0, owner}, at);
      model[owner] = at;
    }
    ASSERT_EQ(heap.size(), model.size());
    if (next(10) != 0 || model.empty()) continue;
    auto first = model.begin();
    for (auto it = model.begin(); it != model.end(); ++it) {
      if (std::tie(it->second, it->first) < std::tie(first->second, first->first)) first = it;
    }
    ASSERT_EQ(heap.Pop().owner, first->first);
    model.erase(first);
  }
}

}  // namespace
}  // namespace meridian
