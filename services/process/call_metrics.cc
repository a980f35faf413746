#include "services/process/call_metrics.h"

namespace meridian {

void CallMetrics::MakeSeries(const rpc::MethodTable& methods) {
  for (const auto& [name, method] : methods.methods()) {
    const Labels labels = {{"method", name}};
    series_[name] = {
        metrics_.MakeCounter("meridian_calls_started_total", "Calls that clients began.", labels),
        metrics_.MakeCounter("meridian_calls_failed_total", "Calls that ended with an error.", labels),
        metrics_.MakeCounter("meridian_calls_internal_errors_total", "Calls that failed by our fault.", labels),
        metrics_.MakeHistogram("meridian_call_seconds", "From a call's begin to its end.", labels)};
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
