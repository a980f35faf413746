// All live contacts of a tenant, in slots with dense indices that are used again. The shard's thread only.
#pragma once

#include <cstdint>
#include <vector>

#include "libs/base/entity_id.h"
#include "libs/routing/records.h"
#include "libs/routing/score.h"
#include "libs/routing/slots.h"

namespace meridian {

// Where a queued contact stands.
enum class Line : uint8_t {
  kNone,       // not queued
  kClass,      // in the line of its class
  kPreferred,  // waits for its preferred agent alone
};

struct ContactSlot {
  ContactRecord record;
  int64_t line_major = 0;  // its place in any line, see key()
  int64_t line_minor = 0;
  uint32_t requirement = kNoIndex;  // class, while queued
  uint32_t agent = kNoIndex;        // who has it, while offered or in hands
  uint32_t place_with_agent = 0;    // its position in AgentSlot::contacts
  uint8_t channel = 0;              // its number, see Index::ChannelNumber
  Line line = Line::kNone;
  bool live = false;
  bool changed = false;               // its record goes into the next batch
  struct QueueLine* queue = nullptr;  // counts and opening hours of its queue

  LineKey key() const { return {line_major, line_minor, record.spec.id.uuid}; }
  void SetKey(const LineKey& key) {
    line_major = key.major;
    line_minor = key.minor;
  }
};

class ContactTable {
 public:
  ContactTable() = default;
  ContactTable(const ContactTable&) = delete;
  ContactTable& operator=(const ContactTable&) = delete;

  // The id must not be there yet.
  uint32_t Insert(ContactRecord record);
  // The slot is used again only after Recycle, so that an index in a list of changes never means another contact.
  void Erase(uint32_t index);
  void Recycle();
  uint32_t Find(const ContactId& id) const { return index_.Find(id); }  // kNoIndex when there is none

  ContactSlot& at(uint32_t index) { return slots_[index]; }
  const ContactSlot& at(uint32_t index) const { return slots_[index]; }
  uint32_t end() const { return slots_.size(); }  // indices below it may be live
  size_t live() const { return index_.size(); }

 private:
  static const ContactId& IdOf(const ContactSlot& slot) { return slot.record.spec.id; }

  Slots<ContactSlot> slots_;
  std::vector<uint32_t> free_;
  std::vector<uint32_t> erased_;  // free after Recycle
  SlotIndex<ContactSlot, ContactId, &IdOf> index_{slots_};
};

}  // namespace meridian
