#include <array>

#include "libs/routing/commands.h"
#include "libs/routing/effects.h"
#include "libs/routing/explain.h"

namespace meridian {

std::string_view ToString(Refusal refusal) {
  switch (refusal) {
    case Refusal::kNone:
      return "none";
    case Refusal::kNoConfiguration:
      return "no_configuration";
    case Refusal::kInvalidConfig:
      return "invalid_config";
    case Refusal::kStaleRevision:
      return "stale_revision";
    case Refusal::kUnknownChannel:
      return "unknown_channel";
    case Refusal::kNoRule:
      return "no_rule";
    case Refusal::kInvalidContact:
      return "invalid_contact";
    case Refusal::kStaleSession:
      return "stale_session";
    case Refusal::kEventLogFull:
      return "event_log_full";
    case Refusal::kQuotaExceeded:
      return "quota_exceeded";
    case Refusal::kQueueFull:
      return "queue_full";
    case Refusal::kQueueClosed:
      return "queue_closed";
    case Refusal::kContactIdReused:
      return "contact_id_reused";
    case Refusal::kUnknownContact:
      return "unknown_contact";
    case Refusal::kUnknownAgent:
      return "unknown_agent";
    case Refusal::kStaleAttachment:
      return "stale_attachment";
    case Refusal::kNotAttached:
      return "not_attached";
    case Refusal::kStaleToken:
      return "stale_token";
    case Refusal::kWrongState:
      return "wrong_state";
    case Refusal::kNotSupported:
      return "not_supported";
    case Refusal::kNoNextStep:
      return "no_next_step";
  }
  return "unknown";
}

std::string_view ToString(DecisionReason reason) {
  switch (reason) {
    case DecisionReason::kNone:
      return "none";
    case DecisionReason::kBestScore:
      return "best_score";
    case DecisionReason::kOnlyOne:
      return "only_one";
    case DecisionReason::kPreferredAgent:
      return "preferred_agent";
    case DecisionReason::kFreedAgent:
      return "freed_agent";
    case DecisionReason::kLastChoice:
      return "last_choice";
    case DecisionReason::kRestored:
      return "restored";
  }
  return "unknown";
}

std::string_view ToString(EventTopic topic) {
  switch (topic) {
    case EventTopic::kFact:
      return "fact";
    case EventTopic::kContact:
      return "contact";
    case EventTopic::kAgent:
      return "agent";
    case EventTopic::kConfig:
      return "config";
  }
  return "unknown";
}

std::string_view ToString(Criterion criterion) {
  switch (criterion) {
    case Criterion::kChannel:
      return "channel";
    case Criterion::kSkills:
      return "skills";
    case Criterion::kLanguage:
      return "language";
    case Criterion::kKind:
      return "kind";
    case Criterion::kZone:
      return "zone";
    case Criterion::kShift:
      return "shift";
    case Criterion::kPresence:
      return "presence";
    case Criterion::kActivity:
      return "activity";
    case Criterion::kCoolDown:
      return "cool_down";
    case Criterion::kCapacity:
      return "capacity";
    case Criterion::kDeclined:
      return "declined";
    case Criterion::kNone:
      return "none";
  }
  return "unknown";
}

std::string_view NameOf(const EventBody& body) {
  static constexpr std::array<std::string_view, std::variant_size_v<EventBody>> kNames = {
      "ContactQueued",    "ContactRevised",       "ContactOffered",   "ContactRequeued", "ContactConnecting",
      "ContactAssigned",  "ContactHeld",          "ContactResumed",   "ContactWrapping", "ContactCompleted",
      "ContactAbandoned", "ContactCanceled",      "ContactExpired",   "AgentAttached",   "AgentDetached",
      "AgentOffline",     "AgentActivityChanged", "AgentCoolingDown", "ConfigPublished", "AgentRevised",
      "TermStarted",      "ParticipantsChanged",  "ContactClosed"};
  return kNames[body.index()];
}

std::string_view NameOf(const GatewayMessageBody& body) {
  static constexpr std::array<std::string_view, std::variant_size_v<GatewayMessageBody>> kNames = {
      "OfferMade",       "OfferRescinded",  "AssignmentStarted", "AssignmentChanged",
      "AssignmentEnded", "CoolDownStarted", "CoolDownEnded",     "AttachmentEnded"};
  return kNames[body.index()];
}

}  // namespace meridian
