#include "tests/simulation/worlds/tenant.h"

#include "libs/base/check.h"
#include "tests/unit/services/routing/demo_draft.h"

namespace meridian::worlds {
namespace {

void AddAgent(admin::v1::TenantConfig& config, const std::string& name, uint32_t capacity,
              const std::vector<std::string>& languages) {
  auto* agent = config.add_agents();
  agent->set_name(name);
  agent->set_time_zone("UTC");
  agent->set_capacity(capacity);
  (*agent->mutable_channels())["chat"] = capacity;
  if (capacity >= 2) (*agent->mutable_channels())["task"] = 2;
  for (const std::string& language : languages) {
    (*agent->mutable_languages())[language] = type::v1::LANGUAGE_LEVEL_NATIVE;
  }
}

admin::v1::TenantConfig MakeConfig() {
  admin::v1::TenantConfig config;
  config.set_tenant(kTenant.value);
  auto* chat = config.add_channels();
  chat->set_name("chat");
  chat->mutable_leave_grace()->set_seconds(kLeaveGrace.ToSeconds());
  chat->mutable_session_lifetime()->set_seconds(600);
  auto* task = config.add_channels();
  task->set_name("task");
  task->set_units(2);
  task->set_exclusive(true);
  auto* queue = config.add_queues();
  queue->set_name("support");
  queue->mutable_offer_timeout()->set_seconds(kOfferTimeout.ToSeconds());
  queue->mutable_no_answer()->set_strikes(2);
  queue->mutable_no_answer()->mutable_cool_down()->set_seconds(5);
  queue->mutable_wrap_up()->set_seconds(3);
  auto* plan = config.add_plans();
  plan->set_name("default");
  auto* rule = plan->add_rules();
  rule->set_name("all");
  rule->set_queue("support");
  rule->add_steps();
  config.mutable_agent_grace()->set_seconds(kAgentGrace.ToSeconds());
  AddAgent(config, "ana", 2, {"es"});
  AddAgent(config, "ben", 1, {"en", "es"});
  AddAgent(config, "cid", 3, {"en"});
  AddAgent(config, "dora", 2, {"es", "en"});
  return config;
}

}  // namespace

const std::vector<std::string>& AgentNames() {
  static const std::vector<std::string> names{"ana", "ben", "cid", "dora"};
  return names;
}

const std::vector<std::string>& Languages() {
  static const std::vector<std::string> languages{"es", "en", "fi"};
  return languages;
}

const admin::v1::TenantConfig& Config() {
  static const admin::v1::TenantConfig config = MakeConfig();
  return config;
}

const PublishDraft& ConfigDraft() {
  static const PublishDraft draft = [] {
    std::vector<std::string> pieces;
    PublishDraft made = testing::DraftOf(Config(), 1, &pieces);
    MERIDIAN_CHECK(pieces.size() == 1);
    return made;
  }();
  return draft;
}

}  // namespace meridian::worlds
