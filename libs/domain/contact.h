// What is asked when a contact is submitted. What the engine keeps of it is the engine's own record. Values, any
// thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "libs/base/entity_id.h"
#include "libs/base/time.h"
#include "libs/domain/attributes.h"
#include "libs/domain/country.h"
#include "libs/domain/language.h"
#include "libs/domain/names.h"

namespace meridian {

enum class Direction : uint8_t { kInbound, kOutbound };
std::string_view ToString(Direction direction);
std::optional<Direction> ParseDirection(std::string_view text);

// How well the customer is known.
enum class CustomerKind : uint8_t {
  kAnonymous,   // a visitor without a known identity
  kIdentified,  // an identity of the channel resolved to a customer, not proven
  kVerified,    // signed in, or proven otherwise
};
std::string_view ToString(CustomerKind kind);
std::optional<CustomerKind> ParseCustomerKind(std::string_view text);

inline constexpr int16_t kMinPriority = -100;
inline constexpr int16_t kMaxPriority = 100;
inline constexpr uint16_t kFullConfidence = 1000;

struct ContactSpec {
  ContactId id;
  CustomerId customer;
  ConversationId conversation;
  ChannelId channel;
  Direction direction = Direction::kInbound;
  CustomerKind customer_kind = CustomerKind::kAnonymous;
  CountryCode country;                        // empty: not known
  LanguageTag language;                       // empty: not known, no demand
  uint16_t language_confidence_permille = 0;  // 1000: declared by the customer
  std::optional<int16_t> utc_offset_minutes;  // of the customer, when known; −840 to 840
  int16_t priority = 0;                       // points, added to the rule's
  AgentId preferred_agent;                    // empty: none
  AttributeSet attributes;                    // routing attributes only
  Instant enqueued_at;                        // its place in line, before head start and priority

  friend bool operator==(const ContactSpec&, const ContactSpec&) = default;
};

}  // namespace meridian
