// How the load reaches a server on this machine: the address that it wrote into its data folder, and tokens signed with
// the key that lies there. Any thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/time.h"
#include "libs/security/signing_key.h"

namespace grpc {
class Channel;
}

namespace meridian::load {

// The gRPC addresses of the processes that serve `service` ("ingress", "agent_gateway", "replicator"), from
// `data`/addresses.json; never none. Polls each millisecond until the file is there, for at most `limit`.
absl::StatusOr<std::vector<std::string>> AwaitAddresses(const std::string& data, Duration limit,
                                                        const std::string& service);
// One of them: another one at each call where there are several.
absl::StatusOr<std::string> AwaitAddress(const std::string& data, Duration limit,
                                         const std::string& service = "ingress");

class Tokens {
 public:
  // `data` is the folder of a server that has started once: the key is its own.
  static absl::StatusOr<Tokens> Open(const std::string& data, std::string tenant);

  absl::StatusOr<std::string> Integrator() const;
  absl::StatusOr<std::string> Agents(std::vector<std::string> agents) const;

 private:
  Tokens(security::SigningKey key, std::string tenant) : key_(std::move(key)), tenant_(std::move(tenant)) {}

  security::SigningKey key_;
  std::string tenant_;
};

// `count` connections of their own, spread over the targets, plaintext.
std::vector<std::shared_ptr<grpc::Channel>> OpenChannels(const std::vector<std::string>& targets, int count);

// The monotonic clock (CLOCK_BOOTTIME) in nanoseconds: the same for all processes of the machine.
int64_t MonotonicNs();

}  // namespace meridian::load
