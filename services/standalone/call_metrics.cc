#include "services/standalone/call_metrics.h"

namespace meridian {

CallMetrics::CallMetrics(const rpc::MethodTable& methods, Metrics& metrics, Log& log) : log_(log) {
  for (const auto& [name, method] : methods.methods()) {
    const Labels labels = {{"method", name}};
    series_[name] = {
        metrics.MakeCounter("meridian_calls_started_total", "Calls that clients began.", labels),
        metrics.MakeCounter("meridian_calls_failed_total", "Calls that ended with an error.", labels),
        metrics.MakeCounter("meridian_calls_internal_errors_total", "Calls that failed by our fault.", labels),
        metrics.MakeHistogram("meridian_call_seconds", "From a call's begin to its end.", labels)};
  }
}

void CallMetrics::OnCallStarted(std::string_view method) {
  if (auto series = series_.find(method); series != series_.end()) series->second.started.Add();
}

void CallMetrics::OnCallEnded(std::string_view method, const absl::Status& status, Duration took) {
  auto series = series_.find(method);
  if (series == series_.end()) return;
  series->second.took.Observe(took);
  if (status.ok()) return;
  series->second.failed.Add();
  if (status.code() == absl::StatusCode::kInternal || status.code() == absl::StatusCode::kUnknown) {
    series->second.internal_errors.Add();
    log_.Error("a call failed by our fault", {{"code", status.code()}});
  }
}

}  // namespace meridian
