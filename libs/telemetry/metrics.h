// The process's counters, gauges and histograms, and their text form for Prometheus. One Metrics is made by the process
// (libs/app) and passed down in the environment; there is no global registry.
//
// A series is made once, by name and labels, at start; asking again gives the same series. Keep the handle: making one
// takes a lock, using it is one atomic operation. Handles are small values, valid as long as their Metrics; a
// default-made handle counts nothing, so that code can be tested without metrics. Any thread.
//
// Labels hold a small, fixed set of values (a state, a queue, a shard's number), never the id of a contact, customer or
// conversation: a label value that holds a UUID stops the process (MERIDIAN_CHECK), and a name takes at most
// kMaxSeriesPerName label sets; every further one is counted in a single series whose label values are "other".
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libs/base/time.h"

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
}  // namespace prometheus

namespace meridian {

inline constexpr size_t kMaxSeriesPerName = 1000;

// Label names and values, for example {{"queue", "billing_es"}, {"outcome", "accepted"}}.
using Labels = std::vector<std::pair<std::string, std::string>>;

// Only rises. Names end in `_total`.
class Counter {
 public:
  Counter() = default;
  void Add(uint64_t by = 1) const;
  uint64_t value() const;

 private:
  friend class Metrics;
  explicit Counter(prometheus::Counter* series) : series_(series) {}
  prometheus::Counter* series_ = nullptr;
};

// A value that rises and falls.
class Gauge {
 public:
  Gauge() = default;
  void Set(int64_t value) const;
  void Add(int64_t by) const;  // negative to lower it
  int64_t value() const;

 private:
  friend class Metrics;
  explicit Gauge(prometheus::Gauge* series) : series_(series) {}
  prometheus::Gauge* series_ = nullptr;
};

// A distribution of lengths of time (names end in `_seconds`) or of sizes.
class Histogram {
 public:
  Histogram() = default;
  void Observe(Duration value) const;  // recorded in seconds
  void Observe(double value) const;

 private:
  friend class Metrics;
  explicit Histogram(prometheus::Histogram* series) : series_(series) {}
  prometheus::Histogram* series_ = nullptr;
};

// Upper bounds of buckets. Latency: 50 µs to 10 s. Sizes (batches, bytes): powers of four from 1 to 4^10.
std::vector<double> LatencyBuckets();
std::vector<double> SizeBuckets();

class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // `help` is one plain sentence; of several for one name, the first counts. A name is of one kind: asking for a gauge
  // under the name of a counter stops the process.
  Counter MakeCounter(std::string_view name, std::string_view help, const Labels& labels = {});
  Gauge MakeGauge(std::string_view name, std::string_view help, const Labels& labels = {});
  // Every series of one name has the same buckets: those given first.
  Histogram MakeHistogram(std::string_view name, std::string_view help, const Labels& labels = {},
                          const std::vector<double>& buckets = LatencyBuckets());

  // All series, and the process's own (process_stats.h), in the Prometheus text format, version 0.0.4
  // (kPrometheusContentType).
  std::string RenderPrometheus() const;

 private:
  struct Families;
  std::unique_ptr<Families> families_;
};

inline constexpr std::string_view kPrometheusContentType = "text/plain; version=0.0.4; charset=utf-8";

}  // namespace meridian
