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

  void BindTo(CommandLine& line) { process.BindTo(line, ServiceProcessOptions::Calls::kNobody); }
};

absl::StatusOr<std::unique_ptr<Service>> AssembleRouting(const RoutingProcessOptions& options, Environment& environment,
                                                         SharedStore store);

}  // namespace meridian
