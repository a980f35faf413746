#include "libs/routing/contact_table.h"

#include "libs/base/check.h"

namespace meridian {

uint32_t ContactTable::Insert(ContactRecord record) {
  uint32_t index;
  if (free_.empty()) {
    index = static_cast<uint32_t>(slots_.size());
    slots_.emplace_back();
  } else {
    index = free_.back();
    free_.pop_back();
  }
  const bool inserted = index_of_.emplace(record.spec.id, index).second;
  MERIDIAN_CHECK(inserted);
  slots_[index] = ContactSlot{};
  slots_[index].record = std::move(record);
  slots_[index].live = true;
  return index;
}

void ContactTable::Erase(uint32_t index) {
  ContactSlot& slot = slots_[index];
  MERIDIAN_CHECK(slot.live);
  index_of_.erase(slot.record.spec.id);
  slot = ContactSlot{};
  erased_.push_back(index);
}

void ContactTable::Recycle() {
  free_.insert(free_.end(), erased_.begin(), erased_.end());
  erased_.clear();
}

uint32_t ContactTable::Find(const ContactId& id) const {
  const auto found = index_of_.find(id);
  return found == index_of_.end() ? kNoIndex : found->second;
}

}  // namespace meridian
