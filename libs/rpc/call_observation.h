// One call, as its observer is told of it: begun when it is made, ended once. Used by the transports; any thread.
#pragma once

#include <chrono>
#include <string_view>

#include "libs/rpc/call_observer.h"

namespace meridian::rpc {

class CallObservation {
 public:
  // `observer` may be null; `method` is the table's, which outlives calls.
  CallObservation(CallObserver* observer, std::string_view method) : observer_(observer), method_(method) {
    if (observer_ != nullptr) observer_->OnCallStarted(method_);
  }
  void End(const absl::Status& status) const {
    if (observer_ == nullptr) return;
    auto took = std::chrono::steady_clock::now() - started_;
    observer_->OnCallEnded(method_, status, {std::chrono::nanoseconds(took).count()});
  }

 private:
  CallObserver* const observer_;
  const std::string_view method_;
  const std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
};

}  // namespace meridian::rpc
