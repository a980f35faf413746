#include "libs/wire/gateway_message.h"

#include <utility>

#include "libs/wire/body_fields.h"

namespace meridian {

// ---- fields: in this namespace and not in an unnamed one, so that kFields finds them ----

template <class A>
void Fields(A& a, InOut<A, OfferMade>& body) {
  WholeId(a, 1, body.contact);
  WholeId(a, 2, body.conversation);
  a.Id(3, body.token.uuid);
  a.Span(4, body.answer_within);
  a.Text(5, body.queue.value);
  a.Text(6, body.channel.value);
  TagField(a, 7, body.language);
  CountryField(a, 8, body.country);
  a.Number(9, body.customer_kind, CustomerKind::kVerified);
  a.Signed(10, body.priority);
  AttributesField(a, 11, body.attributes);
  a.Time(12, body.queued_at);
  a.Number(13, body.returned, RequeueReason::kCallbackDue);
}

template <class A>
void Fields(A& a, InOut<A, OfferRescinded>& body) {
  WholeId(a, 1, body.contact);
  a.Id(2, body.token.uuid);
  a.Number(3, body.reason, RescindReason::kContactExpired);
}

template <class A>
void Fields(A& a, InOut<A, AssignmentStarted>& body) {
  WholeId(a, 1, body.contact);
  WholeId(a, 2, body.conversation);
  a.Id(3, body.token.uuid);
  a.Number(4, body.state, ContactState::kExpired);
  a.Text(5, body.queue.value);
  a.Text(6, body.channel.value);
  TagField(a, 7, body.language);
  a.Number(8, body.resumed, true);
}

template <class A>
void Fields(A& a, InOut<A, AssignmentChanged>& body) {
  WholeId(a, 1, body.contact);
  a.Id(2, body.token.uuid);
  a.Number(3, body.state, ContactState::kExpired);
  a.Time(4, body.wrap_up_deadline);
}

template <class A>
void Fields(A& a, InOut<A, AssignmentEnded>& body) {
  WholeId(a, 1, body.contact);
  a.Id(2, body.token.uuid);
  a.Number(3, body.reason, EndReason::kSuperseded);
  a.Number(4, body.returned, RequeueReason::kCallbackDue);
}

template <class A>
void Fields(A& a, InOut<A, CoolDownStarted>& body) {
  a.Time(1, body.until);
}

template <class A>
void Fields(A&, InOut<A, CoolDownEnded>&) {}

template <class A>
void Fields(A& a, InOut<A, AttachmentEnded>& body) {
  a.Number(1, body.reason, AbsenceReason::kRemoved);
}

namespace {

constexpr int kTermBegan = 4;

// The fields of GatewayItem. An alternative that is not listed does not compile.
struct MessageField {
  template <class T>
  static constexpr int Of() {
    return Number(static_cast<const T*>(nullptr));
  }

 private:
  static constexpr int Number(const OfferMade*) { return 16; }
  static constexpr int Number(const OfferRescinded*) { return 17; }
  static constexpr int Number(const AssignmentStarted*) { return 18; }
  static constexpr int Number(const AssignmentChanged*) { return 19; }
  static constexpr int Number(const AssignmentEnded*) { return 20; }
  static constexpr int Number(const CoolDownStarted*) { return 21; }
  static constexpr int Number(const CoolDownEnded*) { return 22; }
  static constexpr int Number(const AttachmentEnded*) { return 23; }
};

template <class A>
void HeadFields(A& a, InOut<A, TenantId>& tenant, InOut<A, GatewayMessage>& message) {
  a.Text(1, tenant.value);
  a.Text(2, message.agent.value);
  a.Number(3, message.attachment.value);
}

}  // namespace

std::string Encode(const TenantId& tenant, const GatewayMessage& message) {
  std::string bytes;
  bytes.reserve(192);
  FieldWriter writer(&bytes);
  HeadFields(writer, tenant, message);
  WriteAlternative(writer, message.body, MessageField());
  return bytes;
}

std::string EncodeTermBegan() {
  std::string bytes;
  FieldWriter(&bytes).Number(kTermBegan, true);
  return bytes;
}

absl::StatusOr<GatewayDelivery> DecodeGatewayDelivery(std::string_view bytes) {
  GatewayDelivery read;
  FieldReader reader(bytes);
  HeadFields(reader, read.tenant, read.message);
  reader.Number(kTermBegan, read.term_began, true);
  if (!read.term_began) ReadAlternative(reader, read.message.body, MessageField());
  if (!reader.ok()) return absl::InvalidArgumentError("a gateway's message of another process cannot be read");
  return read;
}

}  // namespace meridian
