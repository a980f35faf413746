#include "libs/routing/contact_table.h"

#include "libs/base/check.h"

namespace meridian {

uint32_t ContactTable::Insert(ContactRecord record) {
  uint32_t index;
  if (free_.empty()) {
    index = slots_.Add();
  } else {
    index = free_.back();
    free_.pop_back();
  }
  ContactSlot& slot = slots_[index];
  slot.record = std::move(record);
  slot.live = true;
  const bool added = index_.Add(index);
  MERIDIAN_CHECK(added);
  return index;
}

void ContactTable::Erase(uint32_t index) {
  ContactSlot& slot = slots_[index];
  MERIDIAN_CHECK(slot.live);
  index_.Remove(slot.record.spec.id);
  slot = ContactSlot{};
  erased_.push_back(index);
}

void ContactTable::Recycle() {
  free_.insert(free_.end(), erased_.begin(), erased_.end());
  erased_.clear();
}

}  // namespace meridian
