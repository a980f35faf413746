#include "services/session/agent_directory.h"

#include <utility>

#include "libs/wire/contact_types.h"

namespace meridian {

AgentDirectory::Tenant& AgentDirectory::Refresh(const TenantId& tenant) {
  Tenant& known = tenants_[tenant];
  auto snapshot = routing_->ConfigSnapshot(tenant);
  if (snapshot == known.snapshot) return known;
  known.agents.clear();
  known.snapshot = std::move(snapshot);
  if (known.snapshot == nullptr) return known;
  for (const admin::v1::Agent& agent : known.snapshot->agents()) {
    known.agents[agent.name()] = {agent.display_name(), FromProto(agent.kind()).value_or(AgentKind::kHuman)};
  }
  return known;
}

bool AgentDirectory::Knows(const TenantId& tenant) { return Refresh(tenant).snapshot != nullptr; }

const AgentDirectory::Entry* AgentDirectory::Find(const TenantId& tenant, const AgentId& agent) {
  const Tenant& known = Refresh(tenant);
  auto found = known.agents.find(agent.value);
  return found == known.agents.end() ? nullptr : &found->second;
}

}  // namespace meridian
