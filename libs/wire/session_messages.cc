// Messages, contact details, positions and closings of the session's store.
#include <utility>

#include "libs/wire/session_records.h"
#include "libs/wire/stored_ids.h"
#include "libs/wire/stored_proto.h"
#include "meridian/internal/session/v1/session_record.pb.h"

namespace meridian {
namespace {

namespace pb = internal::session::v1;
using conversation::ClosingRecord;
using conversation::ContactDetailsRecord;
using conversation::ErasureRecord;
using conversation::FollowerPositionRecord;
using conversation::MessageRecord;
using conversation::TextPart;

}  // namespace

std::string Encode(const MessageRecord& record) {
  const conversation::Message& message = record.message;
  pb::StoredMessage proto;
  proto.set_conversation(StoredId(record.conversation));
  proto.set_number(message.number);
  proto.set_contact(StoredId(message.contact));
  proto.set_author_kind(static_cast<uint32_t>(message.author.kind));
  proto.set_agent(message.author.agent.value);
  proto.set_client_number(message.client_number);
  proto.set_sent_at(message.sent_at.ns);
  for (const conversation::MessagePart& part : message.parts) {
    const auto& text = std::get<TextPart>(part);
    pb::StoredPart* stored = proto.add_parts();
    stored->set_text(text.text);
    if (!text.language.empty()) stored->set_language(text.language.ToString());
    stored->set_language_origin(static_cast<uint32_t>(text.origin));
  }
  return Stored(std::move(proto));
}

absl::StatusOr<MessageRecord> DecodeMessage(std::string_view bytes) {
  using conversation::AuthorKind;
  using conversation::LanguageOrigin;
  pb::StoredMessage proto;
  if (!ParseStored(bytes, &proto)) return absl::DataLossError("no message of a format known here");
  StoredReader reader;
  MessageRecord record;
  reader.Id(proto.conversation(), &record.conversation);
  conversation::Message& message = record.message;
  message.number = proto.number();
  reader.Id(proto.contact(), &message.contact);
  reader.Number(proto.author_kind(), AuthorKind::kCustomer, AuthorKind::kSystem, &message.author.kind);
  message.author.agent = AgentId{proto.agent()};
  message.client_number = proto.client_number();
  message.sent_at = {proto.sent_at()};
  for (const pb::StoredPart& part : proto.parts()) {
    TextPart text;
    text.text = part.text();
    reader.Text(part.language(), &LanguageTag::Parse, &text.language);
    reader.Number(part.language_origin(), LanguageOrigin::kUnknown, LanguageOrigin::kDetected, &text.origin);
    message.parts.push_back(std::move(text));
  }
  if (!reader.ok()) return absl::DataLossError("a message's record holds an impossible value");
  return record;
}

std::string Encode(const ContactDetailsRecord& record) {
  pb::StoredContactDetails proto;
  proto.set_contact(StoredId(record.contact));
  proto.set_conversation(StoredId(record.conversation));
  for (const conversation::PersonalAttribute& attribute : record.attributes) {
    pb::StoredPersonalAttribute* stored = proto.add_attributes();
    stored->set_name(attribute.name.value);
    stored->set_value(attribute.value);
  }
  return Stored(std::move(proto));
}

absl::StatusOr<ContactDetailsRecord> DecodeContactDetails(std::string_view bytes) {
  pb::StoredContactDetails proto;
  if (!ParseStored(bytes, &proto)) return absl::DataLossError("no contact details of a format known here");
  StoredReader reader;
  ContactDetailsRecord record;
  reader.Id(proto.contact(), &record.contact);
  reader.Id(proto.conversation(), &record.conversation);
  for (const pb::StoredPersonalAttribute& attribute : proto.attributes()) {
    record.attributes.push_back({AttributeName{attribute.name()}, attribute.value()});
  }
  if (!reader.ok()) return absl::DataLossError("a contact's details hold an impossible value");
  return record;
}

std::string Encode(const FollowerPositionRecord& record) {
  pb::StoredFollowerPosition proto;
  proto.set_routing_shard(record.routing_shard);
  proto.set_term(record.position.term);
  proto.set_number(record.position.number);
  return Stored(std::move(proto));
}

absl::StatusOr<FollowerPositionRecord> DecodeFollowerPosition(std::string_view bytes, std::string* later) {
  pb::StoredFollowerPosition proto;
  if (!ParseStored(bytes, &proto, later)) return absl::DataLossError("no position of a format known here");
  return FollowerPositionRecord{proto.routing_shard(), {proto.term(), proto.number()}};
}

std::string Encode(const ClosingRecord& record) {
  pb::StoredClosing proto;
  proto.set_number(record.number);
  proto.set_conversation(StoredId(record.conversation));
  proto.set_at(record.at.ns);
  return Stored(std::move(proto));
}

absl::StatusOr<ClosingRecord> DecodeClosing(std::string_view bytes) {
  pb::StoredClosing proto;
  if (!ParseStored(bytes, &proto)) return absl::DataLossError("no closing of a format known here");
  StoredReader reader;
  ClosingRecord record;
  record.number = proto.number();
  reader.Id(proto.conversation(), &record.conversation);
  record.at = {proto.at()};
  if (!reader.ok()) return absl::DataLossError("a closing holds an impossible value");
  return record;
}

std::string Encode(const ErasureRecord& record) {
  pb::StoredErasure proto;
  proto.set_first(record.first);
  proto.set_reserved(record.reserved);
  proto.set_erasing(StoredId(record.erasing));
  proto.set_messages_left(record.messages_left);
  return Stored(std::move(proto));
}

absl::StatusOr<ErasureRecord> DecodeErasure(std::string_view bytes, std::string* later) {
  pb::StoredErasure proto;
  if (!ParseStored(bytes, &proto, later)) return absl::DataLossError("no state of the erasure of a format known here");
  StoredReader reader;
  ErasureRecord record{proto.first(), proto.reserved(), {}, proto.messages_left()};
  reader.Id(proto.erasing(), &record.erasing);
  if (!reader.ok()) return absl::DataLossError("the state of the erasure holds an impossible value");
  return record;
}

}  // namespace meridian
