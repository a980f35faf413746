// Ids and enums as the session's records and log hold them: an id is its UUID (16 bytes, big-endian) and its region's
// code, nil is empty; an enum is its number. Pure functions, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "libs/base/entity_id.h"

namespace meridian {

std::string StoredId(const RegionCode& region, const Uuid& uuid);
std::optional<EntityIdParts> ReadStoredId(std::string_view bytes);

template <typename Tag>
std::string StoredId(const EntityId<Tag>& id) {
  return id.IsNil() ? std::string() : StoredId(id.region, id.uuid);
}

// Reads field after field and remembers whether all of them could be.
class StoredReader {
 public:
  bool ok() const { return ok_; }
  void Check(bool holds) { ok_ = ok_ && holds; }

  // Empty is nil.
  template <typename Tag>
  void Id(std::string_view bytes, EntityId<Tag>* id) {
    if (bytes.empty()) return;
    auto parts = ReadStoredId(bytes);
    Check(parts.has_value());
    if (parts) *id = {parts->region, parts->uuid};
  }
  // Between the first and the last enumerator.
  template <typename Enum>
  void Number(uint32_t value, Enum first, Enum last, Enum* result) {
    bool known = value >= static_cast<uint32_t>(first) && value <= static_cast<uint32_t>(last);
    Check(known);
    if (known) *result = static_cast<Enum>(value);
  }
  // What `parse` makes of the text; empty is the default value.
  template <typename T>
  void Text(std::string_view text, std::optional<T> (*parse)(std::string_view), T* result) {
    if (text.empty()) return;
    auto parsed = parse(text);
    Check(parsed.has_value());
    if (parsed) *result = *parsed;
  }

 private:
  bool ok_ = true;
};

}  // namespace meridian
