// All live contacts of a tenant, in slots with dense indices that are used again. The shard's thread only.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "libs/base/entity_id.h"
#include "libs/routing/records.h"
#include "libs/routing/score.h"

namespace meridian {

inline constexpr uint32_t kNoIndex = UINT32_MAX;

// Where a queued contact stands.
enum class Line : uint8_t {
  kNone,       // not queued
  kClass,      // in the line of its class
  kPreferred,  // waits for its preferred agent alone
};

struct ContactSlot {
  ContactRecord record;
  LineKey key;                      // its place in any line
  uint32_t requirement = kNoIndex;  // class, while queued
  uint32_t agent = kNoIndex;        // who has it, while offered or in hands
  uint32_t place_with_agent = 0;    // its position in AgentSlot::contacts
  uint8_t channel = 0;              // its number, see Index::ChannelNumber
  Line line = Line::kNone;
  bool live = false;
  bool changed = false;               // its record goes into the next batch
  struct QueueLine* queue = nullptr;  // counts and opening hours of its queue
};

class ContactTable {
 public:
  // The id must not be there yet. Slots may move: indices stay, references do not.
  uint32_t Insert(ContactRecord record);
  // The slot is used again only after Recycle, so that an index in a list of changes never means another contact.
  void Erase(uint32_t index);
  void Recycle();
  uint32_t Find(const ContactId& id) const;  // kNoIndex when there is none

  ContactSlot& at(uint32_t index) { return slots_[index]; }
  const ContactSlot& at(uint32_t index) const { return slots_[index]; }
  uint32_t end() const { return static_cast<uint32_t>(slots_.size()); }  // indices below it may be live
  size_t live() const { return index_of_.size(); }

 private:
  std::vector<ContactSlot> slots_;
  std::vector<uint32_t> free_;
  std::vector<uint32_t> erased_;                      // free after Recycle
  std::unordered_map<ContactId, uint32_t> index_of_;  // looked up, never walked
};

}  // namespace meridian
