#include "libs/wire/session_command.h"

#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include "libs/wire/routing_fields.h"

namespace meridian::conversation {

// ---- fields: in the commands' own namespace, so that kFields finds them ----

template <class A>
void Fields(A& a, InOut<A, TextPart>& part) {
  a.Text(1, part.text);
  TagField(a, 2, part.language);
  a.Number(3, part.origin, LanguageOrigin::kDetected);
}

// message MessagePart
constexpr int kTextPart = 1;
void WritePart(FieldWriter& a, const MessagePart& part) {
  a.Message(kTextPart, std::get<TextPart>(part), kFields);
  static_assert(std::variant_size_v<MessagePart> == 1, "a further kind of part needs its field here");
}
void ReadPart(FieldReader& a, MessagePart& part) {
  if (a.NextField() != kTextPart) return a.Fail();
  a.Message(kTextPart, part.emplace<TextPart>(), kFields);
}
void PartsField(FieldWriter& a, int field, const std::vector<MessagePart>& parts) { a.List(field, parts, WritePart); }
void PartsField(FieldReader& a, int field, std::vector<MessagePart>& parts) { a.List(field, parts, ReadPart); }

template <class A>
void Fields(A& a, InOut<A, Identity>& identity) {
  a.Text(1, identity.kind);
  a.Text(2, identity.address);
}

template <class A>
void Fields(A& a, InOut<A, PersonalAttribute>& attribute) {
  a.Text(1, attribute.name.value);
  a.Text(2, attribute.value);
}

template <class A>
void Fields(A& a, InOut<A, SubmitContact>& command) {
  a.Sub(1, command.identity, kFields);
  WholeId(a, 2, command.spec.id);
  a.Sub(3, command.spec, kFields);
  a.Number(4, command.conversation_named_before, true);
  uint64_t not_ended = command.not_ended_as_of ? *command.not_ended_as_of + 1 : 0;
  a.Number(5, not_ended);
  if constexpr (A::kReading) {
    command.not_ended_as_of.reset();
    if (not_ended != 0) command.not_ended_as_of = not_ended - 1;
  }
  a.Id(6, command.enqueue_request_id);
  a.Span(7, command.leave_grace);
  a.Span(8, command.session_lifetime);
  a.Number(9, command.client_number);
  PartsField(a, 10, command.parts);
  a.List(11, command.personal_attributes, kFields);
  a.Sub(12, command.origin, kFields);
  a.Number(13, command.may_only_join, true);
  a.Number(14, command.new_contacts.per_second);
  a.Number(15, command.new_contacts.burst);
  uint64_t patience = command.patience ? static_cast<uint64_t>(command.patience->ns) + 1 : 0;
  a.Number(16, patience, static_cast<uint64_t>(Duration::Hours(24).ns));
  if constexpr (A::kReading) {
    command.patience.reset();
    if (patience != 0) command.patience = Duration::Nanoseconds(static_cast<int64_t>(patience) - 1);
  }
}

template <class A>
void Fields(A& a, InOut<A, AppendMessage>& command) {
  WholeId(a, 1, command.conversation);
  a.Number(2, command.author, AuthorKind::kSystem);
  a.Text(3, command.agent.value);
  a.Text(4, command.channel.value);
  WholeId(a, 5, command.contact);
  a.Number(6, command.client_number);
  PartsField(a, 7, command.parts);
}

template <class A>
void Fields(A& a, InOut<A, CancelContact>& command) {
  WholeId(a, 1, command.conversation);
  WholeId(a, 2, command.contact);
  a.Sub(3, command.origin, kFields);
}

template <class A>
void Fields(A& a, InOut<A, CloseConversation>& command) {
  WholeId(a, 1, command.conversation);
  a.Sub(2, command.origin, kFields);
}

template <class A>
void Fields(A& a, InOut<A, ContactStanding>& standing) {
  a.Number(1, standing.kind, ContactStanding::Kind::kNotQueued);
  a.Text(2, standing.refusal);
}

template <class A>
void Fields(A& a, InOut<A, Submitted>& answer) {
  WholeId(a, 1, answer.conversation);
  WholeId(a, 2, answer.customer);
  WholeId(a, 3, answer.contact);
  a.Number(4, answer.number);
  a.Number(5, answer.joined, true);
  a.Number(6, answer.repeated, true);
  a.Sub(7, answer.standing, kFields);
}

template <class A>
void Fields(A& a, InOut<A, Appended>& answer) {
  a.Number(1, answer.number);
  a.Number(2, answer.repeated, true);
}

template <class A>
void Fields(A&, InOut<A, Done>&) {}

}  // namespace meridian::conversation

namespace meridian {
namespace {

template <class T>
std::string EncodeWhole(const T& value) {
  std::string bytes;
  bytes.reserve(256);
  FieldWriter writer(&bytes);
  Fields(writer, value);
  return bytes;
}

// What the enums say that have no zero.
bool IsWhole(const conversation::AppendMessage& command) {
  return command.author >= conversation::AuthorKind::kCustomer;
}
bool IsWhole(const conversation::Submitted& answer) {
  return answer.standing.kind >= conversation::ContactStanding::Kind::kPending;
}
template <class T>
bool IsWhole(const T&) {
  return true;
}

template <class T>
absl::StatusOr<T> DecodeWhole(std::string_view bytes) {
  T value;
  FieldReader reader(bytes);
  Fields(reader, value);
  if (!reader.ok() || !IsWhole(value)) {
    return absl::InvalidArgumentError("what another process asks of session, or answers, cannot be read");
  }
  return value;
}

}  // namespace

std::string Encode(const conversation::SubmitContact& command) { return EncodeWhole(command); }
std::string Encode(const conversation::AppendMessage& command) { return EncodeWhole(command); }
std::string Encode(const conversation::CancelContact& command) { return EncodeWhole(command); }
std::string Encode(const conversation::CloseConversation& command) { return EncodeWhole(command); }
std::string Encode(const conversation::Submitted& answer) { return EncodeWhole(answer); }
std::string Encode(const conversation::Appended& answer) { return EncodeWhole(answer); }
std::string Encode(const conversation::Done& answer) { return EncodeWhole(answer); }

template <class T>
absl::StatusOr<T> DecodeSessionCommand(std::string_view bytes, const TenantId& tenant) {
  absl::StatusOr<T> command = DecodeWhole<T>(bytes);
  if (command.ok()) command->tenant = tenant;
  return command;
}
template <class T>
absl::StatusOr<T> DecodeSessionAnswer(std::string_view bytes) {
  return DecodeWhole<T>(bytes);
}

template absl::StatusOr<conversation::SubmitContact> DecodeSessionCommand(std::string_view, const TenantId&);
template absl::StatusOr<conversation::AppendMessage> DecodeSessionCommand(std::string_view, const TenantId&);
template absl::StatusOr<conversation::CancelContact> DecodeSessionCommand(std::string_view, const TenantId&);
template absl::StatusOr<conversation::CloseConversation> DecodeSessionCommand(std::string_view, const TenantId&);
template absl::StatusOr<conversation::Submitted> DecodeSessionAnswer(std::string_view);
template absl::StatusOr<conversation::Appended> DecodeSessionAnswer(std::string_view);
template absl::StatusOr<conversation::Done> DecodeSessionAnswer(std::string_view);

}  // namespace meridian
