#include "libs/routing/agent_table.h"

#include "libs/base/check.h"

namespace meridian {

void AgentSlot::AddLoad(uint8_t channel, uint32_t units, bool alone) {
  load += units;
  exclusive += alone ? 1 : 0;
  for (ChannelLoad& load_on : loads) {
    if (load_on.channel != channel) continue;
    load_on.units += units;
    return;
  }
  loads.push_back({channel, units});
}

void AgentSlot::RemoveLoad(uint8_t channel, uint32_t units, bool alone) {
  MERIDIAN_CHECK(load >= units && exclusive >= (alone ? 1u : 0u));
  load -= units;
  exclusive -= alone ? 1 : 0;
  for (size_t i = 0; i < loads.size(); ++i) {
    if (loads[i].channel != channel) continue;
    MERIDIAN_CHECK(loads[i].units >= units);
    loads[i].units -= units;
    if (loads[i].units == 0) loads.erase(loads.begin() + static_cast<std::ptrdiff_t>(i));
    return;
  }
  MERIDIAN_CHECK(units == 0);
}

uint32_t AgentTable::FindOrAdd(const AgentId& id) {
  const auto [found, added] = index_of_.emplace(id, size());
  if (added) {
    by_name_.emplace(id, found->second);
    slots_.emplace_back();
    slots_.back().record.agent = id;
    slots_.back().tie = StableHash(id.value);
  }
  return found->second;
}

uint32_t AgentTable::Find(const AgentId& id) const {
  const auto found = index_of_.find(id);
  return found == index_of_.end() ? kNoIndex : found->second;
}

}  // namespace meridian
