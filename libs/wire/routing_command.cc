#include "libs/wire/routing_command.h"

#include <utility>

#include "libs/wire/body_fields.h"

namespace meridian {

// ---- fields: in this namespace and not in an unnamed one, so that kFields finds them ----

template <class A>
void Fields(A& a, InOut<A, RequestKey>& key) {
  a.Text(1, key.tenant);
  a.Id(2, key.request_id);
  a.Number(3, key.digest);
}

template <class A>
void Fields(A& a, InOut<A, Activity>& activity) {
  a.Text(1, activity.away_reason);
}

// A message that may be left out, the last of those around it.
template <class T>
void OptionalField(FieldWriter& a, int field, const std::optional<T>& value) {
  if (value) a.Message(field, *value, kFields);
}
template <class T>
void OptionalField(FieldReader& a, int field, std::optional<T>& value) {
  value.reset();
  if (a.NextField() == field) a.Message(field, value.emplace(), kFields);
}

// message AttributeList
template <class A>
void Fields(A& a, InOut<A, AttributeSet>& attributes) {
  AttributesField(a, 1, attributes);
}

template <class A>
void Fields(A& a, InOut<A, ReviseAgent>& command) {
  a.Number(1, command.revision);
  a.Text(2, command.agent.value);
  OptionalField(a, 3, command.config);
  if constexpr (A::kReading) {
    if (command.config) command.config->id = command.agent;
  }
}

template <class A>
void Fields(A& a, InOut<A, EnqueueContact>& command) {
  WholeId(a, 1, command.spec.id);
  a.Sub(2, command.spec, kFields);
}

template <class A>
void Fields(A& a, InOut<A, ReviseContact>& command) {
  WholeId(a, 1, command.contact);
  TagField(a, 2, command.language);
  a.Number(3, command.language_confidence_permille);
  OptionalField(a, 4, command.attributes);
}

template <class A>
void Fields(A& a, InOut<A, CancelContact>& command) {
  WholeId(a, 1, command.contact);
  a.Number(2, command.by, CancelBy::kOperator);
}

template <class A>
void Fields(A& a, InOut<A, CustomerLeft>& command) {
  WholeId(a, 1, command.contact);
  a.Number(2, command.reason, CustomerLeftReason::kConnectionLost);
}

template <class A>
void Fields(A& a, InOut<A, CustomerWaits>& command) {
  WholeId(a, 1, command.contact);
  a.Time(2, command.since);
}

template <class A>
void Fields(A& a, InOut<A, AgentAnswered>& command) {
  WholeId(a, 1, command.contact);
}

template <class A>
void Fields(A& a, InOut<A, AttachAgent>& command) {
  a.Text(1, command.agent.value);
  a.Number(2, command.attachment.value);
  a.Text(3, command.gateway.value);
  OptionalField(a, 4, command.activity);
}

template <class A>
void Fields(A& a, InOut<A, DetachAgent>& command) {
  a.Text(1, command.agent.value);
  a.Number(2, command.attachment.value);
  a.Number(3, command.cause, DetachCause::kSignedOff);
}

template <class A>
void Fields(A& a, InOut<A, SetActivity>& command) {
  a.Text(1, command.agent.value);
  a.Number(2, command.attachment.value);
  a.Sub(3, command.activity, kFields);
}

// message OfferCommand
template <class A, class T>
void OfferFields(A& a, T& command) {
  a.Text(1, command.agent.value);
  a.Number(2, command.attachment.value);
  WholeId(a, 3, command.contact);
  a.Id(4, command.token.uuid);
}
template <class A>
void Fields(A& a, InOut<A, OfferDelivered>& command) {
  OfferFields(a, command);
}
template <class A>
void Fields(A& a, InOut<A, AcceptOffer>& command) {
  OfferFields(a, command);
}
template <class A>
void Fields(A& a, InOut<A, RejectOffer>& command) {
  OfferFields(a, command);
}
template <class A>
void Fields(A& a, InOut<A, ReclaimAssignment>& command) {
  OfferFields(a, command);
}
template <class A>
void Fields(A& a, InOut<A, HoldContact>& command) {
  OfferFields(a, command);
}
template <class A>
void Fields(A& a, InOut<A, ResumeContact>& command) {
  OfferFields(a, command);
}
template <class A>
void Fields(A& a, InOut<A, CompleteContact>& command) {
  OfferFields(a, command);
}
template <class A>
void Fields(A& a, InOut<A, EndWrapUp>& command) {
  OfferFields(a, command);
}

template <class A>
void Fields(A& a, InOut<A, TransferContact>& command) {
  a.Sub(1, command, [](auto& inner, auto& by) { OfferFields(inner, by); });
  a.Number(2, command.target, TransferTarget::kAgent);
  a.Text(3, command.queue.value);
  a.Text(4, command.to_agent.value);
}

// message MediaCommand
template <class A>
void Fields(A& a, InOut<A, MediaConnected>& command) {
  WholeId(a, 1, command.contact);
  a.Id(2, command.token.uuid);
}
template <class A>
void Fields(A& a, InOut<A, MediaFailed>& command) {
  WholeId(a, 1, command.contact);
  a.Id(2, command.token.uuid);
}

template <class A>
void Fields(A& a, InOut<A, Answer>& answer) {
  a.Number(1, answer.refusal, static_cast<Refusal>(kRefusalCount - 1));
  a.Text(2, answer.text);
  a.Number(3, answer.repeated, true);
  uint32_t state = answer.contact_state ? 1 + static_cast<uint32_t>(*answer.contact_state) : 0;
  a.Number(4, state, uint32_t{kContactStateCount});
  if constexpr (A::kReading) {
    answer.contact_state.reset();
    if (state != 0) answer.contact_state = static_cast<ContactState>(state - 1);
  }
  a.Number(5, answer.session_term);
}

namespace {

constexpr int kSession = 64;  // behind the body, where a reader that does not know it stops

// The fields of RoutingCommand. An alternative that is not listed does not compile.
struct CommandField {
  template <class T>
  static constexpr int Of() {
    return Number(static_cast<const T*>(nullptr));
  }

 private:
  static constexpr int Number(const PublishConfig*) { return 0; }
  static constexpr int Number(const ReviseAgent*) { return 17; }
  static constexpr int Number(const EnqueueContact*) { return 18; }
  static constexpr int Number(const ReviseContact*) { return 19; }
  static constexpr int Number(const CancelContact*) { return 20; }
  static constexpr int Number(const CustomerLeft*) { return 21; }
  static constexpr int Number(const CustomerWaits*) { return 22; }
  static constexpr int Number(const AgentAnswered*) { return 23; }
  static constexpr int Number(const AttachAgent*) { return 24; }
  static constexpr int Number(const DetachAgent*) { return 25; }
  static constexpr int Number(const SetActivity*) { return 26; }
  static constexpr int Number(const OfferDelivered*) { return 27; }
  static constexpr int Number(const AcceptOffer*) { return 28; }
  static constexpr int Number(const RejectOffer*) { return 29; }
  static constexpr int Number(const ReclaimAssignment*) { return 30; }
  static constexpr int Number(const MediaConnected*) { return 31; }
  static constexpr int Number(const MediaFailed*) { return 32; }
  static constexpr int Number(const HoldContact*) { return 33; }
  static constexpr int Number(const ResumeContact*) { return 34; }
  static constexpr int Number(const CompleteContact*) { return 35; }
  static constexpr int Number(const EndWrapUp*) { return 36; }
  static constexpr int Number(const TransferContact*) { return 37; }
};

absl::Status Malformed(std::string_view what) {
  return absl::InvalidArgumentError("a " + std::string(what) + " of another process cannot be read");
}

template <class T>
std::string EncodeWhole(const T& value) {
  std::string bytes;
  FieldWriter writer(&bytes);
  Fields(writer, value);
  return bytes;
}

template <class T>
absl::StatusOr<T> DecodeWhole(std::string_view bytes, std::string_view what) {
  T value;
  FieldReader reader(bytes);
  Fields(reader, value);
  if (!reader.ok()) return Malformed(what);
  return value;
}

}  // namespace

absl::StatusOr<std::string> Encode(const Command& command, const std::optional<RequestKey>& key) {
  std::string bytes;
  bytes.reserve(256);
  FieldWriter writer(&bytes);
  writer.Sub(1, command.origin, kFields);
  OptionalField(writer, 2, key);
  if (WriteAlternative(writer, command.body, CommandField())) {
    writer.Sub(kSession, command.session, kFields);
    return bytes;
  }
  return absl::InvalidArgumentError("a configuration is published by ApplyConfig");
}

std::string Encode(const Answer& answer) { return EncodeWhole(answer); }
std::string Encode(const CommandOrigin& origin) { return EncodeWhole(origin); }

absl::StatusOr<KeyedCommand> DecodeRoutingCommand(std::string_view bytes) {
  KeyedCommand read;
  FieldReader reader(bytes);
  reader.Sub(1, read.command.origin, kFields);
  OptionalField(reader, 2, read.key);
  ReadAlternative(reader, read.command.body, CommandField());
  reader.Sub(kSession, read.command.session, kFields);
  if (!reader.ok()) return Malformed("command");
  return read;
}

absl::StatusOr<Answer> DecodeRoutingAnswer(std::string_view bytes) { return DecodeWhole<Answer>(bytes, "answer"); }
absl::StatusOr<CommandOrigin> DecodeOrigin(std::string_view bytes) {
  return DecodeWhole<CommandOrigin>(bytes, "command's origin");
}

}  // namespace meridian
