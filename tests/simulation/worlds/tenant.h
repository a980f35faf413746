// The tenant that every world serves: four agents, one line with short times, and a language that nobody speaks.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "libs/base/entity_id.h"
#include "libs/conversation/message.h"
#include "meridian/admin/v1/tenant_config.pb.h"
#include "services/routing/routing_program.h"

namespace meridian::worlds {

inline const TenantId kTenant{"acme"};
inline const RegionCode kRegion = *RegionCode::Parse("eu1");
inline constexpr Duration kOfferTimeout = Duration::Seconds(5);
inline constexpr Duration kAgentGrace = Duration::Seconds(10);
inline constexpr Duration kLeaveGrace = Duration::Seconds(10);

const std::vector<std::string>& AgentNames();
// The last one is spoken by no agent.
const std::vector<std::string>& Languages();

const admin::v1::TenantConfig& Config();
// Config, as a shard is given it; made once.
const PublishDraft& ConfigDraft();

inline std::vector<conversation::MessagePart> Text(std::string text) {
  return {conversation::TextPart{std::move(text), {}, {}}};
}

}  // namespace meridian::worlds
