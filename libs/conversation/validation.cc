#include "libs/conversation/validation.h"

#include <string>
#include <string_view>
#include <utility>

#include "libs/domain/attributes.h"

namespace meridian::conversation {
namespace {

Refusal TooLong(std::string field, size_t max_bytes, std::string_view what = "") {
  return {RefusalCode::kTooLong, std::move(field),
          "must be at most " + std::to_string(max_bytes) + " bytes" + std::string(what)};
}

Refusal TooMany(std::string field, size_t max, std::string_view what = "") {
  return {RefusalCode::kTooMany, std::move(field),
          "must have at most " + std::to_string(max) + " entries" + std::string(what)};
}

std::optional<Refusal> CheckText(const std::string& text, size_t max_bytes, const std::string& field) {
  if (text.empty()) return Refusal{RefusalCode::kMissing, field};
  if (text.size() > max_bytes) return TooLong(field, max_bytes);
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

// As the customer's side sent them: among the attributes.
std::optional<Refusal> CheckPersonal(const std::vector<PersonalAttribute>& attributes) {
  if (attributes.size() > kMaxPersonalAttributes)
    return TooMany("attributes", kMaxPersonalAttributes, " that are not for routing");
  size_t bytes = 0;
  for (const PersonalAttribute& attribute : attributes) {
    if (attribute.name.empty()) return Refusal{RefusalCode::kMissing, "attributes", "must have a name for each entry"};
    if (attribute.value.size() > kMaxPersonalValueBytes) {
      return TooLong("attributes." + attribute.name.value, kMaxPersonalValueBytes);
    }
    bytes += attribute.value.size();
  }
  if (bytes > kMaxPersonalBytes) return TooLong("attributes", kMaxPersonalBytes, " together, those for routing aside");
  return std::nullopt;
}

}  // namespace

std::optional<Refusal> CheckParts(const std::vector<MessagePart>& parts) {
  if (parts.empty()) return Refusal{RefusalCode::kMissing, "parts"};
  if (parts.size() > kMaxParts) return TooMany("parts", kMaxParts);
  for (size_t i = 0; i < parts.size(); ++i) {
    auto refusal = CheckText(std::get<TextPart>(parts[i]).text, kMaxTextBytes, "parts[" + std::to_string(i) + "].text");
    if (refusal) return refusal;
  }
  if (TextBytes(parts) > kMaxMessageBytes) return TooLong("parts", kMaxMessageBytes, " together");
  return std::nullopt;
}

std::optional<Refusal> CheckClientNumber(uint64_t client_number) {
  if (client_number == 0) return Refusal{RefusalCode::kMissing, "client_number"};
  if (client_number > kMaxClientNumber) {
    return Refusal{RefusalCode::kOutOfRange, "client_number",
                   "must be between 1 and " + std::to_string(kMaxClientNumber)};
  }
  return std::nullopt;
}

std::optional<Refusal> Check(const SubmitContact& command) {
  if (auto refusal = CheckIds(command)) return refusal;
  if (auto refusal = CheckText(command.identity.kind, kMaxIdentityKindBytes, "identity.kind")) return refusal;
  if (auto refusal = CheckText(command.identity.address, kMaxAddressBytes, "identity.address")) return refusal;
  if (command.leave_grace < Duration::Zero()) {
    return Refusal{RefusalCode::kOutOfRange, "leave_grace", "must not be negative"};
  }
  if (command.session_lifetime <= Duration::Zero()) {
    return Refusal{RefusalCode::kOutOfRange, "session_lifetime", "must be more than 0 s"};
  }
  if (command.spec.attributes.items().size() > kMaxAttributesPerContact) {
    return TooMany("attributes", kMaxAttributesPerContact, " that are declared for routing");
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
