#include "libs/wire/contact_types.h"

#include <charconv>
#include <limits>

namespace meridian {

namespace pb = type::v1;

pb::ContactState ToProto(ContactState state) {
  switch (state) {
    case ContactState::kQueued:
      return pb::CONTACT_STATE_QUEUED;
    case ContactState::kOffered:
      return pb::CONTACT_STATE_OFFERED;
    case ContactState::kConnecting:
      return pb::CONTACT_STATE_CONNECTING;
    case ContactState::kAssigned:
      return pb::CONTACT_STATE_ASSIGNED;
    case ContactState::kHeld:
      return pb::CONTACT_STATE_HELD;
    case ContactState::kWrapping:
      return pb::CONTACT_STATE_WRAPPING;
    case ContactState::kParked:
      return pb::CONTACT_STATE_PARKED;
    case ContactState::kCallback:
      return pb::CONTACT_STATE_CALLBACK;
    case ContactState::kCompleted:
      return pb::CONTACT_STATE_COMPLETED;
    case ContactState::kAbandoned:
      return pb::CONTACT_STATE_ABANDONED;
    case ContactState::kCanceled:
      return pb::CONTACT_STATE_CANCELED;
    case ContactState::kExpired:
      return pb::CONTACT_STATE_EXPIRED;
  }
  return pb::CONTACT_STATE_UNSPECIFIED;
}

pb::RequeueReason ToProto(RequeueReason reason) {
  switch (reason) {
    case RequeueReason::kRejected:
      return pb::REQUEUE_REASON_REJECTED;
    case RequeueReason::kTimedOut:
      return pb::REQUEUE_REASON_TIMED_OUT;
    case RequeueReason::kRescinded:
      return pb::REQUEUE_REASON_RESCINDED;
    case RequeueReason::kAgentLost:
      return pb::REQUEUE_REASON_AGENT_LOST;
    case RequeueReason::kMediaFailed:
      return pb::REQUEUE_REASON_MEDIA_FAILED;
    case RequeueReason::kTransferredNextStep:
    case RequeueReason::kTransferredQueue:
    case RequeueReason::kTransferredAgent:
      return pb::REQUEUE_REASON_TRANSFERRED;
    case RequeueReason::kCustomerBack:
    case RequeueReason::kCallbackDue:
    case RequeueReason::kNone:
      return pb::REQUEUE_REASON_UNSPECIFIED;
  }
  return pb::REQUEUE_REASON_UNSPECIFIED;
}

pb::AgentKind ToProto(AgentKind kind) {
  switch (kind) {
    case AgentKind::kHuman:
      return pb::AGENT_KIND_HUMAN;
    case AgentKind::kBot:
      return pb::AGENT_KIND_BOT;
    case AgentKind::kExpert:
      return pb::AGENT_KIND_EXPERT;
  }
  return pb::AGENT_KIND_UNSPECIFIED;
}

pb::AgentPresence ToProto(AgentPresence presence) {
  switch (presence) {
    case AgentPresence::kAttached:
      return pb::AGENT_PRESENCE_ATTACHED;
    case AgentPresence::kDetached:
      return pb::AGENT_PRESENCE_DETACHED;
    case AgentPresence::kOffline:
      return pb::AGENT_PRESENCE_OFFLINE;
  }
  return pb::AGENT_PRESENCE_UNSPECIFIED;
}

pb::Direction ToProto(Direction direction) {
  return direction == Direction::kInbound ? pb::DIRECTION_INBOUND : pb::DIRECTION_UNSPECIFIED;
}

pb::AssignmentRole ToProto(AssignmentRole role) {
  switch (role) {
    case AssignmentRole::kPrimary:
      return pb::ASSIGNMENT_ROLE_PRIMARY;
    case AssignmentRole::kConsulted:
      return pb::ASSIGNMENT_ROLE_CONSULTED;
    case AssignmentRole::kMonitoring:
      return pb::ASSIGNMENT_ROLE_MONITORING;
    case AssignmentRole::kNone:
      return pb::ASSIGNMENT_ROLE_UNSPECIFIED;
  }
  return pb::ASSIGNMENT_ROLE_UNSPECIFIED;
}

std::optional<AgentKind> FromProto(pb::AgentKind kind) {
  if (kind == pb::AGENT_KIND_HUMAN) return AgentKind::kHuman;
  if (kind == pb::AGENT_KIND_BOT) return AgentKind::kBot;
  if (kind == pb::AGENT_KIND_EXPERT) return AgentKind::kExpert;
  return std::nullopt;
}

std::optional<LanguageLevel> FromProto(pb::LanguageLevel level) {
  if (level == pb::LANGUAGE_LEVEL_WORKING) return LanguageLevel::kWorking;
  if (level == pb::LANGUAGE_LEVEL_FLUENT) return LanguageLevel::kFluent;
  if (level == pb::LANGUAGE_LEVEL_NATIVE) return LanguageLevel::kNative;
  return std::nullopt;
}

void SetTimestamp(Instant instant, google::protobuf::Timestamp* proto) {
  constexpr int64_t kNanos = 1000000000;
  int64_t seconds = instant.ns / kNanos;
  int64_t nanos = instant.ns % kNanos;
  if (nanos < 0) {
    nanos += kNanos;
    --seconds;
  }
  proto->set_seconds(seconds);
  proto->set_nanos(static_cast<int32_t>(nanos));
}

Instant InstantFromProto(const google::protobuf::Timestamp& proto) {
  constexpr int64_t kMaxSeconds = std::numeric_limits<int64_t>::max() / 1000000000 - 3;  // with room for any nanos
  if (proto.seconds() > kMaxSeconds) return Instant::Never();
  if (proto.seconds() < -kMaxSeconds) return {-std::numeric_limits<int64_t>::max()};
  return Instant::FromUnixSeconds(proto.seconds()) + Duration::Nanoseconds(proto.nanos());
}

Duration DurationFromProto(const google::protobuf::Duration& proto) {
  constexpr int64_t kMaxSeconds = std::numeric_limits<int64_t>::max() / 1000000000 - 3;  // with room for any nanos
  if (proto.seconds() > kMaxSeconds) return {std::numeric_limits<int64_t>::max()};
  if (proto.seconds() < -kMaxSeconds) return {-std::numeric_limits<int64_t>::max()};
  return Duration::Seconds(proto.seconds()) + Duration::Nanoseconds(proto.nanos());
}

std::optional<AttributeValue> ParseAttributeValue(AttributeType type, std::string_view text) {
  switch (type) {
    case AttributeType::kNumber: {
      int64_t number = 0;
      auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
      if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
      return AttributeValue(number);
    }
    case AttributeType::kBoolean:
      if (text == "true") return AttributeValue(true);
      if (text == "false") return AttributeValue(false);
      return std::nullopt;
    case AttributeType::kEnum:
    case AttributeType::kCode:
      return AttributeValue(std::string(text));
  }
  return std::nullopt;
}

std::string FormatAttributeValue(const AttributeValue& value) {
  if (const auto* number = std::get_if<int64_t>(&value)) return std::to_string(*number);
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  return std::get<std::string>(value);
}

}  // namespace meridian
