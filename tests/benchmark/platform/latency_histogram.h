// Counts lengths of time in buckets that are at most 1.6 % wide, from 1 ns to nine minutes (more counts as that), in 20
// KB. A value; not synchronized.
#pragma once

#include <array>
#include <cstdint>

namespace meridian::load {

class LatencyHistogram {
 public:
  void Record(int64_t nanoseconds);  // below 0 counts as 0
  int64_t count() const { return count_; }
  int64_t max() const { return max_; }
  // The upper edge of the bucket in which `fraction` (0 to 1) of all counts lie at or below; 0 when nothing was
  // counted.
  int64_t Quantile(double fraction) const;

 private:
  static constexpr int kSubBits = 6;  // 64 buckets for each power of two
  static constexpr int kBuckets = (40 - kSubBits) << kSubBits;

  std::array<int64_t, kBuckets> buckets_{};
  int64_t count_ = 0;
  int64_t max_ = 0;
};

}  // namespace meridian::load
