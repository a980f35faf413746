// The replicator as a process of its own over a store that others write: serves the event stream, relays events to
// Kafka, and records the history, which it serves. It reads the logs of shards that other processes own, and only what
// is durable there. A region has one: the history is a file of the process.
#pragma once

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "libs/app/run.h"
#include "libs/app/shared_store.h"
#include "services/process/service_process.h"
#include "services/replicator/relay_settings.h"

namespace meridian {

struct ReplicatorProcessOptions {
  ServiceProcessOptions process;
  RelaySettings relay;
  int64_t history_days = 90;
  uint32_t shards = 0;  // of routing and of session each; 0: as many as the store says

  void BindTo(CommandLine& line);
};

absl::StatusOr<std::unique_ptr<Service>> AssembleReplicator(const ReplicatorProcessOptions& options,
                                                            Environment& environment, SharedStore store);

}  // namespace meridian
