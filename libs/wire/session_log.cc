#include "libs/wire/session_log.h"

#include <utility>

#include "libs/wire/stored_ids.h"
#include "libs/wire/stored_proto.h"
#include "meridian/internal/session/v1/session_log.pb.h"

namespace meridian {
namespace {

namespace pb = internal::session::v1;
using conversation::AuthorKind;
using conversation::CloseReason;
using conversation::ContactClosedEvent;
using conversation::ContactClosing;
using conversation::ContactSubmittedEvent;
using conversation::ConversationClosedEvent;
using conversation::ConversationOpenedEvent;
using conversation::Event;
using conversation::MessageAppendedEvent;

void Write(const ConversationOpenedEvent& event, pb::SessionEvent* proto) {
  proto->set_conversation(StoredId(event.conversation));
  proto->mutable_conversation_opened()->set_customer(StoredId(event.customer));
}

void Write(const ContactSubmittedEvent& event, pb::SessionEvent* proto) {
  proto->set_conversation(StoredId(event.conversation));
  proto->mutable_contact_submitted()->set_contact(StoredId(event.contact));
  proto->mutable_contact_submitted()->set_channel(event.channel.value);
}

void Write(const MessageAppendedEvent& event, pb::SessionEvent* proto) {
  proto->set_conversation(StoredId(event.conversation));
  pb::MessageAppended* body = proto->mutable_message_appended();
  body->set_contact(StoredId(event.contact));
  body->set_number(event.number);
  body->set_author_kind(static_cast<uint32_t>(event.author));
}

void Write(const ContactClosedEvent& event, pb::SessionEvent* proto) {
  proto->set_conversation(StoredId(event.conversation));
  pb::ContactClosed* body = proto->mutable_contact_closed();
  body->set_contact(StoredId(event.contact));
  body->set_closing(static_cast<uint32_t>(event.closing));
  body->set_reason(static_cast<uint32_t>(event.reason));
  body->set_refusal(event.refusal);
}

void Write(const ConversationClosedEvent& event, pb::SessionEvent* proto) {
  proto->set_conversation(StoredId(event.conversation));
  proto->mutable_conversation_closed()->set_reason(static_cast<uint32_t>(event.reason));
}

ContactClosedEvent Read(const pb::ContactClosed& proto, const ConversationId& conversation, StoredReader& reader) {
  ContactClosedEvent event;
  event.conversation = conversation;
  reader.Id(proto.contact(), &event.contact);
  reader.Number(proto.closing(), ContactClosing::kEnded, ContactClosing::kNotQueued, &event.closing);
  reader.Number(proto.reason(), EndReason::kNone, EndReason::kSuperseded, &event.reason);
  event.refusal = proto.refusal();
  return event;
}

Event Read(const pb::SessionEvent& proto, StoredReader& reader) {
  Event event;
  event.tenant = TenantId{proto.tenant()};
  event.at = {proto.at()};
  ConversationId conversation;
  reader.Id(proto.conversation(), &conversation);
  switch (proto.body_case()) {
    case pb::SessionEvent::kConversationOpened: {
      ConversationOpenedEvent body{conversation, {}};
      reader.Id(proto.conversation_opened().customer(), &body.customer);
      event.body = body;
      break;
    }
    case pb::SessionEvent::kContactSubmitted: {
      ContactSubmittedEvent body{conversation, {}, ChannelId{proto.contact_submitted().channel()}};
      reader.Id(proto.contact_submitted().contact(), &body.contact);
      event.body = std::move(body);
      break;
    }
    case pb::SessionEvent::kMessageAppended: {
      MessageAppendedEvent body{conversation, {}, proto.message_appended().number(), AuthorKind::kCustomer};
      reader.Id(proto.message_appended().contact(), &body.contact);
      reader.Number(proto.message_appended().author_kind(), AuthorKind::kCustomer, AuthorKind::kSystem, &body.author);
      event.body = body;
      break;
    }
    case pb::SessionEvent::kContactClosed:
      event.body = Read(proto.contact_closed(), conversation, reader);
      break;
    case pb::SessionEvent::kConversationClosed: {
      ConversationClosedEvent body{conversation, CloseReason::kNone};
      reader.Number(proto.conversation_closed().reason(), CloseReason::kNone, CloseReason::kClosedByCustomer,
                    &body.reason);
      event.body = body;
      break;
    }
    case pb::SessionEvent::BODY_NOT_SET:
      reader.Check(false);
  }
  return event;
}

}  // namespace

std::string EncodeSessionLogEntry(const std::vector<Event>& events) {
  if (events.empty()) return "";
  pb::SessionLogEntry entry;
  for (const Event& event : events) {
    pb::SessionEvent* proto = entry.add_events();
    proto->set_tenant(event.tenant.value);
    proto->set_at(event.at.ns);
    std::visit([&](const auto& body) { Write(body, proto); }, event.body);
  }
  return Stored(std::move(entry));
}

absl::StatusOr<std::vector<Event>> DecodeSessionLogEntry(std::string_view bytes) {
  pb::SessionLogEntry entry;
  if (!ParseStored(bytes, &entry)) {
    return absl::DataLossError("no session log entry of a format known here");
  }
  StoredReader reader;
  std::vector<Event> events;
  for (const pb::SessionEvent& event : entry.events()) events.push_back(Read(event, reader));
  if (!reader.ok()) return absl::DataLossError("a session log entry holds an impossible value");
  return events;
}

}  // namespace meridian
