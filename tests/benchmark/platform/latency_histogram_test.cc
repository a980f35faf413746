#include "tests/benchmark/platform/latency_histogram.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace meridian::load {
namespace {

TEST(LatencyHistogramTest, QuantilesAreAtMostABucketAboveTheTruth) {
  LatencyHistogram histogram;
  constexpr int64_t kCount = 100'000;
  constexpr int64_t kStep = 137;
  for (int64_t i = 1; i <= kCount; ++i) histogram.Record(i * kStep);
  EXPECT_EQ(histogram.count(), kCount);
  EXPECT_EQ(histogram.max(), kCount * kStep);
  for (const double fraction : {0.001, 0.5, 0.9, 0.99, 0.999}) {
    const double truth = fraction * static_cast<double>(kCount) * kStep;
    EXPECT_GE(static_cast<double>(histogram.Quantile(fraction)), truth) << fraction;
    EXPECT_LE(static_cast<double>(histogram.Quantile(fraction)), truth * 1.016 + kStep) << fraction;
  }
  EXPECT_EQ(histogram.Quantile(1), kCount * kStep);
}

TEST(LatencyHistogramTest, SmallNumbersAreExact) {
  LatencyHistogram histogram;
  for (int64_t i = 0; i < 100; ++i) histogram.Record(i);
  EXPECT_EQ(histogram.Quantile(0.5), 49);
  EXPECT_EQ(histogram.Quantile(0.1), 9);
}

TEST(LatencyHistogramTest, EmptyNegativeAndEndless) {
  LatencyHistogram histogram;
  EXPECT_EQ(histogram.Quantile(0.5), 0);
  histogram.Record(-5);
  EXPECT_EQ(histogram.Quantile(1), 0);
  histogram.Record(INT64_MAX);
  EXPECT_EQ(histogram.count(), 2);
  EXPECT_EQ(histogram.Quantile(1), (int64_t{1} << 39) - 1);  // the last bucket: nine minutes
}

}  // namespace
}  // namespace meridian::load
