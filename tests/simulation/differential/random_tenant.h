// Random configurations of a tenant for the differential test: small enough that a naive router keeps up, wide enough
// that every rule of routing is met.
#pragma once

#include <cstdint>
#include <random>

#include "libs/domain/tenant_config.h"

namespace meridian {

class Dice {
 public:
  explicit Dice(uint64_t seed) : generator_(seed) {}
  // 0 to n − 1.
  uint64_t Below(uint64_t n) { return generator_() % n; }
  bool Chance(int percent) { return Below(100) < static_cast<uint64_t>(percent); }
  template <typename List>
  const typename List::value_type& Pick(const List& list) {
    return list[Below(list.size())];
  }

 private:
  std::mt19937_64 generator_;
};

// Revision `revision` of the tenant "demo". Names of channels, skills, queues and agents come from fixed small sets, so
// that revisions have much in common.
TenantConfig RandomTenant(Dice& dice, uint64_t revision);
AgentConfig RandomAgent(Dice& dice, const TenantConfig& config, int number);
LanguageTag RandomLanguage(Dice& dice);

}  // namespace meridian
