#include "services/session/agent_directory.h"

#include <utility>

namespace meridian {

const AgentDirectory::Tenant& AgentDirectory::Refresh(const TenantId& tenant) {
  Tenant& known = tenants_[tenant];
  auto snapshot = routing_->ConfigSnapshot(tenant);
  if (snapshot == known.snapshot) return known;
  known.display_names.clear();
  known.snapshot = std::move(snapshot);
  if (known.snapshot == nullptr) return known;
  for (const admin::v1::Agent& agent : known.snapshot->agents()) {
    known.display_names[agent.name()] = agent.display_name();
  }
  return known;
}

const std::string* AgentDirectory::FindDisplayName(const TenantId& tenant, const AgentId& agent) {
  const Tenant& known = Refresh(tenant);
  auto found = known.display_names.find(agent.value);
  return found == known.display_names.end() ? nullptr : &found->second;
}

}  // namespace meridian
