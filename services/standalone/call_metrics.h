// Counts and times every call of every transport, by method and outcome. Any thread.
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
  // Series are made for the methods of the table, which is complete by then.
  CallMetrics(const rpc::MethodTable& methods, Metrics& metrics, Log& log);

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
  Log& log_;
};

}  // namespace meridian
