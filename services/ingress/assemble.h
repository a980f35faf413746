// Ingress as a process of its own: routing and session are reached over links.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "libs/app/run.h"
#include "services/process/service_process.h"

namespace meridian {

struct IngressProcessOptions {
  ServiceProcessOptions process;

  void BindTo(CommandLine& line) { process.BindTo(line, ServiceProcessOptions::Role::kCallsRoutingAndSession); }
};

absl::StatusOr<std::unique_ptr<Service>> AssembleIngress(const IngressProcessOptions& options,
                                                         Environment& environment);

}  // namespace meridian
