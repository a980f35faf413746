// Told of every call of every transport, for metrics and logs. Called on transport threads; must not block.
#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "libs/base/time.h"

namespace meridian::rpc {

class CallObserver {
 public:
  virtual ~CallObserver() = default;
  virtual void OnCallStarted(std::string_view method) = 0;
  // `status` is the full one, with the message that callers are not shown. `took` is by the monotonic clock.
  virtual void OnCallEnded(std::string_view method, const absl::Status& status, Duration took) = 0;
};

}  // namespace meridian::rpc
