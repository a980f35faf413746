#include "libs/conversation/client_numbers.h"

#include <gtest/gtest.h>

namespace meridian::conversation {
namespace {

using Verdict = ClientNumbers::Verdict;

TEST(ClientNumbersTest, ARepeatGetsTheNumberItGotFirst) {
  ClientNumbers numbers;
  EXPECT_EQ(numbers.Find(5, 0xaa).verdict, Verdict::kNew);
  numbers.Add(5, 1, 0xaa);
  numbers.Add(9, 4, 0xbb);
  EXPECT_EQ(numbers.Find(5, 0xaa).verdict, Verdict::kRepeat);
  EXPECT_EQ(numbers.Find(5, 0xaa).number, 1u);
  EXPECT_EQ(numbers.Find(9, 0xbb).number, 4u);
  EXPECT_EQ(numbers.Find(10, 0xbb).verdict, Verdict::kNew);
}

TEST(ClientNumbersTest, ANumberThatWasSkippedIsRefusedForEver) {
  ClientNumbers numbers;
  numbers.Add(5, 1, 0xaa);
  numbers.Add(9, 4, 0xbb);
  EXPECT_EQ(numbers.Find(7, 0xcc).verdict, Verdict::kTooOld);
  EXPECT_EQ(numbers.Find(1, 0xaa).verdict, Verdict::kTooOld);
}

TEST(ClientNumbersTest, TheSameNumberWithOtherWordsIsNoRepeat) {
  ClientNumbers numbers;
  numbers.Add(5, 1, 0xaa);
  EXPECT_EQ(numbers.Find(5, 0xab).verdict, Verdict::kReused);
}

TEST(ClientNumbersTest, RemembersExactlyTheLast64) {
  ClientNumbers numbers;
  for (uint32_t i = 1; i <= 65; ++i) numbers.Add(i, 10 * i, i);
  EXPECT_EQ(numbers.entries().size(), ClientNumbers::kRemembered);
  EXPECT_EQ(numbers.Find(1, 1).verdict, Verdict::kTooOld);
  EXPECT_EQ(numbers.Find(2, 2).number, 20u);
  EXPECT_EQ(numbers.Find(65, 65).number, 650u);
}

TEST(ClientNumbersTest, AfterForgettingOldNumbersAreRefusedAndNewOnesTaken) {
  ClientNumbers numbers;
  numbers.Add(5, 1, 0xaa);
  numbers.Forget();
  EXPECT_EQ(numbers.highest(), 5u);
  EXPECT_EQ(numbers.Find(5, 0xaa).verdict, Verdict::kTooOld);
  EXPECT_EQ(numbers.Find(6, 0xaa).verdict, Verdict::kNew);
}

TEST(ClientNumbersTest, RestoresWhatItGaveAndRefusesWhatItNeverGives) {
  ClientNumbers numbers;
  numbers.Add(5, 1, 0xaa);
  numbers.Add(9, 4, 0xbb);
  ClientNumbers restored;
  ASSERT_TRUE(restored.Restore(numbers.highest(), numbers.entries()));
  EXPECT_EQ(restored, numbers);
  ClientNumbers refused;
  EXPECT_FALSE(refused.Restore(4, {{5, 1, 0}}));
  EXPECT_FALSE(refused.Restore(9, {{5, 2, 0}, {5, 3, 0}}));
  EXPECT_FALSE(refused.Restore(9, {{5, 2, 0}, {6, 2, 0}}));
  EXPECT_FALSE(refused.Restore(9, {{0, 2, 0}}));
}

}  // namespace
}  // namespace meridian::conversation
