#include "services/meridianctl/verifier/agent_loads.h"

#include <algorithm>

namespace meridian::verifier {

AgentLoads::AgentLoads(const admin::v1::TenantConfig& config, Report& report)
    : report_(report), revision_(config.revision()) {
  for (const admin::v1::Agent& agent : config.agents()) agents_[agent.name()] = &agent;
  for (const admin::v1::Channel& channel : config.channels()) channels_[channel.name()] = &channel;
}

void AgentLoads::Take(const std::string& agent, const std::string& channel, uint32_t units, const std::string& contact,
                      uint64_t revision) {
  Load& load = loads_[agent];
  load.units += units;
  load.by_channel[channel] += units;
  ++load.contacts;
  auto known = channels_.find(channel);
  if (known != channels_.end() && known->second->exclusive()) ++load.exclusive;
  if (revision_ != 0 && revision != revision_) {
    ++not_judged_;
    return;
  }
  Judge(agent, channel, load, contact);
}

void AgentLoads::Judge(const std::string& agent, const std::string& channel, const Load& load,
                       const std::string& contact) {
  auto violated = [&](const std::string& what) {
    report_.Add(Rule::kLoad, agent, what + " (contact " + contact + ")");
  };
  auto known = agents_.find(agent);
  if (known == agents_.end()) return violated("is not in the configuration, and was given work");
  const uint64_t capacity = std::max<uint64_t>(known->second->capacity(), 1);
  if (load.units > capacity) {
    violated("has a load of " + std::to_string(load.units) + " of " + std::to_string(capacity));
  }
  auto allowed = known->second->channels().find(channel);
  if (allowed == known->second->channels().end()) return violated("does not take channel " + channel);
  const uint64_t on_channel = load.by_channel.at(channel);
  if (on_channel > allowed->second) {
    violated("has " + std::to_string(on_channel) + " of " + std::to_string(allowed->second) + " units on " + channel);
  }
  if (load.exclusive > 0 && load.contacts > 1) {
    violated("has " + std::to_string(load.contacts) + " contacts, one of which needs an agent alone");
  }
}

void AgentLoads::GiveBack(const std::string& agent, const std::string& channel, uint32_t units) {
  Load& load = loads_[agent];
  if (load.units < units || load.by_channel[channel] < units || load.contacts == 0) {
    return report_.Add(Rule::kLoad, agent, "gave back more than it had");
  }
  load.units -= units;
  load.by_channel[channel] -= units;
  --load.contacts;
  auto known = channels_.find(channel);
  if (known != channels_.end() && known->second->exclusive()) --load.exclusive;
}

void AgentLoads::Finish() {
  if (not_judged_ == 0) return;
  report_.Remark(std::to_string(not_judged_) + " offers were made under other revisions than " +
                 std::to_string(revision_) + ", whose capacities are not known");
}

}  // namespace meridian::verifier
