#include "libs/wire/routing_events.h"

#include <cstdio>
#include <string>
#include <variant>

#include "libs/wire/contact_types.h"
#include "libs/wire/trace_context.h"

namespace meridian {
namespace {

namespace pb = event::v1;

constexpr uint32_t kFormatVersion = 1;

template <class Reason>
std::string NameOfReason(Reason reason) {
  return reason == Reason::kNone ? std::string() : PublicName(ToString(reason));
}

std::string Text(const LanguageTag& tag) { return tag.empty() ? std::string() : tag.ToString(); }
std::string Text(const Activity& activity) { return activity.IsAvailable() ? "available" : activity.away_reason; }

void SetDuration(Duration duration, google::protobuf::Duration* out) {
  out->set_seconds(duration.ns / 1000000000);
  out->set_nanos(static_cast<int32_t>(duration.ns % 1000000000));
}

template <class Repeated>
void AddAttributes(const AttributeSet& attributes, Repeated* out) {
  for (const Attribute& attribute : attributes.items()) {
    pb::Attribute* added = out->Add();
    added->set_name(attribute.name.value);
    added->set_value(FormatAttributeValue(attribute.value));
  }
}

type::v1::Role RoleOf(ActorRole role) {
  switch (role) {
    case ActorRole::kSystem:
      return type::v1::ROLE_SYSTEM;
    case ActorRole::kCustomer:
      return type::v1::ROLE_VISITOR;
    case ActorRole::kAgent:
      return type::v1::ROLE_AGENT;
    case ActorRole::kOperator:
      return type::v1::ROLE_OPERATOR;
    case ActorRole::kIntegrator:
      return type::v1::ROLE_INTEGRATOR;
    case ActorRole::kService:
      return type::v1::ROLE_SERVICE;
  }
  return type::v1::ROLE_UNSPECIFIED;
}

routing::v1::DecisionReason ToProto(DecisionReason reason) {
  switch (reason) {
    case DecisionReason::kNone:
      return routing::v1::DECISION_REASON_UNSPECIFIED;
    case DecisionReason::kBestScore:
      return routing::v1::DECISION_REASON_BEST_SCORE;
    case DecisionReason::kOnlyOne:
      return routing::v1::DECISION_REASON_ONLY_ONE;
    case DecisionReason::kPreferredAgent:
      return routing::v1::DECISION_REASON_PREFERRED_AGENT;
    case DecisionReason::kFreedAgent:
      return routing::v1::DECISION_REASON_FREED_AGENT;
    case DecisionReason::kLastChoice:
      return routing::v1::DECISION_REASON_LAST_CHOICE;
    case DecisionReason::kRestored:
      return routing::v1::DECISION_REASON_RESTORED;
  }
  return routing::v1::DECISION_REASON_UNSPECIFIED;
}

void SetScore(const DecisionScore& score, routing::v1::DecisionScore* out) {
  out->set_band(score.band);
  out->set_load_order(score.load_order);
  out->set_idle_ms(score.idle_ms);
}

// Fills the body of `out`, one overload per kind.
class BodyOf {
 public:
  explicit BodyOf(pb::Event* out) : out_(*out) {}

  bool operator()(const ContactQueued& body) const {
    pb::ContactQueued& to = *out_.mutable_contact_queued();
    to.set_conversation_id(body.spec.conversation.ToString());
    to.set_customer_id(body.spec.customer.ToString());
    to.set_channel(body.spec.channel.value);
    to.set_queue(body.queue.value);
    to.set_rule(body.rule);
    to.set_language(Text(body.spec.language));
    to.set_language_confidence_permille(body.spec.language_confidence_permille);
    to.set_priority(body.priority);
    SetTimestamp(body.virtual_start, to.mutable_virtual_start());
    to.set_direction(ToProto(body.spec.direction));
    to.set_country(std::string(body.spec.country.view()));
    to.set_customer(std::string(ToString(body.spec.customer_kind)));
    to.set_preferred_agent(body.spec.preferred_agent.value);
    AddAttributes(body.spec.attributes, to.mutable_attributes());
    return true;
  }
  bool operator()(const ContactRevised& body) const {
    pb::ContactRevised& to = *out_.mutable_contact_revised();
    to.set_language(Text(body.language));
    to.set_language_confidence_permille(body.language_confidence_permille);
    to.set_queue(body.queue.value);
    to.set_rule(body.rule);
    SetTimestamp(body.virtual_start, to.mutable_virtual_start());
    AddAttributes(body.attributes, to.mutable_attributes());
    return true;
  }
  bool operator()(const ContactOffered& body) const {
    pb::ContactOffered& to = *out_.mutable_contact_offered();
    to.set_agent(body.agent.value);
    to.set_offer_token(body.token.ToString());
    to.set_queue(body.queue.value);
    to.set_units(body.units);
    SetDuration(body.waited, to.mutable_waited());
    meridian::ToProto(body.decision, to.mutable_decision());
    return true;
  }
  bool operator()(const ContactConnecting& body) const {
    out_.mutable_contact_connecting()->set_agent(body.agent.value);
    out_.mutable_contact_connecting()->set_offer_token(body.token.ToString());
    return true;
  }
  bool operator()(const ContactAssigned& body) const {
    pb::ContactAssigned& to = *out_.mutable_contact_assigned();
    to.set_agent(body.agent.value);
    to.set_offer_token(body.token.ToString());
    to.set_role(type::v1::ASSIGNMENT_ROLE_PRIMARY);
    SetDuration(body.waited, to.mutable_waited());
    return true;
  }
  bool operator()(const ContactRequeued& body) const {
    pb::ContactRequeued& to = *out_.mutable_contact_requeued();
    to.set_reason(ToProto(body.reason));
    to.set_rescind_reason(NameOfReason(body.rescind_reason));
    to.set_agent(body.agent.value);
    to.set_offer_token(body.token.ToString());
    to.set_strike(body.strike);
    to.set_first_step(body.first_step);
    SetTimestamp(body.virtual_start, to.mutable_virtual_start());
    return true;
  }
  bool operator()(const ContactHeld& body) const {
    out_.mutable_contact_held()->set_agent(body.agent.value);
    return true;
  }
  bool operator()(const ContactResumed& body) const {
    out_.mutable_contact_resumed()->set_agent(body.agent.value);
    return true;
  }
  bool operator()(const ContactWrapping& body) const {
    pb::ContactWrapping& to = *out_.mutable_contact_wrapping();
    to.set_agent(body.agent.value);
    to.set_reason(NameOfReason(body.reason));
    if (body.deadline != Instant::Never()) SetTimestamp(body.deadline, to.mutable_until());
    return true;
  }
  bool operator()(const ContactCompleted& body) const {
    return End(type::v1::CONTACT_STATE_COMPLETED, NameOfReason(body.reason), body.agent);
  }
  bool operator()(const ContactAbandoned& body) const {
    SetDuration(body.waited, out_.mutable_contact_ended()->mutable_waited());
    return End(type::v1::CONTACT_STATE_ABANDONED, NameOfReason(body.reason), body.agent);
  }
  bool operator()(const ContactCanceled& body) const {
    return End(type::v1::CONTACT_STATE_CANCELED, NameOfReason(body.reason), body.agent);
  }
  bool operator()(const ContactExpired& body) const {
    return End(type::v1::CONTACT_STATE_EXPIRED, NameOfReason(EndReason::kExpiredInQueue), body.agent);
  }
  bool operator()(const AgentAttached& body) const {
    out_.mutable_agent_attached()->set_attachment(body.attachment.value);
    out_.mutable_agent_attached()->set_activity(Text(body.activity));
    return true;
  }
  bool operator()(const AgentDetached& body) const {
    out_.mutable_agent_detached()->set_reason(NameOfReason(body.reason));
    SetTimestamp(body.grace_until, out_.mutable_agent_detached()->mutable_grace_until());
    return true;
  }
  bool operator()(const AgentOffline& body) const {
    out_.mutable_agent_went_offline()->set_reason(NameOfReason(body.reason));
    return true;
  }
  bool operator()(const AgentActivityChanged& body) const {
    out_.mutable_agent_activity_changed()->set_activity(Text(body.activity));
    return true;
  }
  bool operator()(const AgentCoolingDown& body) const {
    out_.mutable_agent_cooling_down()->set_strikes(body.strikes);
    SetTimestamp(body.until, out_.mutable_agent_cooling_down()->mutable_until());
    return true;
  }
  bool operator()(const ConfigPublished& body) const {
    char digest[17];
    std::snprintf(digest, sizeof(digest), "%016llx", static_cast<unsigned long long>(body.digest));
    out_.mutable_config_published()->set_revision(body.revision);
    out_.mutable_config_published()->set_digest(digest);
    return true;
  }
  bool operator()(const AgentRevised& body) const {
    out_.mutable_agent_revised()->set_revision(body.revision);
    out_.mutable_agent_revised()->set_agent(body.agent.value);
    out_.mutable_agent_revised()->set_removed(body.removed);
    return true;
  }
  bool operator()(const TermStarted& body) const {
    out_.mutable_term_started()->set_previous_term(body.previous_term);
    out_.mutable_term_started()->set_previous_last_sequence(body.previous_last_sequence);
    return true;
  }
  bool operator()(const ParticipantsChanged&) const { return false; }
  bool operator()(const ContactClosed&) const { return false; }

 private:
  bool End(type::v1::ContactState state, std::string reason, const AgentId& agent) const {
    pb::ContactEnded& to = *out_.mutable_contact_ended();
    to.set_state(state);
    to.set_reason(std::move(reason));
    to.set_agent(agent.value);
    return true;
  }

  pb::Event& out_;
};

}  // namespace

std::string PublicName(std::string_view lower_case) {
  std::string name(lower_case);
  for (char& letter : name) {
    if (letter >= 'a' && letter <= 'z') letter = static_cast<char>(letter - 'a' + 'A');
  }
  return name;
}

pb::Topic ToProto(EventTopic topic) {
  switch (topic) {
    case EventTopic::kFact:
      return pb::TOPIC_UNSPECIFIED;
    case EventTopic::kContact:
      return pb::TOPIC_CONTACT;
    case EventTopic::kAgent:
      return pb::TOPIC_AGENT;
    case EventTopic::kConfig:
      return pb::TOPIC_CONFIG;
  }
  return pb::TOPIC_UNSPECIFIED;
}

void ToProto(const DecisionRecord& decision, routing::v1::Decision* out) {
  out->set_config_revision(decision.config_revision);
  out->set_plan_revision(decision.plan_revision);
  out->set_plan(decision.rule.plan);
  out->set_rule(decision.rule.rule);
  out->set_step(decision.step);
  out->set_class_hash(decision.class_hash);
  out->set_reason(ToProto(decision.reason));
  SetScore(decision.score, out->mutable_score());
  out->set_static_score(decision.static_score);
  for (uint8_t i = 0; i < decision.runner_up_count; ++i) {
    auto* runner_up = out->add_runners_up();
    runner_up->set_agent_hash(decision.runners_up[i].agent_hash);
    SetScore(decision.runners_up[i].score, runner_up->mutable_score());
  }
}

bool ToPublicEvent(const TenantId& tenant, const RegionCode& region, const Event& event, pb::Event* out) {
  out->Clear();
  if (event.topic == EventTopic::kFact) return false;
  if (!std::visit(BodyOf(out), event.body)) return false;
  SetTimestamp(event.at, out->mutable_time());
  type::v1::Envelope& envelope = *out->mutable_envelope();
  envelope.set_tenant(tenant.value);
  envelope.set_region(std::string(region.view()));
  envelope.mutable_actor()->set_role(RoleOf(event.origin.actor.role));
  envelope.mutable_actor()->set_subject(event.origin.actor.subject);
  if (std::string parent = TraceparentOf(event.origin.trace); !parent.empty()) {
    envelope.mutable_trace()->set_traceparent(std::move(parent));
  }
  envelope.set_config_revision(event.config_revision);
  envelope.set_format_version(kFormatVersion);
  out->set_topic(ToProto(event.topic));
  out->set_term(event.term);
  out->set_sequence(event.sequence);
  out->set_entity(!event.contact.IsNil() ? event.contact.ToString()
                  : !event.agent.empty() ? event.agent.value
                                         : tenant.value);
  out->set_entity_revision(event.entity_revision);
  return true;
}

}  // namespace meridian
