#include "libs/wire/messages.h"

#include <optional>
#include <string>
#include <utility>

#include "libs/error/error.h"
#include "libs/wire/contact_types.h"

namespace meridian {
namespace {

namespace pb = type::v1;
using conversation::AuthorKind;
using conversation::LanguageOrigin;

pb::AuthorKind ToProto(AuthorKind kind) {
  switch (kind) {
    case AuthorKind::kCustomer:
      return pb::AUTHOR_KIND_CUSTOMER;
    case AuthorKind::kAgent:
      return pb::AUTHOR_KIND_AGENT;
    case AuthorKind::kBot:
      return pb::AUTHOR_KIND_BOT;
    case AuthorKind::kSystem:
      return pb::AUTHOR_KIND_SYSTEM;
  }
  return pb::AUTHOR_KIND_UNSPECIFIED;
}

pb::TextPart::LanguageOrigin ToProto(LanguageOrigin origin) {
  switch (origin) {
    case LanguageOrigin::kUnknown:
      return pb::TextPart::LANGUAGE_ORIGIN_UNSPECIFIED;
    case LanguageOrigin::kDeclared:
      return pb::TextPart::LANGUAGE_ORIGIN_DECLARED;
    case LanguageOrigin::kDetected:
      return pb::TextPart::LANGUAGE_ORIGIN_DETECTED;
  }
  return pb::TextPart::LANGUAGE_ORIGIN_UNSPECIFIED;
}

// A value of a newer client means no more than that the origin is not known.
LanguageOrigin FromProto(pb::TextPart::LanguageOrigin origin) {
  if (origin == pb::TextPart::LANGUAGE_ORIGIN_DECLARED) return LanguageOrigin::kDeclared;
  if (origin == pb::TextPart::LANGUAGE_ORIGIN_DETECTED) return LanguageOrigin::kDetected;
  return LanguageOrigin::kUnknown;
}

void AddPart(const conversation::TextPart& part, pb::MessagePart* proto) {
  pb::TextPart* text = proto->mutable_text();
  text->set_text(part.text);
  if (!part.language.empty()) text->set_language(part.language.ToString());
  text->set_language_origin(ToProto(part.origin));
}

}  // namespace

pb::Message ToProto(const conversation::Message& message) {
  pb::Message proto;
  proto.set_number(message.number);
  proto.set_author_kind(ToProto(message.author.kind));
  proto.set_author(message.author.agent.value);
  for (const conversation::MessagePart& part : message.parts) {
    std::visit([&](const auto& body) { AddPart(body, proto.add_parts()); }, part);
  }
  SetTimestamp(message.sent_at, proto.mutable_sent_at());
  if (!message.contact.IsNil()) proto.set_contact_id(message.contact.ToString());
  proto.set_client_number(message.client_number);
  return proto;
}

absl::StatusOr<std::vector<conversation::MessagePart>> MessagePartsFromProto(
    const google::protobuf::RepeatedPtrField<pb::MessagePart>& parts) {
  std::vector<conversation::MessagePart> result;
  result.reserve(static_cast<size_t>(parts.size()));
  std::vector<FieldViolation> violations;
  for (int i = 0; i < parts.size() && violations.size() < conversation::kMaxParts; ++i) {
    const std::string field = "parts[" + std::to_string(i) + "]";
    if (!parts[i].has_text()) {
      violations.push_back({field, "must be a text"});
      continue;
    }
    const pb::TextPart& text = parts[i].text();
    std::optional<LanguageTag> language = LanguageTag();
    if (!text.language().empty()) language = LanguageTag::Parse(text.language());
    if (!language) violations.push_back({field + ".text.language", "must be a BCP 47 language tag"});
    result.push_back(
        conversation::TextPart{text.text(), language.value_or(LanguageTag()), FromProto(text.language_origin())});
  }
  if (!violations.empty()) return FieldErrors(violations);
  return result;
}

}  // namespace meridian
