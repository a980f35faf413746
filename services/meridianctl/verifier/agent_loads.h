// The load of every agent, folded from what contacts take and give back, against the capacities of the configuration.
// One thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "meridian/admin/v1/tenant_config.pb.h"
#include "services/meridianctl/verifier/report.h"

namespace meridian::verifier {

class AgentLoads {
 public:
  AgentLoads(const admin::v1::TenantConfig& config, Report& report);

  // `revision`: under which the agent was chosen.
  void Take(const std::string& agent, const std::string& channel, uint32_t units, const std::string& contact,
            uint64_t revision);
  void GiveBack(const std::string& agent, const std::string& channel, uint32_t units);
  void Finish();

 private:
  struct Load {
    uint64_t units = 0;
    std::map<std::string, uint64_t> by_channel;
    uint32_t contacts = 0;
    uint32_t exclusive = 0;
  };

  void Judge(const std::string& agent, const std::string& channel, const Load& load, const std::string& contact);

  Report& report_;
  const uint64_t revision_;
  std::map<std::string, const admin::v1::Agent*> agents_;
  std::map<std::string, const admin::v1::Channel*> channels_;
  std::map<std::string, Load> loads_;
  uint64_t not_judged_ = 0;
};

}  // namespace meridian::verifier
