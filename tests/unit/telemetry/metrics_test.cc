#include "libs/telemetry/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace meridian {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(MetricsTest, ASeriesIsMadeOnceByNameAndLabels) {
  Metrics metrics;
  metrics.MakeCounter("offers_total", "Offers made.", {{"outcome", "accepted"}}).Add(2);
  metrics.MakeCounter("offers_total", "Offers made.", {{"outcome", "accepted"}}).Add();
  metrics.MakeCounter("offers_total", "Offers made.", {{"outcome", "rejected"}}).Add(5);
  const std::string text = metrics.RenderPrometheus();
  EXPECT_THAT(text, HasSubstr("# HELP offers_total Offers made.\n# TYPE offers_total counter\n"));
  EXPECT_THAT(text, HasSubstr("offers_total{outcome=\"accepted\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("offers_total{outcome=\"rejected\"} 5\n"));
}

TEST(MetricsTest, GaugesRiseAndFall) {
  Metrics metrics;
  Gauge waiting = metrics.MakeGauge("waiting", "Contacts that wait.");
  waiting.Set(10);
  waiting.Add(-3);
  EXPECT_EQ(waiting.value(), 7);
  EXPECT_THAT(metrics.RenderPrometheus(), HasSubstr("\nwaiting 7\n"));
}

TEST(MetricsTest, HistogramsRecordSeconds) {
  Metrics metrics;
  Histogram commit = metrics.MakeHistogram("commit_seconds", "Time of a commit.", {}, {0.001, 0.01});
  commit.Observe(Duration::Microseconds(500));
  commit.Observe(Duration::Milliseconds(5));
  const std::string text = metrics.RenderPrometheus();
  EXPECT_THAT(text, HasSubstr("commit_seconds_bucket{le=\"0.001\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("commit_seconds_bucket{le=\"0.01\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("commit_seconds_count 2\n"));
}

TEST(MetricsTest, DefaultHandlesCountNothing) {
  Counter counter;
  counter.Add();
  Gauge gauge;
  gauge.Set(3);
  Histogram().Observe(1.0);
  EXPECT_EQ(counter.value(), 0u);
  EXPECT_EQ(gauge.value(), 0);
}

TEST(MetricsTest, LabelSetsBeyondTheLimitShareOneSeries) {
  Metrics metrics;
  for (size_t i = 0; i < kMaxSeriesPerName + 5; ++i) {
    metrics.MakeCounter("many_total", "Many.", {{"n", std::to_string(i)}}).Add();
  }
  const std::string text = metrics.RenderPrometheus();
  EXPECT_THAT(text, HasSubstr("many_total{n=\"999\"} 1\n"));
  EXPECT_THAT(text, Not(HasSubstr("many_total{n=\"1000\"}")));
  EXPECT_THAT(text, HasSubstr("many_total{n=\"other\"} 5\n"));
}

TEST(MetricsTest, TellsAboutTheProcess) {
  const std::string text = Metrics().RenderPrometheus();
  for (const char* name :
       {"process_resident_memory_bytes", "process_cpu_seconds_total", "process_open_fds", "process_threads"}) {
    const size_t at = text.find(std::string("\n") + name + " ");
    ASSERT_NE(at, std::string::npos) << name;
    EXPECT_GT(std::stod(text.substr(text.find(' ', at))), 0.0) << name;
  }
}

TEST(MetricsDeathTest, AnIdInALabelStopsTheProcess) {
  Metrics metrics;
  EXPECT_DEATH(metrics.MakeCounter("c_total", "C.", {{"contact", "eu1-01932c07-209c-7b5e-8f2e-6a1f0c9d2b34"}}),
               "HoldsUuid");
}

TEST(MetricsDeathTest, ANameIsOfOneKind) {
  Metrics metrics;
  metrics.MakeCounter("things_total", "Things.");
  EXPECT_DEATH(metrics.MakeGauge("things_total", "Things."), "gauges");
}

}  // namespace
}  // namespace meridian
