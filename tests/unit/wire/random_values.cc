#include "tests/unit/wire/random_values.h"

namespace meridian::testing {

AttributeSet RandomValues::Attributes() {
  AttributeSet set;
  for (uint64_t i = Below(4); i > 0; --i) {
    AttributeValue value = Number<int64_t>();
    if (Below(3) == 0) value = Flip();
    if (Below(3) == 0) value = Text();
    set.Set({Text()}, std::move(value));
  }
  return set;
}

ContactSpec RandomValues::Spec(const ContactId& id) {
  ContactSpec spec;
  spec.id = id;
  spec.customer = EntityIdOf<CustomerId>(id.region);
  spec.conversation = EntityIdOf<ConversationId>(id.region);
  spec.channel = Name<ChannelId>();
  spec.direction = Enum<Direction>(2);
  spec.customer_kind = Enum<CustomerKind>(3);
  spec.country = Country();
  spec.language = Language();
  spec.language_confidence_permille = Number<uint16_t>();
  if (Flip()) spec.utc_offset_minutes = static_cast<int16_t>(Below(1681)) - 840;
  spec.priority = Number<int16_t>();
  spec.preferred_agent = Name<AgentId>();
  spec.attributes = Attributes();
  spec.enqueued_at = Time();
  return spec;
}

ContactRecord RandomValues::Contact(const RegionCode& home) {
  ContactRecord record;
  record.spec = Spec({home, {Number<uint64_t>() + 1, Number<uint64_t>()}});
  record.state = Enum<ContactState>(kContactStateCount);
  record.state_since = Time();
  record.plan_revision = Number<uint64_t>();
  record.rule = {Number<uint16_t>(), Number<uint16_t>()};
  record.first_step = Number<uint16_t>();
  record.queued_at = Time();
  record.steps_since = Time();
  record.virtual_start = Time();
  record.expires_at = Time();
  record.preferred_until = Time();
  record.requeue_reason = Enum<RequeueReason>(kRequeueReasonCount);
  record.end_reason = Enum<EndReason>(kEndReasonCount);
  record.agent = Name<AgentId>();
  record.token = Token();
  record.offer_state = Enum<OfferState>(kOfferStateCount);
  record.offer_step = Number<uint16_t>();
  record.units = Number<uint16_t>();
  record.exclusive = Flip();
  record.deadline = Time();
  ContactPast past{Name<AgentId>(), Token(), {}};
  record.offers_made = Number<uint32_t>();
  for (uint64_t i = Below(4); i > 0; --i) past.declines.push_back({Name<AgentId>(), Time()});
  record.past = std::move(past);
  record.entity_revision = Number<uint64_t>();
  record.grants_revision = Number<uint32_t>();
  record.customer_waits_since = Time();
  return record;
}

AgentRecord RandomValues::Agent() {
  AgentRecord record;
  record.agent = Name<AgentId>();
  record.presence = Enum<AgentPresence>(kAgentPresenceCount);
  record.absence = Enum<AbsenceReason>(kAbsenceReasonCount);
  record.attached_term = Number<uint64_t>();
  record.attachment = {Number<uint64_t>()};
  record.gateway = {Text()};
  record.activity = Doing();
  record.idle_since = Time();
  record.grace_until = Time();
  record.strikes = Number<uint8_t>();
  record.cool_down_until = Time();
  record.entity_revision = Number<uint64_t>();
  return record;
}

AgentConfig RandomValues::Config(const AgentId& agent) {
  AgentConfig config;
  config.id = agent;
  config.display_name = Text(128);
  config.kind = Enum<AgentKind>(kAgentKindCount);
  for (uint64_t i = Below(3); i > 0; --i) config.skills.push_back({Name<SkillId>(), Number<uint8_t>()});
  for (uint64_t i = Below(3); i > 0; --i) {
    config.languages.push_back({Language(), static_cast<LanguageLevel>(1 + Below(3))});
  }
  config.zone = Text();
  config.shift_group = Name<ShiftGroupId>();
  config.capacity_units = Number<uint16_t>();
  for (uint64_t i = Below(3); i > 0; --i) config.channels.push_back({Name<ChannelId>(), Number<uint16_t>()});
  config.weights = {Number<int16_t>(), Number<int16_t>()};
  return config;
}

AgentRevisionRecord RandomValues::AgentRevision() {
  AgentRevisionRecord record;
  record.revision = Number<uint64_t>();
  record.agent = Name<AgentId>();
  if (Flip()) record.config = Config(record.agent);
  return record;
}

ConfigHead RandomValues::Head() {
  ConfigHead head;
  head.revision = Number<uint64_t>();
  head.draft = Id();
  head.chunks = Number<uint32_t>();
  for (uint8_t& byte : head.digest) byte = Number<uint8_t>();
  head.published_at = Time();
  head.zones_made_at = Time();
  return head;
}

TenantHead RandomValues::Tenant() {
  TenantHead head{{Number<uint64_t>(), Number<uint64_t>(), Number<uint64_t>(), Number<uint64_t>()}, {}};
  for (size_t i = Number<uint8_t>() % 4; i > 0; --i) head.session_terms.push_back(Session());
  return head;
}

DecisionRecord RandomValues::Decision() {
  DecisionRecord decision;
  decision.config_revision = Number<uint64_t>();
  decision.plan_revision = Number<uint64_t>();
  decision.rule = {Number<uint16_t>(), Number<uint16_t>()};
  decision.step = Number<uint16_t>();
  decision.class_hash = Number<uint32_t>();
  decision.reason = Enum<DecisionReason>(6);
  decision.score = Score();
  decision.static_score = Number<int16_t>();
  decision.runner_up_count = static_cast<uint8_t>(Below(4));
  for (uint8_t i = 0; i < decision.runner_up_count; ++i) decision.runners_up[i] = {Number<uint32_t>(), Score()};
  return decision;
}

CommandOrigin RandomValues::Origin() {
  CommandOrigin origin;
  origin.actor = {Enum<ActorRole>(6), Text()};
  if (Flip()) {
    origin.trace.trace_id[3] = Number<uint8_t>();
    origin.trace.span_id[1] = Number<uint8_t>();
    origin.trace.flags = Number<uint8_t>();
  }
  return origin;
}

EventBody RandomValues::Body(size_t index, const ContactId& contact) {
  switch (index) {
    case 0:
      return ContactQueued{Spec(contact), Name<QueueId>(), Text(), Number<int16_t>(), Time()};
    case 1:
      return ContactRevised{Language(), Number<uint16_t>(), Attributes(), Name<QueueId>(), Text(), Time()};
    case 2:
      return ContactOffered{Name<AgentId>(), Token(), Name<QueueId>(), Number<uint16_t>(), Span(), Decision()};
    case 3:
      return ContactRequeued{Enum<RequeueReason>(kRequeueReasonCount),
                             Enum<RescindReason>(kRescindReasonCount),
                             Name<AgentId>(),
                             Token(),
                             Flip(),
                             Number<uint16_t>(),
                             Time()};
    case 4:
      return ContactConnecting{Name<AgentId>(), Token()};
    case 5:
      return ContactAssigned{Name<AgentId>(), Token(), Span()};
    case 6:
      return ContactHeld{Name<AgentId>()};
    case 7:
      return ContactResumed{Name<AgentId>()};
    case 8:
      return ContactWrapping{Name<AgentId>(), Enum<EndReason>(kEndReasonCount), Time()};
    case 9:
      return ContactCompleted{Name<AgentId>(), Enum<EndReason>(kEndReasonCount)};
    case 10:
      return ContactAbandoned{Enum<CustomerLeftReason>(kCustomerLeftReasonCount), Name<AgentId>(), Span()};
    case 11:
      return ContactCanceled{Enum<EndReason>(kEndReasonCount), Name<AgentId>()};
    case 12:
      return ContactExpired{Name<AgentId>()};
    case 13:
      return AgentAttached{{Number<uint64_t>()}, Doing()};
    case 14:
      return AgentDetached{Enum<AbsenceReason>(kAbsenceReasonCount), Time()};
    case 15:
      return AgentOffline{Enum<AbsenceReason>(kAbsenceReasonCount)};
    case 16:
      return AgentActivityChanged{Doing()};
    case 17:
      return AgentCoolingDown{Number<uint8_t>(), Time()};
    case 18:
      return ConfigPublished{Number<uint64_t>(), Number<uint64_t>()};
    case 19:
      return AgentRevised{Number<uint64_t>(), Name<AgentId>(), Flip()};
    case 20:
      return TermStarted{Number<uint64_t>(), Number<uint64_t>()};
    case 21: {
      ParticipantsChanged body{EntityIdOf<ConversationId>(contact.region), Number<uint32_t>(), {}};
      for (uint64_t i = Below(3); i > 0; --i) {
        body.grants.push_back({Name<AgentId>(), Enum<AssignmentRole>(kAssignmentRoleCount), Token(), Flip(),
                               Enum<AgentKind>(kAgentKindCount)});
      }
      return body;
    }
    default:
      return ContactClosed{EntityIdOf<ConversationId>(contact.region), Enum<EndReason>(kEndReasonCount)};
  }
}

}  // namespace meridian::testing
