#include "libs/conversation/records.h"

namespace meridian::conversation {
namespace {

void Append(std::string& key, uint64_t value, int bytes) {
  for (int i = bytes - 1; i >= 0; --i) key.push_back(static_cast<char>(value >> (8 * i)));
}

std::string UuidKey(const Uuid& uuid) {
  std::string key;
  key.reserve(24);
  Append(key, uuid.high, 8);
  Append(key, uuid.low, 8);
  return key;
}

}  // namespace

std::string_view ToString(ConversationState state) {
  switch (state) {
    case ConversationState::kOpen:
      return "open";
    case ConversationState::kLeaving:
      return "leaving";
    case ConversationState::kClosed:
      return "closed";
  }
  return "";
}

std::string_view ToString(CloseReason reason) {
  switch (reason) {
    case CloseReason::kNone:
      return "none";
    case CloseReason::kExpired:
      return "expired";
    case CloseReason::kClosedByCustomer:
      return "closed_by_customer";
  }
  return "";
}

std::string ConversationKey(const ConversationId& conversation) { return UuidKey(conversation.uuid); }

std::string MessageKey(const ConversationId& conversation, uint64_t number) {
  std::string key = UuidKey(conversation.uuid);
  Append(key, number, 8);
  return key;
}

std::string FollowerKey(uint32_t routing_shard) {
  std::string key;
  Append(key, routing_shard, 4);
  return key;
}

std::string ContactDetailsKey(const ContactId& contact) { return UuidKey(contact.uuid); }

std::string ErasureKey() { return "erasure"; }

std::string ClosingKey(uint64_t number) {
  std::string key;
  Append(key, number, 8);
  return key;
}

}  // namespace meridian::conversation
