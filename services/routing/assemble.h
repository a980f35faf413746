// Routing as a process of its own over a store that others share: serves its port to them over links.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "libs/app/run.h"
#include "libs/app/shared_store.h"
#include "services/process/service_process.h"

namespace meridian {

struct RoutingProcessOptions {
  ServiceProcessOptions process;
  int64_t log_limit_mib = 0;  // of a shard's log, where a replicator relays it; 0: none does

  void BindTo(CommandLine& line);
};

absl::StatusOr<std::unique_ptr<Service>> AssembleRouting(const RoutingProcessOptions& options, Environment& environment,
                                                         SharedStore store);

}  // namespace meridian
