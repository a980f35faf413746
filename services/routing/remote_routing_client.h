// Routing in other processes, reached over links: RoutingClient for the services that run apart from it. Configurations
// are a copy that routing's processes push; a publication by this process is seen here when its answer comes, by others
// soon after. Any thread, as RoutingClient says; callbacks on the links' threads, or inside the call that cannot be
// made.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "libs/link/link_router.h"
#include "libs/link/standing_feed.h"
#include "services/routing/gateway_registry.h"
#include "services/routing/routing_client.h"

namespace meridian {

class RemoteRoutingClient final : public RoutingClient {
 public:
  // `map` and what `options` names outlive the client.
  RemoteRoutingClient(ShardMap* map, LinkOptions options);
  // Registrations have ended before.
  ~RemoteRoutingClient() override;

  // True when the configurations of every process of the map have come, within `patience`. Blocks.
  bool AwaitConfigs(Duration patience);
  LinkRouter::Reach Probe() { return router_->Probe(); }
  // Breaks every stream, for tests.
  void Break() { router_->Break(); }

  void Send(const TenantId& tenant, Command command, std::optional<RequestKey> key, Lane lane,
            Done<Answer> done) override;
  void ApplyConfig(const TenantId& tenant, CommandOrigin origin, admin::v1::ApplyConfigRequest request,
                   Done<admin::v1::ApplyConfigResponse> done) override;
  void GetConfig(const TenantId& tenant, Done<admin::v1::GetConfigResponse> done) override;
  void ListAgents(const TenantId& tenant, admin::v1::ListAgentsRequest request,
                  Done<admin::v1::ListAgentsResponse> done) override;
  void ListContacts(const TenantId& tenant, admin::v1::ListContactsRequest request,
                    Done<admin::v1::ListContactsResponse> done) override;
  void ExplainContact(const TenantId& tenant, admin::v1::ExplainContactRequest request,
                      Done<admin::v1::ExplainContactResponse> done) override;
  std::shared_ptr<const admin::v1::TenantConfig> ConfigSnapshot(const TenantId& tenant) const override;
  std::vector<std::shared_ptr<const admin::v1::TenantConfig>> ConfigSnapshots() const override;
  std::unique_ptr<Registration> RegisterGateway(GatewayKey gateway, GatewayCallbacks callbacks) override;

 private:
  class Registered;
  using Feeds = std::map<std::string, std::unique_ptr<StandingFeed>>;  // by address

  template <class Response>
  void Ask(internal::link::v1::Method method, const TenantId& tenant, Lane lane, std::string body, Done<Response> done);
  // Follows those that the map has, and no others.
  void FollowServers();
  void FollowServer(const std::string& address);
  void ForgetServer(const std::string& address);
  std::unique_ptr<StandingFeed> FollowConfigs(const std::string& address);
  std::unique_ptr<StandingFeed> FollowGateway(const std::string& address, const GatewayKey& gateway);
  void OnConfigItem(const std::string& address, std::string_view item);
  void OnGatewayItem(const GatewayKey& gateway, std::string_view item);
  void SetSnapshot(std::shared_ptr<const admin::v1::TenantConfig> config);

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<TenantId, std::shared_ptr<const admin::v1::TenantConfig>> snapshots_;  // under mutex_
  std::map<std::string, bool> complete_;  // by address: its configurations have come; under mutex_

  GatewayRegistry gateways_;
  std::unique_ptr<LinkRouter> router_;
  std::mutex feeds_mutex_;
  Feeds config_feeds_;
  std::map<GatewayKey, Feeds> gateway_feeds_;
  std::unique_ptr<ShardMap::Watch> watch_;
};

}  // namespace meridian
