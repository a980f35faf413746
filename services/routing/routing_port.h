// The server side of RoutingClient: serves a routing of this process to others over their links.
// Made where a process is assembled, after the routing that it serves and before the link server's gRPC server;
// outlives that server. Any thread.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "libs/link/link_server.h"
#include "libs/rpc/deadline_timer.h"
#include "services/routing/gateway_desk.h"
#include "services/routing/routing_client.h"

namespace meridian {

struct RoutingPortOptions {
  // OK where the tenant's shard is served by this process, else NOT_OWNER, naming who serves it. Null: all are.
  std::function<absl::Status(const TenantId&)> check;
};

class RoutingPort {
 public:
  // `routing` and `timer` outlive the port.
  RoutingPort(RoutingClient* routing, rpc::DeadlineTimer* timer, RoutingPortOptions options);
  ~RoutingPort();

  // Once.
  void Bind(LinkServer& server);
  // A configuration is in force: RoutingPorts::on_config.
  void OnConfig(const std::shared_ptr<const admin::v1::TenantConfig>& config);

 private:
  class ConfigSource;
  class GatewaySource;
  struct Followers {
    std::mutex mutex;
    std::set<ConfigSource*> sources;
  };

  void Send(IncomingCall call, LinkAnswer answer);
  template <class Request, class Response>
  void ServeAdmin(LinkServer& server, LinkMethod method,
                  void (RoutingClient::*call)(const TenantId&, Request, RoutingClient::Done<Response>));
  void ApplyConfig(IncomingCall call, LinkAnswer answer);
  absl::StatusOr<std::unique_ptr<FeedSource>> FollowConfigs(std::shared_ptr<FeedSink> sink);
  absl::StatusOr<std::unique_ptr<FeedSource>> OpenGateway(const IncomingCall& call, std::shared_ptr<FeedSink> sink);
  absl::Status CheckOwner(const TenantId& tenant) const;

  RoutingClient* const routing_;
  const RoutingPortOptions options_;
  const std::shared_ptr<GatewayDesk> desk_;
  const std::shared_ptr<Followers> followers_ = std::make_shared<Followers>();
};

}  // namespace meridian
