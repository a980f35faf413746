// What the load client prints of a histogram: the count, and quantiles in microseconds.
#pragma once

#include <nlohmann/json.hpp>

#include "tests/benchmark/platform/latency_histogram.h"

namespace meridian::load {

nlohmann::json Describe(const LatencyHistogram& histogram);

}  // namespace meridian::load
