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
#include "libs/app/shared_store.h"
#include "libs/app/store_options.h"
#include "libs/link/link_client.h"
#include "libs/link/link_server.h"
#include "libs/link/shard_map.h"
#include "libs/placement/placed_shard_map.h"
#include "libs/placement/shard_keeper.h"
#include "libs/security/signing_key.h"
#include "services/process/endpoints.h"
#include "services/process/link_watch.h"
#include "services/process/readiness.h"
#include "services/process/store_watch.h"
#include "services/process/transport_security.h"

namespace meridian {

struct ServiceProcessOptions {
  std::string region = "local";
  std::string keys;  // folder of the installation's signing key, the same for all its processes
  // Of a process that only calls others: the store in which they are found, or instead
  StoreOptions store;
  std::vector<std::string> routing;  // "host:port" of the gRPC of each routing shard's process, shard 0 first
  std::vector<std::string> session;  // of each session shard's
  std::string pages;                 // folder of the web pages, where the service has some; empty: beside the program
  TransportSecurity tls;
  // Of a process that holds shards or follows their logs:
  int64_t shards = 0;     // how many of each kind there are, decided by the first process; 0: as decided, or 16
  std::string advertise;  // host under which the others reach it; empty: where it listens
  // Not of the command line: a store that is open, in place of what `store` says.
  SharedStore opened;

  enum class Role : uint8_t { kHoldsShards, kFollowsLogs, kCallsRouting, kCallsRoutingAndSession };
  void BindTo(CommandLine& line, Role role);
  void BindPages(CommandLine& line);
};

class ServiceProcess {
 public:
  // INVALID_ARGUMENT for a region that is none; what is wrong with the key, or with the store.
  static absl::StatusOr<std::unique_ptr<ServiceProcess>> Open(const ServiceProcessOptions& options,
                                                              Environment& environment);

  Environment& environment() { return environment_; }
  const security::SigningKey& key() const { return key_; }
  const rpc::CallGate& gate() const { return gate_; }
  rpc::DeadlineTimer& timer() { return timer_; }
  IdSource& ids() { return ids_; }
  ShardMap& map() { return *map_; }
  // Over the store; null when the addresses were given.
  PlacedShardMap* placed() { return placed_; }
  const SharedStore& store() const { return store_; }
  // Of leases: unlike every other process of the installation.
  std::string owner() const;
  // The number of shards of each kind: what was decided, or else what the options wish, which is then decided, with the
  // region. FAILED_PRECONDITION when they wish for another, or are of another region; UNAVAILABLE when the store does
  // not answer. Blocks.
  absl::StatusOr<uint32_t> DecideShards();
  // Without what to do with the shards.
  ShardKeeperPorts KeeperPorts() {
    return {store_.placement, placed_, &timer_, &environment_.monotonic_clock, nullptr, nullptr};
  }
  // Where others reach the gRPC; after StartGrpc.
  std::string address() const;
  // ShardProcess::trust: the signing key and whether links are TLS.
  std::string trust() const;
  // With tokens of role service, made of the installation's key; mutual TLS where the process has a certificate.
  LinkOptions Links();
  LinkServer& link_server() { return link_server_; }
  Readiness& readiness() { return readiness_; }
  Endpoints& endpoints() { return endpoints_; }

  // Serves what was bound, and `link_server` with messages of up to `kMaxLinkMessageBytes`, to other services
  // alone: they must have a certificate where this process has one.
  absl::Status StartServingLinks();
  // Ready only while the store answers.
  void WatchStore(EventLog* log, ShardId shard);
  // Serves what was bound to everybody; ready while each kind of service is reached.
  absl::Status StartOverLinks(LinkWatch::Kinds kinds, size_t max_request_bytes = size_t{1} << 20);
  // Once the servers have ended; before what the probes ask is destroyed.
  void Drain(Duration limit);

 private:
  ServiceProcess(const ServiceProcessOptions& options, Environment& environment, RegionCode region,
                 security::SigningKey key, SharedStore store);

  const ServiceProcessOptions options_;
  Environment& environment_;
  const SharedStore store_;
  const TransportSecurity tls_;
  const security::SigningKey key_;
  const rpc::CallGate gate_;
  rpc::DeadlineTimer timer_;
  IdSource ids_;
  PlacedShardMap* placed_ = nullptr;
  std::unique_ptr<ShardMap> map_;
  LinkServer link_server_;
  Readiness readiness_;
  std::unique_ptr<LinkWatch> link_watch_;
  std::unique_ptr<StoreWatch> store_watch_;
  Endpoints endpoints_;
};

}  // namespace meridian
