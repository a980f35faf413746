#include "services/routing/config_snapshot.h"

#include <utility>

namespace meridian {

std::shared_ptr<const admin::v1::TenantConfig> SnapshotOf(admin::v1::TenantConfig config) {
  google::protobuf::RepeatedPtrField<admin::v1::Agent> agents;
  agents.Swap(config.mutable_agents());
  for (admin::v1::Agent& agent : agents) {
    if (agent.display_name().empty()) continue;
    admin::v1::Agent& named = *config.add_agents();
    named.set_name(std::move(*agent.mutable_name()));
    named.set_display_name(std::move(*agent.mutable_display_name()));
  }
  return std::make_shared<const admin::v1::TenantConfig>(std::move(config));
}

}  // namespace meridian
