// All agents of a tenant: those of the configuration, and those who were removed but have not gone. Slots with dense
// indices that are never used again for another agent while the process lives. The shard's thread only.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/container/btree_set.h"
#include "libs/base/entity_id.h"
#include "libs/routing/records.h"
#include "libs/routing/slots.h"

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
  AgentTable() = default;
  AgentTable(const AgentTable&) = delete;
  AgentTable& operator=(const AgentTable&) = delete;

  uint32_t FindOrAdd(const AgentId& id);
  uint32_t Find(const AgentId& id) const { return index_.Find(id); }  // kNoIndex when there is none
  // The agent whose name comes next after `id`; kNoIndex when there is none.
  uint32_t NextByName(const AgentId& id) const;

  AgentSlot& at(uint32_t index) { return slots_[index]; }
  const AgentSlot& at(uint32_t index) const { return slots_[index]; }
  uint32_t size() const { return slots_.size(); }

 private:
  static const AgentId& IdOf(const AgentSlot& slot) { return slot.record.agent; }
  struct NameLess {
    using is_transparent = void;
    const Slots<AgentSlot>* slots;
    bool operator()(uint32_t a, uint32_t b) const { return IdOf((*slots)[a]) < IdOf((*slots)[b]); }
    bool operator()(uint32_t a, const AgentId& b) const { return IdOf((*slots)[a]) < b; }
    bool operator()(const AgentId& a, uint32_t b) const { return a < IdOf((*slots)[b]); }
  };

  Slots<AgentSlot> slots_;
  SlotIndex<AgentSlot, AgentId, &IdOf> index_{slots_};
  absl::btree_set<uint32_t, NameLess> by_name_{NameLess{&slots_}};
};

}  // namespace meridian
