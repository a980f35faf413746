#include "tests/benchmark/platform/histogram_json.h"

namespace meridian::load {
namespace {

double Microseconds(int64_t ns) { return static_cast<double>(ns) / 1000; }

}  // namespace

nlohmann::json Describe(const LatencyHistogram& histogram) {
  return {{"count", histogram.count()},
          {"p50_us", Microseconds(histogram.Quantile(0.5))},
          {"p90_us", Microseconds(histogram.Quantile(0.9))},
          {"p99_us", Microseconds(histogram.Quantile(0.99))},
          {"p999_us", Microseconds(histogram.Quantile(0.999))},
          {"max_us", Microseconds(histogram.max())}};
}

}  // namespace meridian::load
