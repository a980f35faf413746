#include "tests/benchmark/platform/fleet.h"

#include <cstdio>
#include <utility>

#include "libs/base/status_macros.h"

namespace meridian::load {
namespace {

constexpr Duration kReadyLimit = Duration::Seconds(60);
constexpr Duration kAttachLimit = Duration::Seconds(600);

std::string AgentName(int64_t number) {
  char name[32];
  std::snprintf(name, sizeof name, "agent-%05d", static_cast<int>(number));
  return name;
}

}  // namespace

absl::StatusOr<Server> Server::Find(const LoadOptions& options) {
  MERIDIAN_ASSIGN_OR_RETURN(auto ingress, AwaitAddresses(options.data, kReadyLimit, "ingress"));
  MERIDIAN_ASSIGN_OR_RETURN(auto gateways, AwaitAddresses(options.data, kReadyLimit, "agent_gateway"));
  MERIDIAN_ASSIGN_OR_RETURN(Tokens tokens, Tokens::Open(options.data, options.tenant));
  MERIDIAN_ASSIGN_OR_RETURN(std::string integrator, tokens.Integrator());
  return Server{std::move(ingress), std::move(gateways), std::move(tokens), std::move(integrator)};
}

absl::StatusOr<Fleet> AttachAll(const LoadOptions& options, const Server& server, IdSource& ids,
                                Scoreboard& scoreboard) {
  Fleet fleet;
  const auto channels = OpenChannels(server.gateways, static_cast<int>(options.streams));
  for (int64_t stream = 0; stream < options.streams; ++stream) {
    std::vector<std::string> names;
    for (int64_t i = stream; i < options.agents; i += options.streams) names.push_back(AgentName(i));
    MERIDIAN_ASSIGN_OR_RETURN(const std::string token, server.tokens.Agents(names));
    fleet.push_back(
        std::make_unique<AgentStream>(channels[static_cast<size_t>(stream)], token, std::move(names), ids, scoreboard));
  }
  for (auto& stream : fleet) MERIDIAN_RETURN_IF_ERROR(stream->AwaitAttached(kAttachLimit));
  return fleet;
}

}  // namespace meridian::load
