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
  if (const uint32_t found = Find(id); found != kNoIndex) return found;
  const uint32_t added = slots_.Add();
  slots_[added].record.agent = id;
  slots_[added].tie = StableHash(id.value);
  index_.Add(added);
  by_name_.insert(added);
  return added;
}

uint32_t AgentTable::NextByName(const AgentId& id) const {
  const auto next = by_name_.upper_bound(id);
  return next == by_name_.end() ? kNoIndex : *next;
}

}  // namespace meridian
