// The server that a run loads, and the agents that the run attaches to it. Owned by the run, on its thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/app/id_source.h"
#include "tests/benchmark/platform/access.h"
#include "tests/benchmark/platform/agent_stream.h"
#include "tests/benchmark/platform/load_options.h"
#include "tests/benchmark/platform/scoreboard.h"

namespace meridian::load {

struct Server {
  std::vector<std::string> ingress;
  std::vector<std::string> gateways;
  Tokens tokens;
  std::string integrator;

  // Waits up to a minute until it has said its addresses.
  static absl::StatusOr<Server> Find(const LoadOptions& options);
};

using Fleet = std::vector<std::unique_ptr<AgentStream>>;

// All of the run's agents, spread over its streams; returns when they are attached.
absl::StatusOr<Fleet> AttachAll(const LoadOptions& options, const Server& server, IdSource& ids,
                                Scoreboard& scoreboard);

}  // namespace meridian::load
