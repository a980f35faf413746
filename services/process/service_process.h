// What the process of a single service is made of, whichever service it is: key and gate, ids, what it shows
// (endpoints.h), what it depends on (readiness.h), links to the others. Owned by the service that it carries, before
// everything that uses it. Main thread, but for what its parts say.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/app/command_line.h"
#include "libs/app/environment.h"
#include "libs/app/id_source.h"
#include "libs/link/link_client.h"
#include "libs/link/link_server.h"
#include "libs/link/shard_map.h"
#include "libs/security/signing_key.h"
#include "services/process/endpoints.h"
#include "services/process/link_watch.h"
#include "services/process/readiness.h"
#include "services/process/store_watch.h"
#include "services/process/transport_security.h"

namespace meridian {

struct ServiceProcessOptions {
  std::string region = "local";
  std::string keys;                  // folder of the installation's signing key, the same for all its processes
  std::vector<std::string> routing;  // "host:port" of the gRPC of each routing shard's process, shard 0 first
  std::vector<std::string> session;  // of each session shard's
  std::string pages;                 // folder of the web pages, where the service has some; empty: beside the program
  TransportSecurity tls;

  enum class Calls : uint8_t { kNobody, kRouting, kRoutingAndSession };
  void BindTo(CommandLine& line, Calls calls);
  void BindPages(CommandLine& line);
};

class ServiceProcess {
 public:
  // INVALID_ARGUMENT for a region that is none; what is wrong with the key.
  static absl::StatusOr<std::unique_ptr<ServiceProcess>> Open(const ServiceProcessOptions& options,
                                                              Environment& environment);

  Environment& environment() { return environment_; }
  const security::SigningKey& key() const { return key_; }
  const rpc::CallGate& gate() const { return gate_; }
  rpc::DeadlineTimer& timer() { return timer_; }
  IdSource& ids() { return ids_; }
  ShardMap& map() { return map_; }
  // With tokens of role service, made of the installation's key; mutual TLS where the process has a certificate.
  LinkOptions Links();
  LinkServer& link_server() { return link_server_; }
  Readiness& readiness() { return readiness_; }
  Endpoints& endpoints() { return endpoints_; }

  // Serves what was bound, and `link_server` with messages of up to 8 MiB, to other services alone: they must have a
  // certificate where this process has one.
  absl::Status StartServingLinks();
  // Ready only while the store answers.
  void WatchStore(EventLog* log, ShardId shard);
  // Serves what was bound to everybody; ready while each kind of service is reached.
  absl::Status StartOverLinks(LinkWatch::Kinds kinds);
  // Once the servers have ended; before what the probes ask is destroyed.
  void Drain(Duration limit);

 private:
  ServiceProcess(const ServiceProcessOptions& options, Environment& environment, RegionCode region,
                 security::SigningKey key);

  Environment& environment_;
  const TransportSecurity tls_;
  const security::SigningKey key_;
  const rpc::CallGate gate_;
  rpc::DeadlineTimer timer_;
  IdSource ids_;
  StaticShardMap map_;
  LinkServer link_server_;
  Readiness readiness_;
  std::unique_ptr<LinkWatch> link_watch_;
  std::unique_ptr<StoreWatch> store_watch_;
  Endpoints endpoints_;
};

}  // namespace meridian
