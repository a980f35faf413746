#include "tests/benchmark/platform/latency_histogram.h"

#include <algorithm>
#include <bit>

namespace meridian::load {

// Below 64 ns a bucket is one nanosecond; above, the highest bit chooses the group and the next six the bucket in it.
void LatencyHistogram::Record(int64_t nanoseconds) {
  const auto value = static_cast<uint64_t>(std::max<int64_t>(nanoseconds, 0));
  const int shift = std::max(0, static_cast<int>(std::bit_width(value)) - kSubBits - 1);
  const int64_t index = (static_cast<int64_t>(shift) << kSubBits) + static_cast<int64_t>(value >> shift);
  ++buckets_[static_cast<size_t>(std::min<int64_t>(index, kBuckets - 1))];
  ++count_;
  max_ = std::max(max_, nanoseconds);
}

int64_t LatencyHistogram::Quantile(double fraction) const {
  const auto wanted = static_cast<int64_t>(fraction * static_cast<double>(count_));
  int64_t seen = 0;
  for (int64_t index = 0; index < kBuckets; ++index) {
    seen += buckets_[static_cast<size_t>(index)];
    if (seen == 0 || seen < wanted) continue;
    const int64_t shift = std::max<int64_t>(0, (index >> kSubBits) - 1);
    return std::min(max_, ((index - (shift << kSubBits) + 1) << shift) - 1);
  }
  return 0;
}

}  // namespace meridian::load
