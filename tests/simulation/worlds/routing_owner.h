// A process that owns the routing shard, or waits to: the real shard, with its loop, program and engine, and the
// registry of gateways. Others reach it over the network.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "services/routing/gateway_registry.h"
#include "services/routing/routing_client.h"
#include "services/routing/routing_shard.h"
#include "tests/simulation/worlds/network.h"
#include "tests/simulation/worlds/process.h"

namespace meridian::worlds {

inline constexpr ShardId kRoutingShard{ShardKind::kRouting, 0};

class RoutingOwner final : public Process {
 public:
  RoutingOwner(Schedule& schedule, StoreRoads& roads, std::string name)
      : Process(schedule, roads, std::move(name)), judge_(roads.judge) {}
  ~RoutingOwner() override { Destroy(); }

  void Serve(RoutingCommand command, Lane lane, RoutingClient::Done<Answer> done);
  // Null when it is not alive.
  GatewayRegistry* gateways() { return gateways_.get(); }
  // Null while it does not serve.
  const Engine* engine() const;
  bool serving() const override;
  void CheckInside() override;

  // Called when it has started, and when it is about to die.
  std::function<void()> on_start;
  std::function<void()> on_crash;

 protected:
  Stepped* Build() override;
  void Launch() override;
  void Destroy() override;

 private:
  Judge& judge_;
  std::unique_ptr<GatewayRegistry> gateways_;
  std::unique_ptr<RoutingShard> shard_;
  uint64_t checked_ = 0;  // commits by the last look inside
};

// Routing as another party sees it: it asks the owner that answered last, and the other one when that does not serve.
class RoutingFromAfar final : public RoutingClient {
 public:
  RoutingFromAfar(Party& from, Network& network, std::vector<RoutingOwner*> owners)
      : from_(from), network_(network), owners_(std::move(owners)) {}

  void Send(const TenantId& tenant, Command command, std::optional<RequestKey> key, Lane lane,
            Done<Answer> done) override;
  void Believe(const RoutingOwner& owner);
  const RoutingOwner& believed() const { return *owners_[believed_]; }

  std::shared_ptr<const admin::v1::TenantConfig> ConfigSnapshot(const TenantId&) const override;
  std::vector<std::shared_ptr<const admin::v1::TenantConfig>> ConfigSnapshots() const override { return {}; }
  void ApplyConfig(const TenantId&, CommandOrigin, admin::v1::ApplyConfigRequest,
                   Done<admin::v1::ApplyConfigResponse> done) override {
    done(absl::UnimplementedError("not in a world"));
  }
  void GetConfig(const TenantId&, Done<admin::v1::GetConfigResponse> done) override {
    done(absl::UnimplementedError("not in a world"));
  }
  void ListAgents(const TenantId&, admin::v1::ListAgentsRequest, Done<admin::v1::ListAgentsResponse> done) override {
    done(absl::UnimplementedError("not in a world"));
  }
  void ListContacts(const TenantId&, admin::v1::ListContactsRequest,
                    Done<admin::v1::ListContactsResponse> done) override {
    done(absl::UnimplementedError("not in a world"));
  }
  void ExplainContact(const TenantId&, admin::v1::ExplainContactRequest,
                      Done<admin::v1::ExplainContactResponse> done) override {
    done(absl::UnimplementedError("not in a world"));
  }
  std::unique_ptr<Registration> RegisterGateway(GatewayKey, GatewayCallbacks) override { return nullptr; }

 private:
  Party& from_;
  Network& network_;
  const std::vector<RoutingOwner*> owners_;
  size_t believed_ = 0;
};

}  // namespace meridian::worlds
