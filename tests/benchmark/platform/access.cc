#include "tests/benchmark/platform/access.h"

#include <grpc/grpc.h>
#include <grpcpp/channel.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include <atomic>
#include <fstream>
#include <nlohmann/json.hpp>
#include <utility>

#include "libs/base/status_macros.h"
#include "libs/runtime/clock.h"
#include "libs/security/token_issuer.h"
#include "tests/benchmark/platform/pace.h"

namespace meridian::load {
namespace {

// Of the processes of a region that are named `service` or "`service`-1", …; "grpc" when there is none, as where one
// process serves all.
std::vector<std::string> AddressesIn(const nlohmann::json& addresses, const std::string& service) {
  std::vector<std::string> found;
  for (const auto& [name, address] : addresses.items()) {
    if (name == service || name.starts_with(service + "-")) found.push_back(address.get<std::string>());
  }
  if (found.empty() && addresses.contains("grpc")) found.push_back(addresses["grpc"].get<std::string>());
  return found;
}

}  // namespace

absl::StatusOr<std::vector<std::string>> AwaitAddresses(const std::string& data, Duration limit,
                                                        const std::string& service) {
  const std::string path = data + "/addresses.json";
  std::vector<std::string> found;
  const bool there = AwaitTrue(limit.ns, [&] {
    std::ifstream file(path);
    if (!file) return false;
    const auto addresses = nlohmann::json::parse(file, nullptr, false);
    if (!addresses.is_object()) return false;
    found = AddressesIn(addresses, service);
    return !found.empty();
  });
  if (!there) return absl::DeadlineExceededError("no " + path);
  return found;
}

absl::StatusOr<std::string> AwaitAddress(const std::string& data, Duration limit, const std::string& service) {
  static std::atomic<size_t> turns = 0;
  MERIDIAN_ASSIGN_OR_RETURN(const std::vector<std::string> found, AwaitAddresses(data, limit, service));
  return found[turns++ % found.size()];
}

absl::StatusOr<Tokens> Tokens::Open(const std::string& data, std::string tenant) {
  auto key = security::SigningKey::LoadOrCreate(data + "/keys");
  if (!key.ok()) return key.status();
  return Tokens(*std::move(key), std::move(tenant));
}

absl::StatusOr<std::string> Tokens::Integrator() const {
  return security::IssueToken(
      key_, {.tenant = tenant_, .subject = "load", .role = security::Role::kIntegrator, .permissions = {}},
      SystemWallClock().Now());
}

absl::StatusOr<std::string> Tokens::Agents(std::vector<std::string> agents) const {
  security::TokenClaims claims{.tenant = tenant_, .subject = "load-agents", .role = security::Role::kAgent};
  claims.agents = std::move(agents);
  return security::IssueToken(key_, claims, SystemWallClock().Now());
}

std::vector<std::shared_ptr<grpc::Channel>> OpenChannels(const std::vector<std::string>& targets, int count) {
  std::vector<std::shared_ptr<grpc::Channel>> channels;
  for (int i = 0; i < count; ++i) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // or they would share one connection
    const std::string& target = targets[static_cast<size_t>(i) % targets.size()];
    channels.push_back(grpc::CreateCustomChannel(target, grpc::InsecureChannelCredentials(), arguments));
  }
  return channels;
}

int64_t MonotonicNs() { return SystemMonotonicClock().Now().ns; }

}  // namespace meridian::load
