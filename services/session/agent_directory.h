// What the published configurations say of agents: their kind and the name that customers see. Follows each tenant's
// snapshot. One thread at a time.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "libs/base/entity_id.h"
#include "libs/domain/agent.h"
#include "services/routing/routing_client.h"

namespace meridian {

class AgentDirectory {
 public:
  struct Entry {
    std::string display_name;
    AgentKind kind = AgentKind::kHuman;
  };

  explicit AgentDirectory(const RoutingClient* routing) : routing_(routing) {}

  // False while nothing of the tenant is known.
  bool Knows(const TenantId& tenant);
  // nullptr when the agent is not in the configuration; valid until the next call.
  const Entry* Find(const TenantId& tenant, const AgentId& agent);

 private:
  struct Tenant {
    std::shared_ptr<const admin::v1::TenantConfig> snapshot;
    std::unordered_map<std::string, Entry> agents;
  };

  Tenant& Refresh(const TenantId& tenant);

  const RoutingClient* const routing_;
  std::unordered_map<TenantId, Tenant> tenants_;
};

}  // namespace meridian
