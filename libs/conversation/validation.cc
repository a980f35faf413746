#include "libs/conversation/validation.h"

#include "libs/domain/attributes.h"

namespace meridian::conversation {
namespace {

std::optional<Refusal> CheckText(const std::string& text, size_t max_bytes, const std::string& field) {
  if (text.empty()) return Refusal{RefusalCode::kMissing, field};
  if (text.size() > max_bytes) return Refusal{RefusalCode::kTooLong, field};
  return std::nullopt;
}

std::optional<Refusal> CheckIds(const SubmitContact& command) {
  if (command.tenant.empty()) return Refusal{RefusalCode::kMissing, "tenant"};
  if (command.spec.id.IsNil()) return Refusal{RefusalCode::kMissing, "contact_id"};
  if (command.spec.conversation.IsNil()) return Refusal{RefusalCode::kMissing, "conversation_id"};
  if (command.spec.customer.IsNil()) return Refusal{RefusalCode::kMissing, "customer_id"};
  if (command.enqueue_request_id.IsNil()) return Refusal{RefusalCode::kMissing, "enqueue_request_id"};
  if (command.spec.channel.empty()) return Refusal{RefusalCode::kMissing, "channel"};
  return std::nullopt;
}

std::optional<Refusal> CheckPersonal(const std::vector<PersonalAttribute>& attributes) {
  if (attributes.size() > kMaxPersonalAttributes) return Refusal{RefusalCode::kTooMany, "personal_attributes"};
  size_t bytes = 0;
  for (const PersonalAttribute& attribute : attributes) {
    std::string field = "personal_attributes." + attribute.name.value;
    if (attribute.name.empty()) return Refusal{RefusalCode::kMissing, field};
    if (attribute.value.size() > kMaxPersonalValueBytes) return Refusal{RefusalCode::kTooLong, field};
    bytes += attribute.value.size();
  }
  if (bytes > kMaxPersonalBytes) return Refusal{RefusalCode::kTooLong, "personal_attributes"};
  return std::nullopt;
}

}  // namespace

std::optional<Refusal> CheckParts(const std::vector<MessagePart>& parts) {
  if (parts.empty()) return Refusal{RefusalCode::kMissing, "parts"};
  if (parts.size() > kMaxParts) return Refusal{RefusalCode::kTooMany, "parts"};
  for (size_t i = 0; i < parts.size(); ++i) {
    auto refusal = CheckText(std::get<TextPart>(parts[i]).text, kMaxTextBytes, "parts[" + std::to_string(i) + "].text");
    if (refusal) return refusal;
  }
  if (TextBytes(parts) > kMaxMessageBytes) return Refusal{RefusalCode::kTooLong, "parts"};
  return std::nullopt;
}

std::optional<Refusal> CheckClientNumber(uint64_t client_number) {
  if (client_number == 0) return Refusal{RefusalCode::kMissing, "client_number"};
  if (client_number > kMaxClientNumber) return Refusal{RefusalCode::kOutOfRange, "client_number"};
  return std::nullopt;
}

std::optional<Refusal> Check(const SubmitContact& command) {
  if (auto refusal = CheckIds(command)) return refusal;
  if (auto refusal = CheckText(command.identity.kind, kMaxIdentityKindBytes, "identity.kind")) return refusal;
  if (auto refusal = CheckText(command.identity.address, kMaxAddressBytes, "identity.address")) return refusal;
  if (command.leave_grace < Duration::Zero()) return Refusal{RefusalCode::kOutOfRange, "leave_grace"};
  if (command.session_lifetime <= Duration::Zero()) return Refusal{RefusalCode::kOutOfRange, "session_lifetime"};
  if (command.spec.attributes.items().size() > kMaxAttributesPerContact) {
    return Refusal{RefusalCode::kTooMany, "attributes"};
  }
  if (auto refusal = CheckPersonal(command.personal_attributes)) return refusal;
  if (command.parts.empty()) {
    if (command.client_number != 0) return Refusal{RefusalCode::kMissing, "parts"};
    return std::nullopt;
  }
  if (auto refusal = CheckClientNumber(command.client_number)) return refusal;
  return CheckParts(command.parts);
}

std::optional<Refusal> Check(const AppendMessage& command) {
  bool of_agent = command.author == AuthorKind::kAgent || command.author == AuthorKind::kBot;
  if (of_agent && command.agent.empty()) return Refusal{RefusalCode::kMissing, "agent"};
  if (auto refusal = CheckClientNumber(command.client_number)) return refusal;
  return CheckParts(command.parts);
}

}  // namespace meridian::conversation
