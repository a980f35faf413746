// A small configuration for routing's tests: one queue, chat, Spanish and German agents, always on shift.
#pragma once

#include <string>

#include "meridian/admin/v1/tenant_config.pb.h"

namespace meridian::testing {

inline void AddAgent(admin::v1::TenantConfig& config, const std::string& name, const std::string& language) {
  auto* agent = config.add_agents();
  agent->set_name(name);
  agent->set_time_zone("Europe/Madrid");
  agent->set_capacity(2);
  (*agent->mutable_channels())["chat"] = 2;
  (*agent->mutable_languages())[language] = type::v1::LANGUAGE_LEVEL_NATIVE;
}

inline admin::v1::TenantConfig DemoConfig() {
  admin::v1::TenantConfig config;
  config.set_tenant("demo");
  config.add_channels()->set_name("chat");
  config.add_queues()->set_name("support");
  auto* plan = config.add_plans();
  plan->set_name("default");
  auto* rule = plan->add_rules();
  rule->set_name("all");
  rule->set_queue("support");
  rule->add_steps();
  AddAgent(config, "ana", "es");
  AddAgent(config, "dieter", "de");
  return config;
}

}  // namespace meridian::testing
