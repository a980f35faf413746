#include "libs/conversation/message.h"

namespace meridian::conversation {

std::string_view ToString(AuthorKind kind) {
  switch (kind) {
    case AuthorKind::kCustomer:
      return "customer";
    case AuthorKind::kAgent:
      return "agent";
    case AuthorKind::kBot:
      return "bot";
    case AuthorKind::kSystem:
      return "system";
  }
  return "";
}

uint32_t DigestOf(const std::vector<MessagePart>& parts) {
  uint64_t digest = parts.size();
  for (const MessagePart& part : parts) {
    digest = StableHash(Uuid{digest, (part.index() << 32) ^ StableHash(std::get<TextPart>(part).text)});
  }
  return static_cast<uint32_t>(digest ^ (digest >> 32));
}

size_t TextBytes(const std::vector<MessagePart>& parts) {
  size_t bytes = 0;
  for (const MessagePart& part : parts) bytes += std::get<TextPart>(part).text.size();
  return bytes;
}

}  // namespace meridian::conversation
