// The operators' calls as a process of their own: routing is reached over links.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "libs/app/run.h"
#include "services/process/service_process.h"

namespace meridian {

struct AdminProcessOptions {
  ServiceProcessOptions process;

  void BindTo(CommandLine& line) { process.BindTo(line, ServiceProcessOptions::Role::kCallsRouting); }
};

absl::StatusOr<std::unique_ptr<Service>> AssembleAdmin(const AdminProcessOptions& options, Environment& environment);

}  // namespace meridian
