// meridianctl events replay: publishes a tenant's kept events to Kafka again. One thread; returns the exit code.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "libs/base/time.h"
#include "libs/kafka/connection.h"
#include "services/meridianctl/connection.h"
#include "services/meridianctl/console.h"
#include "services/meridianctl/insistence.h"

namespace meridian::ctl {

struct ReplayOptions {
  kafka::Connection kafka;
  std::string from;              // a position; empty: the oldest that is kept
  std::optional<Instant> since;  // leaves out events before it
  std::vector<std::string> topics;
  Duration patience = kPatience;
};

// All that is kept now, in order and with the headers of the first time; each must be acknowledged.
int ReplayEvents(const ConnectionOptions& connection, const ReplayOptions& options, const Console& console);

}  // namespace meridian::ctl
