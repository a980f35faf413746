// Whether and where to a process relays events, as options of the program, and what becomes of a relay of an earlier
// start. Used on the main thread at start.
#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "libs/app/command_line.h"
#include "libs/kafka/connection.h"
#include "libs/runtime/event_log.h"
#include "libs/telemetry/log.h"

namespace meridian {

struct RelaySettings {
  kafka::Connection kafka;  // without brokers no events are relayed
  bool forget = false;      // an earlier start's relay needs the logs no more

  bool IsOn() const { return !kafka.brokers.empty(); }
  void BindTo(CommandLine& line);
  // Where no events are relayed: the logs of routing shards 0 to `shards` − 1 are kept for a relay that has begun once,
  // which `log` says, unless it is to be forgotten. Blocks.
  absl::Status SettleFormerRelay(uint32_t shards, EventLog& event_log, Log& log) const;
};

}  // namespace meridian
