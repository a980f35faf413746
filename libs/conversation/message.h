// What is said in a conversation. Values, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "libs/base/entity_id.h"
#include "libs/base/time.h"
#include "libs/domain/language.h"

namespace meridian::conversation {

enum class AuthorKind : uint8_t {
  kCustomer = 1,
  kAgent = 2,   // a human agent or an outside expert
  kBot = 3,     // an agent of the kind bot
  kSystem = 4,  // the tenant's own texts
};
std::string_view ToString(AuthorKind kind);

struct Author {
  AuthorKind kind = AuthorKind::kCustomer;
  AgentId agent;  // of an agent or bot; empty otherwise

  friend auto operator<=>(const Author&, const Author&) = default;
};

// Where a text's language is known from.
enum class LanguageOrigin : uint8_t { kUnknown, kDeclared, kDetected };

struct TextPart {
  std::string text;  // UTF-8, 1 to kMaxTextBytes; personal
  LanguageTag language;
  LanguageOrigin origin = LanguageOrigin::kUnknown;

  friend bool operator==(const TextPart&, const TextPart&) = default;
};

// Attachments and choices come as further alternatives.
using MessagePart = std::variant<TextPart>;

// `number` is given by the session alone: 1, 2, 3 … within a conversation, without gaps, the same for everybody.
struct Message {
  uint64_t number = 0;
  ContactId contact;  // during which it was written; nil: between contacts (system only)
  Author author;
  uint64_t client_number = 0;  // the author's own
  Instant sent_at;             // when the session took it
  std::vector<MessagePart> parts;

  friend bool operator==(const Message&, const Message&) = default;
};

inline constexpr size_t kMaxParts = 16;
inline constexpr size_t kMaxTextBytes = 8 * 1024;            // of one part
inline constexpr size_t kMaxMessageBytes = 32 * 1024;        // all parts together
inline constexpr uint64_t kMaxMessages = 1'000'000;          // of one conversation
inline constexpr uint64_t kMaxClientNumber = 4'294'967'295;  // 2^32 − 1

// Of what is said, not of the language found: a repeat of the same words has the same digest. Stable across builds.
uint32_t DigestOf(const std::vector<MessagePart>& parts);
size_t TextBytes(const std::vector<MessagePart>& parts);

}  // namespace meridian::conversation
