// The agent gateway as a process of its own: routing and session are reached over links.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "libs/app/run.h"
#include "services/process/service_process.h"

namespace meridian {

struct AgentGatewayProcessOptions {
  ServiceProcessOptions process;

  void BindTo(CommandLine& line) {
    process.BindTo(line, ServiceProcessOptions::Role::kCallsRoutingAndSession);
    process.BindPages(line);
  }
};

absl::StatusOr<std::unique_ptr<Service>> AssembleAgentGateway(const AgentGatewayProcessOptions& options,
                                                              Environment& environment);

}  // namespace meridian
