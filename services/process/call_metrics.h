// Counts and times every call of every transport, by method and outcome. Any thread, once the series are made.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "libs/rpc/call_observer.h"
#include "libs/rpc/method_table.h"
#include "libs/telemetry/log.h"
#include "libs/telemetry/metrics.h"

namespace meridian {

class CallMetrics : public rpc::CallObserver {
 public:
  CallMetrics(Metrics& metrics, Log& log) : metrics_(metrics), log_(log) {}

  // For the methods of the table, which is complete by then; calls of others are not counted. Before the servers start.
  void MakeSeries(const rpc::MethodTable& methods);

  void OnCallStarted(std::string_view method) override;
  void OnCallEnded(std::string_view method, const absl::Status& status, Duration took) override;

 private:
  struct Series {
    Counter started;
    Counter failed;
    Counter internal_errors;
    Histogram took;
  };
  std::map<std::string, Series, std::less<>> series_;
  Metrics& metrics_;
  Log& log_;
};

}  // namespace meridian
