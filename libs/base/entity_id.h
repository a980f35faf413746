// Ids of the form `<region>-<uuidv7>`, for example `eu1-01932c07-209c-7b5e-8f2e-6a1f0c9d2b34`: the region that owns an
// entity is known from its id alone. A region's code is 1 to 7 characters of [a-z0-9], the first a letter, and is
// held inline, so that an id is a plain value of 24 bytes. Any thread.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "libs/base/uuid.h"

namespace meridian {

class RegionCode {
 public:
  RegionCode() = default;
  // nullopt unless `text` is 1 to 7 characters of [a-z0-9] that start with a letter.
  static std::optional<RegionCode> Parse(std::string_view text);

  std::string_view view() const { return {bytes_.data(), length_}; }
  friend auto operator<=>(const RegionCode&, const RegionCode&) = default;

 private:
  std::array<char, 7> bytes_{};
  uint8_t length_ = 0;
};

// Splits "<region>-<uuid>"; nullopt when either part is malformed.
struct EntityIdParts {
  RegionCode region;
  Uuid uuid;
};
std::optional<EntityIdParts> ParseEntityId(std::string_view text);
std::string FormatEntityId(const RegionCode& region, const Uuid& uuid);

// One type per kind of entity, so that a contact's id is never taken for a conversation's.
template <typename Tag>
struct EntityId {
  RegionCode region;
  Uuid uuid;

  static std::optional<EntityId> Parse(std::string_view text) {
    auto parts = ParseEntityId(text);
    if (!parts) return std::nullopt;
    return EntityId{parts->region, parts->uuid};
  }
  bool IsNil() const { return uuid.IsNil(); }
  std::string ToString() const { return FormatEntityId(region, uuid); }
  friend auto operator<=>(const EntityId&, const EntityId&) = default;
};

using ContactId = EntityId<struct ContactTag>;
using ConversationId = EntityId<struct ConversationTag>;  // also the id of the session: one conversation per session
using CustomerId = EntityId<struct CustomerTag>;

// A name chosen by an operator (tenant, agent, queue, skill …) as a type of its own.
// The form is [a-z0-9]([a-z0-9_.-]{0,61}[a-z0-9])?, checked at the edge by IsValidName.
template <typename Tag>
struct Name {
  std::string value;

  bool empty() const { return value.empty(); }
  friend auto operator<=>(const Name&, const Name&) = default;
};

bool IsValidName(std::string_view text);

using TenantId = Name<struct TenantTag>;
using AgentId = Name<struct AgentTag>;
using QueueId = Name<struct QueueTag>;

}  // namespace meridian

template <typename Tag>
struct std::hash<meridian::EntityId<Tag>> {
  size_t operator()(const meridian::EntityId<Tag>& id) const noexcept { return meridian::StableHash(id.uuid); }
};

template <typename Tag>
struct std::hash<meridian::Name<Tag>> {
  size_t operator()(const meridian::Name<Tag>& name) const noexcept { return meridian::StableHash(name.value); }
};
