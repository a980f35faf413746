#include "libs/telemetry/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <map>
#include <mutex>
#include <set>
#include <sstream>

#include "libs/base/check.h"
#include "libs/base/uuid.h"
#include "libs/telemetry/process_stats.h"

namespace meridian {
namespace {

constexpr size_t kUuidLength = 36;

bool HoldsUuid(std::string_view text) {
  for (size_t i = 0; i + kUuidLength <= text.size(); ++i) {
    if (Uuid::Parse(text.substr(i, kUuidLength))) return true;
  }
  return false;
}

std::map<std::string, std::string> CheckedLabels(const Labels& labels) {
  std::map<std::string, std::string> checked;
  for (const auto& [name, value] : labels) {
    MERIDIAN_CHECK(!HoldsUuid(value));
    checked.emplace(name, value);
  }
  return checked;
}

}  // namespace

void Counter::Add(uint64_t by) const {
  if (series_ != nullptr) series_->Increment(static_cast<double>(by));
}

uint64_t Counter::value() const { return series_ == nullptr ? 0 : static_cast<uint64_t>(series_->Value()); }

void Gauge::Set(int64_t value) const {
  if (series_ != nullptr) series_->Set(static_cast<double>(value));
}

void Gauge::Add(int64_t by) const {
  if (series_ != nullptr) series_->Increment(static_cast<double>(by));
}

int64_t Gauge::value() const { return series_ == nullptr ? 0 : static_cast<int64_t>(series_->Value()); }

void Histogram::Observe(Duration value) const { Observe(static_cast<double>(value.ns) / 1e9); }

void Histogram::Observe(double value) const {
  if (series_ != nullptr) series_->Observe(value);
}

std::vector<double> LatencyBuckets() {
  return {0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};
}

std::vector<double> SizeBuckets() {
  std::vector<double> bounds;
  double bound = 1;
  for (int i = 0; i <= 10; ++i, bound *= 4) bounds.push_back(bound);
  return bounds;
}

struct Metrics::Families {
  // One name: its kind by which pointer is set, and the label sets it has.
  struct Named {
    prometheus::Family<prometheus::Counter>* counters = nullptr;
    prometheus::Family<prometheus::Gauge>* gauges = nullptr;
    prometheus::Family<prometheus::Histogram>* histograms = nullptr;
    std::vector<double> buckets;
    std::set<std::map<std::string, std::string>> label_sets;

    bool empty() const { return counters == nullptr && gauges == nullptr && histograms == nullptr; }

    // The label set to count under: the given one while there is room, else the one that stands for all others.
    std::map<std::string, std::string> Admit(std::map<std::string, std::string> labels) {
      if (label_sets.contains(labels)) return labels;
      if (label_sets.size() < kMaxSeriesPerName) {
        label_sets.insert(labels);
      } else {
        for (auto& [name, value] : labels) value = "other";
      }
      return labels;
    }
  };

  std::mutex mutex;
  std::map<std::string, Named, std::less<>> by_name;  // under mutex
  prometheus::Registry registry;

  Named& Find(std::string_view name) { return by_name[std::string(name)]; }
};

Metrics::Metrics() : families_(std::make_unique<Families>()) {}
Metrics::~Metrics() = default;

Counter Metrics::MakeCounter(std::string_view name, std::string_view help, const Labels& labels) {
  std::lock_guard lock(families_->mutex);
  Families::Named& named = families_->Find(name);
  if (named.empty()) {
    named.counters =
        &prometheus::BuildCounter().Name(std::string(name)).Help(std::string(help)).Register(families_->registry);
  }
  MERIDIAN_CHECK(named.counters != nullptr);
  return Counter(&named.counters->Add(named.Admit(CheckedLabels(labels))));
}

Gauge Metrics::MakeGauge(std::string_view name, std::string_view help, const Labels& labels) {
  std::lock_guard lock(families_->mutex);
  Families::Named& named = families_->Find(name);
  if (named.empty()) {
    named.gauges =
        &prometheus::BuildGauge().Name(std::string(name)).Help(std::string(help)).Register(families_->registry);
  }
  MERIDIAN_CHECK(named.gauges != nullptr);
  return Gauge(&named.gauges->Add(named.Admit(CheckedLabels(labels))));
}

Histogram Metrics::MakeHistogram(std::string_view name, std::string_view help, const Labels& labels,
                                 const std::vector<double>& buckets) {
  std::lock_guard lock(families_->mutex);
  Families::Named& named = families_->Find(name);
  if (named.empty()) {
    named.buckets = buckets;
    named.histograms =
        &prometheus::BuildHistogram().Name(std::string(name)).Help(std::string(help)).Register(families_->registry);
  }
  MERIDIAN_CHECK(named.histograms != nullptr);
  return Histogram(&named.histograms->Add(named.Admit(CheckedLabels(labels)), named.buckets));
}

std::string Metrics::RenderPrometheus() const {
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, families_->registry.Collect());
  return std::move(out).str() + RenderProcessStats();
}

}  // namespace meridian
