// The names under which customers see agents, as the published configurations say. Follows each tenant's snapshot. One
// thread at a time.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>

#include "libs/base/entity_id.h"
#include "services/routing/routing_client.h"

namespace meridian {

class AgentDirectory {
 public:
  explicit AgentDirectory(const RoutingClient* routing) : routing_(routing) {}

  // nullptr when the agent is not in the configuration or has no display name; valid until the next call.
  const std::string* FindDisplayName(const TenantId& tenant, const AgentId& agent);

 private:
  struct Tenant {
    std::shared_ptr<const admin::v1::TenantConfig> snapshot;
    std::unordered_map<std::string, std::string> display_names;  // by agent
  };

  const Tenant& Refresh(const TenantId& tenant);

  const RoutingClient* const routing_;
  std::unordered_map<TenantId, Tenant> tenants_;
};

}  // namespace meridian
