#include "libs/runtime/retry_budget.h"

#include <gtest/gtest.h>

#include "libs/testing/fake_clock.h"

namespace meridian {
namespace {

class RetryBudgetTest : public ::testing::Test {
 protected:
  int TakeAll(RetryBudget& budget) {
    int taken = 0;
    while (budget.TryAgain(clock_.MonotonicNow())) ++taken;
    return taken;
  }

  testing::FakeClock clock_;
};

TEST_F(RetryBudgetTest, ATenthOfTheCallsMayBeMadeAgain) {
  RetryBudget budget;
  TakeAll(budget);
  for (int i = 0; i < 995; ++i) budget.OnCall();
  EXPECT_EQ(TakeAll(budget), 99);
  for (int i = 0; i < 5; ++i) budget.OnCall();
  EXPECT_EQ(TakeAll(budget), 1) << "what was left counts";
}

TEST_F(RetryBudgetTest, AFewPerSecondMayBeMadeAgainWhoeverCalls) {
  RetryBudget budget;
  EXPECT_EQ(TakeAll(budget), 100) << "what ten seconds give";
  clock_.Advance(Duration::Milliseconds(50));
  EXPECT_EQ(TakeAll(budget), 0);
  clock_.Advance(Duration::Milliseconds(50));
  EXPECT_EQ(TakeAll(budget), 1);
  clock_.Advance(Duration::Seconds(2));
  EXPECT_EQ(TakeAll(budget), 20);
}

TEST_F(RetryBudgetTest, WhatIsNotUsedIsKeptUpToABound) {
  RetryBudget budget({.permille_of_calls = 100, .per_second = 10, .most = 30});
  EXPECT_EQ(TakeAll(budget), 30);
  for (int i = 0; i < 100000; ++i) budget.OnCall();
  EXPECT_EQ(TakeAll(budget), 30);
  clock_.Advance(Duration::Hours(1));
  EXPECT_EQ(TakeAll(budget), 30);
}

}  // namespace
}  // namespace meridian
