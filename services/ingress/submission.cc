#include "services/ingress/submission.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/time/time.h"
#include "libs/config/zone_files.h"
#include "libs/domain/shown_text.h"
#include "libs/error/error.h"
#include "libs/understanding/language_detector.h"
#include "libs/wire/contact_types.h"
#include "libs/wire/messages.h"
#include "libs/wire/tenant_config.h"

namespace meridian {
namespace {

namespace pb = ingress::v1;

constexpr size_t kMaxAttributes = 32;
constexpr size_t kMaxAttributeNameBytes = 63;
constexpr Duration kDefaultLifetime = Duration::Hours(2);
constexpr Duration kDefaultLeaveGrace = Duration::Seconds(60);

using Violations = std::vector<FieldViolation>;

void SetIdentity(const pb::SubmitContactRequest& request, const security::TokenClaims& claims, IdSource& ids,
                 conversation::SubmitContact& command, Violations& violations) {
  if (claims.role == security::Role::kCustomer) {
    if (request.has_identity())
      violations.push_back({"identity", "must be left out: the token says who the visitor is"});
    command.identity = {"web", claims.subject};
    auto conversation = ConversationId::Parse(claims.session);
    if (!conversation) violations.push_back({"", "the token is not bound to a session"});
    command.spec.conversation = conversation.value_or(ConversationId());
    command.conversation_named_before = true;
    return;
  }
  command.identity = {request.identity().kind(), request.identity().address()};
  if (command.identity.kind.empty()) violations.push_back({"identity.kind", "must be set"});
  if (command.identity.address.empty()) violations.push_back({"identity.address", "must be set"});
  for (const auto& [field, text] :
       {std::pair("identity.kind", &command.identity.kind), std::pair("identity.address", &command.identity.address)}) {
    if (HasControlCharacter(*text)) violations.push_back({field, "must be without control characters"});
  }
  command.spec.conversation = ids.Next<ConversationId>();
  command.spec.customer_kind = CustomerKind::kIdentified;
}

void SetChannel(const pb::SubmitContactRequest& request, const admin::v1::TenantConfig& config,
                conversation::SubmitContact& command, Violations& violations) {
  command.spec.channel = {request.channel()};
  for (const admin::v1::Channel& channel : config.channels()) {
    if (channel.name() != request.channel()) continue;
    command.leave_grace = channel.has_leave_grace() ? DurationFromProto(channel.leave_grace()) : kDefaultLeaveGrace;
    command.session_lifetime =
        channel.has_session_lifetime() ? DurationFromProto(channel.session_lifetime()) : kDefaultLifetime;
    return;
  }
  violations.push_back({"channel", "must be a channel of the tenant's configuration"});
}

void SetOrigin(const pb::SubmitContactRequest& request, Instant now, ContactSpec& spec, Violations& violations) {
  if (!request.country().empty()) {
    auto country = CountryCode::Parse(request.country());
    if (!country) violations.push_back({"country", "must be two letters of ISO 3166-1"});
    spec.country = country.value_or(CountryCode());
  }
  if (!request.time_zone().empty()) {
    if (const auto zone = LoadZone(request.time_zone())) {
      spec.utc_offset_minutes = static_cast<int16_t>(zone->At(absl::FromUnixNanos(now.ns)).offset / 60);
    } else {
      violations.push_back({"time_zone", "must be an IANA zone, such as Europe/Madrid"});
    }
  }
  if (!request.preferred_agent().empty()) {
    if (!IsValidName(request.preferred_agent())) violations.push_back({"preferred_agent", "must be an agent's name"});
    spec.preferred_agent = {request.preferred_agent()};
  }
}

// Declared routing attributes go to routing; personal and undeclared ones stay in the session.
void SetAttributes(const pb::SubmitContactRequest& request, const admin::v1::TenantConfig& config,
                   conversation::SubmitContact& command, Violations& violations) {
  if (request.attributes().empty()) return;
  if (request.attributes().size() > kMaxAttributes) {
    return violations.push_back({"attributes", "must have at most " + std::to_string(kMaxAttributes) + " entries"});
  }
  Violations ignored;  // the published configuration has none
  const std::vector<AttributeDeclaration> declarations = AttributesFromProto(config, ignored);
  for (const auto& [name, text] : std::map(request.attributes().begin(), request.attributes().end())) {
    auto declared = std::find_if(declarations.begin(), declarations.end(),
                                 [&name = name](const AttributeDeclaration& d) { return d.name.value == name; });
    if (name.empty() || name.size() > kMaxAttributeNameBytes || HasControlCharacter(name)) {
      violations.push_back({"attributes", "must have names of 1 to " + std::to_string(kMaxAttributeNameBytes) +
                                              " bytes without control characters"});
      continue;
    }
    if (declared == declarations.end() || declared->use == AttributeUse::kPersonal) {
      command.personal_attributes.push_back({{name}, text});
      continue;
    }
    auto value = ParseAttributeValue(declared->type, text);
    if (!value) {
      violations.push_back({"attributes." + name, "must be a " + std::string(ToString(declared->type))});
    } else {
      command.spec.attributes.Set({name}, *std::move(value));
    }
  }
  for (FieldViolation& violation : CheckAttributes(declarations, command.spec.attributes)) {
    violations.push_back(std::move(violation));
  }
}

void SetLanguage(const pb::SubmitContactRequest& request, Submission& submission, Violations& violations) {
  if (!request.locale().empty() && !LanguageTag::Parse(request.locale())) {
    violations.push_back({"locale", "must be a BCP 47 language tag, such as es or pt-BR"});
  }
  std::string text;
  for (const type::v1::MessagePart& part : request.parts()) text += part.text().text() + "\n";
  LanguageGuess guess = JudgeLanguage(request.locale(), text);
  submission.language = guess.language;
  submission.language_confidence_permille = static_cast<uint16_t>(guess.confidence_permille);
  submission.command.spec.language = submission.language;
  submission.command.spec.language_confidence_permille = submission.language_confidence_permille;
}

}  // namespace

absl::StatusOr<Submission> MakeSubmission(const pb::SubmitContactRequest& request, const security::TokenClaims& claims,
                                          const admin::v1::TenantConfig& config, IdSource& ids, Instant now) {
  Violations violations;
  Submission submission;
  conversation::SubmitContact& command = submission.command;
  auto request_id = Uuid::Parse(request.request_id());
  if (!request_id || request_id->Version() != 7) violations.push_back({"request_id", "must be a version 7 UUID"});
  command.tenant = {claims.tenant};
  command.enqueue_request_id = request_id.value_or(Uuid());
  command.spec.id = ids.Next<ContactId>();
  command.spec.customer = ids.Next<CustomerId>();
  SetIdentity(request, claims, ids, command, violations);
  SetChannel(request, config, command, violations);
  SetOrigin(request, now, command.spec, violations);
  // Only a visitor's page holds a connection by which its leaving can be known.
  if (claims.role != security::Role::kCustomer) command.leave_grace = Duration::Zero();
  SetAttributes(request, config, command, violations);
  if (auto parts = MessagePartsFromProto(request.parts()); parts.ok()) {
    command.parts = *std::move(parts);
  } else {
    for (FieldViolation& violation : FieldViolations(parts.status())) violations.push_back(std::move(violation));
  }
  if (!command.parts.empty()) command.client_number = request.client_number() == 0 ? 1 : request.client_number();
  SetLanguage(request, submission, violations);
  if (!violations.empty()) return FieldErrors(violations);
  return submission;
}

pb::SubmitContactResponse ToResponse(const conversation::Submitted& submitted, const Submission& submission) {
  pb::SubmitContactResponse response;
  if (!submitted.contact.IsNil()) response.set_contact_id(submitted.contact.ToString());
  response.set_conversation_id(submitted.conversation.ToString());
  response.set_customer_id(submitted.customer.ToString());
  response.set_message_number(submitted.number);
  response.set_joined(submitted.joined);
  if (!submission.language.empty()) response.set_language(submission.language.ToString());
  response.set_language_confidence(submission.language_confidence_permille / 10);
  return response;
}

}  // namespace meridian
