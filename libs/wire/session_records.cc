// Conversations, the largest of the session's records; the others are in session_messages.cc.
#include "libs/wire/session_records.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "libs/wire/stored_ids.h"
#include "libs/wire/stored_proto.h"
#include "meridian/internal/session/v1/session_record.pb.h"

namespace meridian {
namespace {

namespace pb = internal::session::v1;
using conversation::AuthorRecord;
using conversation::ClientNumbers;
using conversation::ContactRecord;
using conversation::ConversationRecord;
using conversation::EmptySubmission;
using conversation::EndedContactRecord;
using conversation::EnqueueRequest;
using conversation::Grant;

template <typename Enum>
uint32_t NumberOf(Enum value) {
  return static_cast<uint32_t>(value);
}

// ---- to bytes ----

void Write(const AttributeSet& attributes, pb::StoredEnqueueRequest* proto) {
  for (const Attribute& attribute : attributes.items()) {
    pb::StoredAttribute* stored = proto->add_attributes();
    stored->set_name(attribute.name.value);
    if (const auto* number = std::get_if<int64_t>(&attribute.value)) stored->set_number(*number);
    if (const auto* boolean = std::get_if<bool>(&attribute.value)) stored->set_boolean(*boolean);
    if (const auto* text = std::get_if<std::string>(&attribute.value)) stored->set_text(*text);
  }
}

template <typename Bytes>
std::string StringOf(const Bytes& bytes) {
  return std::string(bytes.begin(), bytes.end());
}

void Write(const CommandOrigin& origin, pb::StoredOrigin* proto) {
  proto->set_role(NumberOf(origin.actor.role));
  proto->set_subject(origin.actor.subject);
  if (origin.trace == TraceContext()) return;
  proto->set_trace_id(StringOf(origin.trace.trace_id));
  proto->set_span_id(StringOf(origin.trace.span_id));
  proto->set_trace_flags(origin.trace.flags);
}

void Write(const EnqueueRequest& request, pb::StoredEnqueueRequest* proto) {
  const ContactSpec& spec = request.spec;
  proto->set_request_high(request.request_id.high);
  proto->set_request_low(request.request_id.low);
  proto->set_direction(NumberOf(spec.direction));
  proto->set_customer_kind(NumberOf(spec.customer_kind));
  proto->set_country(std::string(spec.country.view()));
  if (!spec.language.empty()) proto->set_language(spec.language.ToString());
  proto->set_language_confidence_permille(spec.language_confidence_permille);
  if (spec.utc_offset_minutes) proto->set_utc_offset_minutes(*spec.utc_offset_minutes);
  proto->set_priority(spec.priority);
  proto->set_preferred_agent(spec.preferred_agent.value);
  Write(spec.attributes, proto);
  proto->set_enqueued_at(spec.enqueued_at.ns);
  if (request.origin != CommandOrigin()) Write(request.origin, proto->mutable_origin());
}

void Write(const Grant& grant, pb::StoredGrant* proto) {
  proto->set_agent(grant.agent.value);
  proto->set_agent_kind(NumberOf(grant.agent_kind));
  proto->set_role(NumberOf(grant.role));
  proto->set_may_write(grant.may_write);
  proto->set_from_number(grant.from_number);
}

void Write(const ContactRecord& contact, pb::StoredContact* proto) {
  proto->set_id(StoredId(contact.id));
  proto->set_channel(contact.channel.value);
  proto->set_phase(NumberOf(contact.phase));
  proto->set_first_number(contact.first_number);
  proto->set_submitted_at(contact.submitted_at.ns);
  proto->set_leave_grace(contact.leave_grace.ns);
  proto->set_session_lifetime(contact.session_lifetime.ns);
  if (contact.pending != nullptr) Write(*contact.pending, proto->mutable_pending());
  proto->set_grants_revision(contact.grants_revision);
  for (const Grant& grant : contact.grants) Write(grant, proto->add_grants());
  proto->set_customer_waits(contact.customer_waits);
  proto->set_on_hold(contact.on_hold);
  proto->set_edge_number(contact.edge.number);
  proto->set_edge_kind(NumberOf(contact.edge.kind));
  proto->set_edge_left(NumberOf(contact.edge.left));
  proto->set_edge_at(contact.edge.at.ns);
  proto->set_acknowledged_edge(contact.acknowledged_edge);
  if (contact.edge.origin != CommandOrigin()) Write(contact.edge.origin, proto->mutable_edge_origin());
}

void Write(const EndedContactRecord& contact, pb::StoredEndedContact* proto) {
  proto->set_id(StoredId(contact.id));
  proto->set_channel(contact.channel.value);
  proto->set_first_number(contact.first_number);
  proto->set_last_number(contact.last_number);
  proto->set_closing(NumberOf(contact.closing));
  proto->set_reason(NumberOf(contact.reason));
  proto->set_refusal(contact.refusal);
}

void Write(const AuthorRecord& author, pb::StoredAuthor* proto) {
  proto->set_kind(NumberOf(author.author.kind));
  proto->set_agent(author.author.agent.value);
  proto->set_highest(author.numbers.highest());
  ClientNumbers::Entry before;
  for (const ClientNumbers::Entry& entry : author.numbers.entries()) {
    proto->add_client_number_steps(entry.client_number - before.client_number);
    proto->add_number_steps(entry.number - before.number);
    proto->add_digests(entry.digest);
    before = entry;
  }
}

void Write(const EmptySubmission& submission, pb::StoredEmptySubmission* proto) {
  proto->set_request_high(submission.request_id.high);
  proto->set_request_low(submission.request_id.low);
  proto->set_contact(StoredId(submission.contact));
  proto->set_joined(submission.joined);
}

// ---- from bytes ----

void Read(const pb::StoredAttribute& proto, std::vector<Attribute>* attributes, StoredReader& reader) {
  AttributeName name{proto.name()};
  switch (proto.value_case()) {
    case pb::StoredAttribute::kNumber:
      attributes->push_back({std::move(name), proto.number()});
      return;
    case pb::StoredAttribute::kBoolean:
      attributes->push_back({std::move(name), proto.boolean()});
      return;
    case pb::StoredAttribute::kText:
      attributes->push_back({std::move(name), proto.text()});
      return;
    case pb::StoredAttribute::VALUE_NOT_SET:
      reader.Check(false);
  }
}

template <size_t kSize>
void Read(const std::string& bytes, std::array<uint8_t, kSize>* value, StoredReader& reader) {
  if (bytes.empty()) return;
  reader.Check(bytes.size() == kSize);
  if (reader.ok()) std::copy(bytes.begin(), bytes.end(), value->begin());
}

// One that was not written is the default.
CommandOrigin Read(const pb::StoredOrigin& proto, StoredReader& reader) {
  CommandOrigin origin;
  reader.Number(proto.role(), ActorRole::kSystem, ActorRole::kService, &origin.actor.role);
  origin.actor.subject = proto.subject();
  Read(proto.trace_id(), &origin.trace.trace_id, reader);
  Read(proto.span_id(), &origin.trace.span_id, reader);
  reader.Check(proto.trace_flags() <= UINT8_MAX);
  origin.trace.flags = static_cast<uint8_t>(proto.trace_flags());
  return origin;
}

// `record` and `contact` are read already but for what is pending.
void Read(const pb::StoredEnqueueRequest& proto, const ConversationRecord& record, ContactRecord* contact,
          StoredReader& reader) {
  auto request = std::make_shared<EnqueueRequest>();
  request->tenant = record.tenant;
  request->request_id = {proto.request_high(), proto.request_low()};
  ContactSpec& spec = request->spec;
  spec.id = contact->id;
  spec.customer = record.customer;
  spec.conversation = record.id;
  spec.channel = contact->channel;
  reader.Number(proto.direction(), Direction::kInbound, Direction::kOutbound, &spec.direction);
  reader.Number(proto.customer_kind(), CustomerKind::kAnonymous, CustomerKind::kVerified, &spec.customer_kind);
  reader.Text(proto.country(), &CountryCode::Parse, &spec.country);
  reader.Text(proto.language(), &LanguageTag::Parse, &spec.language);
  reader.Check(proto.language_confidence_permille() <= kFullConfidence);
  spec.language_confidence_permille = static_cast<uint16_t>(proto.language_confidence_permille());
  if (proto.has_utc_offset_minutes()) {
    reader.Check(proto.utc_offset_minutes() >= INT16_MIN && proto.utc_offset_minutes() <= INT16_MAX);
    spec.utc_offset_minutes = static_cast<int16_t>(proto.utc_offset_minutes());
  }
  reader.Check(proto.priority() >= INT16_MIN && proto.priority() <= INT16_MAX);
  spec.priority = static_cast<int16_t>(proto.priority());
  spec.preferred_agent = AgentId{proto.preferred_agent()};
  std::vector<Attribute> attributes;
  for (const pb::StoredAttribute& attribute : proto.attributes()) Read(attribute, &attributes, reader);
  spec.attributes = AttributeSet(std::move(attributes));
  spec.enqueued_at = {proto.enqueued_at()};
  request->origin = Read(proto.origin(), reader);
  contact->pending = std::move(request);
}

Grant Read(const pb::StoredGrant& proto, StoredReader& reader) {
  Grant grant;
  grant.agent = AgentId{proto.agent()};
  reader.Number(proto.agent_kind(), AgentKind::kHuman, AgentKind::kExpert, &grant.agent_kind);
  reader.Number(proto.role(), AssignmentRole::kPrimary, AssignmentRole::kMonitoring, &grant.role);
  grant.may_write = proto.may_write();
  grant.from_number = proto.from_number();
  return grant;
}

ContactRecord Read(const pb::StoredContact& proto, const ConversationRecord& record, StoredReader& reader) {
  using conversation::ContactPhase;
  using conversation::EdgeKind;
  ContactRecord contact;
  reader.Id(proto.id(), &contact.id);
  contact.channel = ChannelId{proto.channel()};
  reader.Number(proto.phase(), ContactPhase::kPending, ContactPhase::kClosing, &contact.phase);
  contact.first_number = proto.first_number();
  contact.submitted_at = {proto.submitted_at()};
  contact.leave_grace = {proto.leave_grace()};
  contact.session_lifetime = {proto.session_lifetime()};
  contact.grants_revision = proto.grants_revision();
  for (const pb::StoredGrant& grant : proto.grants()) contact.grants.push_back(Read(grant, reader));
  contact.customer_waits = proto.customer_waits();
  contact.on_hold = proto.on_hold();
  contact.edge.number = proto.edge_number();
  reader.Number(proto.edge_kind(), EdgeKind::kNone, EdgeKind::kWithdrawn, &contact.edge.kind);
  reader.Number(proto.edge_left(), CustomerLeftReason::kNone, CustomerLeftReason::kConnectionLost, &contact.edge.left);
  contact.edge.at = {proto.edge_at()};
  contact.edge.origin = Read(proto.edge_origin(), reader);
  contact.acknowledged_edge = proto.acknowledged_edge();
  if (proto.has_pending()) Read(proto.pending(), record, &contact, reader);
  return contact;
}

EndedContactRecord Read(const pb::StoredEndedContact& proto, StoredReader& reader) {
  using conversation::ContactClosing;
  EndedContactRecord contact;
  reader.Id(proto.id(), &contact.id);
  contact.channel = ChannelId{proto.channel()};
  contact.first_number = proto.first_number();
  contact.last_number = proto.last_number();
  reader.Number(proto.closing(), ContactClosing::kEnded, ContactClosing::kNotQueued, &contact.closing);
  reader.Number(proto.reason(), EndReason::kNone, EndReason::kSuperseded, &contact.reason);
  contact.refusal = proto.refusal();
  return contact;
}

AuthorRecord Read(const pb::StoredAuthor& proto, StoredReader& reader) {
  using conversation::AuthorKind;
  AuthorRecord author;
  reader.Number(proto.kind(), AuthorKind::kCustomer, AuthorKind::kSystem, &author.author.kind);
  author.author.agent = AgentId{proto.agent()};
  const int count = proto.digests_size();
  reader.Check(proto.client_number_steps_size() == count && proto.number_steps_size() == count);
  if (!reader.ok()) return author;
  std::vector<ClientNumbers::Entry> entries;
  ClientNumbers::Entry entry;
  for (int i = 0; i < count; ++i) {
    entry.client_number += proto.client_number_steps(i);
    entry.number += proto.number_steps(i);
    entry.digest = proto.digests(i);
    entries.push_back(entry);
  }
  reader.Check(author.numbers.Restore(proto.highest(), std::move(entries)));
  return author;
}

EmptySubmission Read(const pb::StoredEmptySubmission& proto, StoredReader& reader) {
  EmptySubmission submission;
  submission.request_id = {proto.request_high(), proto.request_low()};
  reader.Id(proto.contact(), &submission.contact);
  submission.joined = proto.joined();
  return submission;
}

}  // namespace

std::string Encode(const ConversationRecord& record) {
  pb::StoredConversation proto;
  proto.set_tenant(record.tenant.value);
  proto.set_id(StoredId(record.id));
  proto.set_customer(StoredId(record.customer));
  proto.mutable_identity()->set_kind(record.identity.kind);
  proto.mutable_identity()->set_address(record.identity.address);
  proto.set_state(NumberOf(record.state));
  proto.set_close_reason(NumberOf(record.close_reason));
  proto.set_opened_at(record.opened_at.ns);
  proto.set_last_activity_at(record.last_activity_at.ns);
  proto.set_session_lifetime(record.session_lifetime.ns);
  proto.set_last_number(record.last_number);
  for (const ContactRecord& contact : record.contacts) Write(contact, proto.add_contacts());
  for (const EndedContactRecord& contact : record.ended_contacts) Write(contact, proto.add_ended_contacts());
  for (const AuthorRecord& author : record.authors) Write(author, proto.add_authors());
  for (const EmptySubmission& submission : record.empty_submissions) Write(submission, proto.add_empty_submissions());
  return Stored(std::move(proto));
}

absl::StatusOr<ConversationRecord> DecodeConversation(std::string_view bytes, std::string* later) {
  using conversation::CloseReason;
  using conversation::ConversationState;
  pb::StoredConversation proto;
  if (!ParseStored(bytes, &proto, later)) {
    return absl::DataLossError("no conversation of a format known here");
  }
  StoredReader reader;
  ConversationRecord record;
  record.tenant = TenantId{proto.tenant()};
  reader.Id(proto.id(), &record.id);
  reader.Id(proto.customer(), &record.customer);
  record.identity = {proto.identity().kind(), proto.identity().address()};
  reader.Number(proto.state(), ConversationState::kOpen, ConversationState::kClosed, &record.state);
  reader.Number(proto.close_reason(), CloseReason::kNone, CloseReason::kClosedByCustomer, &record.close_reason);
  record.opened_at = {proto.opened_at()};
  record.last_activity_at = {proto.last_activity_at()};
  record.session_lifetime = {proto.session_lifetime()};
  record.last_number = proto.last_number();
  for (const pb::StoredContact& contact : proto.contacts()) record.contacts.push_back(Read(contact, record, reader));
  for (const pb::StoredEndedContact& contact : proto.ended_contacts()) {
    record.ended_contacts.push_back(Read(contact, reader));
  }
  for (const pb::StoredAuthor& author : proto.authors()) record.authors.push_back(Read(author, reader));
  for (const pb::StoredEmptySubmission& submission : proto.empty_submissions()) {
    record.empty_submissions.push_back(Read(submission, reader));
  }
  if (!reader.ok()) return absl::DataLossError("a conversation's record holds an impossible value");
  return record;
}

}  // namespace meridian
