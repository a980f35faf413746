// All agents of a tenant: those of the configuration, and those who were removed but have not gone. Slots with dense
// indices that are never used again for another agent while the process lives. The shard's thread only.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <unordered_map>
#include <vector>

#include "libs/base/entity_id.h"
#include "libs/routing/contact_table.h"
#include "libs/routing/records.h"

namespace meridian {

// Where a free agent stands in its profile's idle order for one channel.
struct FreePlace {
  uint8_t channel = 0;
  int32_t load_order = 0;
};

struct ChannelLoad {
  uint8_t channel = 0;
  uint32_t units = 0;
};

struct AgentSlot {
  AgentRecord record;
  uint64_t tie = 0;                // between equally idle agents: the same in every run
  uint32_t profile = kNoIndex;     // kNoIndex: not in the configuration
  uint32_t load = 0;               // units over all channels
  uint32_t exclusive = 0;          // contacts that need the agent alone
  std::vector<ChannelLoad> loads;  // by channel, without zeros
  std::vector<uint32_t> contacts;  // whom it has, offered or in hands
  std::vector<FreePlace> places;   // empty: takes nothing now
  Instant placed_idle_since;       // under which it stands in the idle orders
  uint64_t seen_revision = 0;      // the last whole configuration that has this agent
  bool cooling = false;            // in a cool-down
  bool changed = false;            // its record goes into the next batch
  bool recorded = false;           // a record of it may be in the store

  bool Takes() const {
    return profile != kNoIndex && record.presence == AgentPresence::kAttached && record.activity.IsAvailable() &&
           !cooling;
  }
  uint32_t LoadOn(uint8_t channel) const {
    for (const ChannelLoad& load_on : loads) {
      if (load_on.channel == channel) return load_on.units;
    }
    return 0;
  }
  void AddLoad(uint8_t channel, uint32_t units, bool alone);
  void RemoveLoad(uint8_t channel, uint32_t units, bool alone);
};

class AgentTable {
 public:
  uint32_t FindOrAdd(const AgentId& id);
  uint32_t Find(const AgentId& id) const;  // kNoIndex when there is none

  AgentSlot& at(uint32_t index) { return slots_[index]; }
  const AgentSlot& at(uint32_t index) const { return slots_[index]; }
  uint32_t size() const { return static_cast<uint32_t>(slots_.size()); }
  const std::map<AgentId, uint32_t>& by_name() const { return by_name_; }

 private:
  std::vector<AgentSlot> slots_;
  std::unordered_map<AgentId, uint32_t> index_of_;  // looked up, never walked
  std::map<AgentId, uint32_t> by_name_;
};

}  // namespace meridian
