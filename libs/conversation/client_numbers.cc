#include "libs/conversation/client_numbers.h"

#include <algorithm>

#include "libs/base/check.h"

namespace meridian::conversation {

bool ClientNumbers::Restore(uint32_t highest, std::vector<Entry> entries) {
  if (entries.size() > kRemembered) return false;
  for (size_t i = 0; i < entries.size(); ++i) {
    if (entries[i].client_number == 0 || entries[i].number == 0 || entries[i].client_number > highest) return false;
    if (i == 0) continue;
    if (entries[i].client_number <= entries[i - 1].client_number || entries[i].number <= entries[i - 1].number) {
      return false;
    }
  }
  highest_ = highest;
  entries_ = std::move(entries);
  return true;
}

ClientNumbers::Found ClientNumbers::Find(uint64_t client_number, uint32_t digest) const {
  if (client_number > highest_) return {Verdict::kNew, 0};
  auto entry = std::lower_bound(entries_.begin(), entries_.end(), client_number,
                                [](const Entry& e, uint64_t wanted) { return e.client_number < wanted; });
  if (entry == entries_.end() || entry->client_number != client_number) return {Verdict::kTooOld, 0};
  if (entry->digest != digest) return {Verdict::kReused, 0};
  return {Verdict::kRepeat, entry->number};
}

void ClientNumbers::Add(uint64_t client_number, uint64_t number, uint32_t digest) {
  MERIDIAN_CHECK(client_number > highest_ && client_number <= UINT32_MAX && number <= UINT32_MAX);
  if (entries_.size() == kRemembered) entries_.erase(entries_.begin());
  highest_ = static_cast<uint32_t>(client_number);
  entries_.push_back({highest_, static_cast<uint32_t>(number), digest});
}

void ClientNumbers::Forget() { entries_ = {}; }

}  // namespace meridian::conversation
