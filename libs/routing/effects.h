// What the engine leaves behind: records that changed, the events and facts of the log, and messages to gateways.
// Nothing of it may leave the process before the batch that holds it is durable. Values; the shard's thread only.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "libs/base/entity_id.h"
#include "libs/base/time.h"
#include "libs/domain/contact.h"
#include "libs/domain/offer.h"
#include "libs/domain/plan.h"
#include "libs/domain/reasons.h"
#include "libs/domain/states.h"
#include "libs/routing/commands.h"
#include "libs/routing/records.h"

namespace meridian {

// ---- the decision behind an offer ----

enum class DecisionReason : uint8_t {
  kNone,
  kBestScore,       // the best of the agents that were free and eligible
  kOnlyOne,         // no other eligible agent was free
  kPreferredAgent,  // the contact asked for this agent
  kFreedAgent,      // the agent became free and this contact was first among those that it may take
  kLastChoice,      // the agent had let this contact pass before, and no other could take it
  kRestored,        // decided in an earlier term whose end was lost, with the reasons: the agent's answer names it
};
std::string_view ToString(DecisionReason reason);

// How an agent compared: lower is better, field after field.
struct DecisionScore {
  uint8_t band = 0;        // of the static score, 0 (best) to 7
  int32_t load_order = 0;  // packing: free units when best-fit, else load in thousandths of the capacity
  int64_t idle_ms = 0;     // since the agent finished work or became available; longer is better

  friend bool operator==(const DecisionScore&, const DecisionScore&) = default;
};

struct RunnerUp {
  uint32_t agent_hash = 0;  // low half of StableHash(agent id): the id itself may be 63 bytes long
  DecisionScore score;

  friend bool operator==(const RunnerUp&, const RunnerUp&) = default;
};

// Why this agent. At most 128 bytes on the wire.
struct DecisionRecord {
  uint64_t config_revision = 0;  // the published revision under which the agents were compared
  uint64_t plan_revision = 0;    // the contact's own, which holds its rule
  RuleIndex rule;
  uint16_t step = 0;
  uint32_t class_hash = 0;  // names the requirement: equal for contacts with equal requirements
  DecisionReason reason = DecisionReason::kNone;
  DecisionScore score;
  int16_t static_score = 0;  // before it was quantised into the band
  uint8_t runner_up_count = 0;
  std::array<RunnerUp, 3> runners_up{};

  friend bool operator==(const DecisionRecord&, const DecisionRecord&) = default;
};

// ---- public events: contact ----

struct ContactQueued {
  ContactSpec spec;  // routing data only
  QueueId queue;
  std::string rule;
  int16_t priority = 0;  // of contact and rule together
  Instant virtual_start;

  friend bool operator==(const ContactQueued&, const ContactQueued&) = default;
};
struct ContactRevised {  // language or attributes changed, perhaps the rule with them
  LanguageTag language;
  uint16_t language_confidence_permille = 0;
  AttributeSet attributes;
  QueueId queue;
  std::string rule;
  Instant virtual_start;

  friend bool operator==(const ContactRevised&, const ContactRevised&) = default;
};
struct ContactOffered {
  AgentId agent;
  OfferToken token;
  QueueId queue;
  uint16_t units = 0;  // of the agent's capacity, taken from now on
  Duration waited;     // since the contact was queued
  DecisionRecord decision;

  friend bool operator==(const ContactOffered&, const ContactOffered&) = default;
};
struct ContactRequeued {  // from any offer, or from an agent's hands; keeps its place
  RequeueReason reason = RequeueReason::kNone;
  RescindReason rescind_reason = RescindReason::kNone;  // with kRescinded
  AgentId agent;                                        // who had it
  OfferToken token;
  bool strike = false;  // counted against the agent
  uint16_t first_step = 0;
  Instant virtual_start;

  friend bool operator==(const ContactRequeued&, const ContactRequeued&) = default;
};
struct ContactConnecting {  // only on channels whose media are joined apart
  AgentId agent;
  OfferToken token;

  friend bool operator==(const ContactConnecting&, const ContactConnecting&) = default;
};
struct ContactAssigned {
  AgentId agent;
  OfferToken token;
  Duration waited;  // since the contact was queued

  friend bool operator==(const ContactAssigned&, const ContactAssigned&) = default;
};
struct ContactHeld {
  AgentId agent;

  friend bool operator==(const ContactHeld&, const ContactHeld&) = default;
};
struct ContactResumed {
  AgentId agent;

  friend bool operator==(const ContactResumed&, const ContactResumed&) = default;
};
struct ContactWrapping {  // the talk is over, after-contact work begins
  AgentId agent;
  EndReason reason = EndReason::kNone;
  Instant deadline;

  friend bool operator==(const ContactWrapping&, const ContactWrapping&) = default;
};
struct ContactCompleted {
  AgentId agent;
  EndReason reason = EndReason::kNone;

  friend bool operator==(const ContactCompleted&, const ContactCompleted&) = default;
};
struct ContactAbandoned {
  CustomerLeftReason reason = CustomerLeftReason::kNone;
  AgentId agent;  // to whom it was being offered; empty: none
  Duration waited;

  friend bool operator==(const ContactAbandoned&, const ContactAbandoned&) = default;
};
struct ContactCanceled {
  EndReason reason = EndReason::kNone;
  AgentId agent;  // to whom it was being offered; empty: none

  friend bool operator==(const ContactCanceled&, const ContactCanceled&) = default;
};
struct ContactExpired {
  AgentId agent;  // to whom it was being offered; empty: none

  friend bool operator==(const ContactExpired&, const ContactExpired&) = default;
};

// ---- public events: agent ----

struct AgentAttached {
  AttachmentNumber attachment;
  Activity activity;

  friend bool operator==(const AgentAttached&, const AgentAttached&) = default;
};
struct AgentDetached {
  AbsenceReason reason = AbsenceReason::kNone;
  Instant grace_until;

  friend bool operator==(const AgentDetached&, const AgentDetached&) = default;
};
struct AgentOffline {
  AbsenceReason reason = AbsenceReason::kNone;

  friend bool operator==(const AgentOffline&, const AgentOffline&) = default;
};
struct AgentActivityChanged {
  Activity activity;

  friend bool operator==(const AgentActivityChanged&, const AgentActivityChanged&) = default;
};
// Too many offers let pass: none until `until`, then offers come again by themselves. Again with the present instant
// when the agent ends it early.
struct AgentCoolingDown {
  uint8_t strikes = 0;
  Instant until;

  friend bool operator==(const AgentCoolingDown&, const AgentCoolingDown&) = default;
};

// ---- public events: configuration ----

struct ConfigPublished {
  uint64_t revision = 0;
  uint64_t digest = 0;

  friend bool operator==(const ConfigPublished&, const ConfigPublished&) = default;
};
struct AgentRevised {
  uint64_t revision = 0;
  AgentId agent;
  bool removed = false;

  friend bool operator==(const AgentRevised&, const AgentRevised&) = default;
};

// ---- public events: any topic ----

// Opens a term on the event's topic; voids anything published under `previous_term` beyond `previous_last_sequence`.
// On the agent topic it also says: every agent is detached (kOwnerChanged) until it attaches again or goes offline.
struct TermStarted {
  uint64_t previous_term = 0;  // 0: the first
  uint64_t previous_last_sequence = 0;

  friend bool operator==(const TermStarted&, const TermStarted&) = default;
};

// ---- internal facts, for session: no topic, no sequence ----

// Who may take part in the conversation under this contact; replaces what was said before.
struct Grant {
  AgentId agent;
  AssignmentRole role = AssignmentRole::kPrimary;
  OfferToken token;
  bool may_send = true;                // false during after-contact work: may read only
  AgentKind kind = AgentKind::kHuman;  // by the configuration when the grant was given

  friend bool operator==(const Grant&, const Grant&) = default;
};
struct ParticipantsChanged {
  ConversationId conversation;
  uint32_t revision = 0;  // 1, 2, 3 … per contact
  std::vector<Grant> grants;

  friend bool operator==(const ParticipantsChanged&, const ParticipantsChanged&) = default;
};
// The customer is not served under this contact any more, and a new message opens a new one. Once per contact: when
// after-contact work begins, or when it ends without.
struct ContactClosed {
  ConversationId conversation;
  EndReason reason = EndReason::kNone;

  friend bool operator==(const ContactClosed&, const ContactClosed&) = default;
};

// ---- the envelope ----

enum class EventTopic : uint8_t { kFact, kContact, kAgent, kConfig };
inline constexpr int kEventTopicCount = 4;
std::string_view ToString(EventTopic topic);

using EventBody =
    std::variant<ContactQueued, ContactRevised, ContactOffered, ContactRequeued, ContactConnecting, ContactAssigned,
                 ContactHeld, ContactResumed, ContactWrapping, ContactCompleted, ContactAbandoned, ContactCanceled,
                 ContactExpired, AgentAttached, AgentDetached, AgentOffline, AgentActivityChanged, AgentCoolingDown,
                 ConfigPublished, AgentRevised, TermStarted, ParticipantsChanged, ContactClosed>;

struct Event {
  EventTopic topic = EventTopic::kFact;
  uint64_t term = 0;
  uint64_t sequence = 0;         // gap-free per topic and term, from 1; 0 for facts
  uint64_t entity_revision = 0;  // 1, 2, 3 … per contact or agent; the revision on kConfig; 0 for facts, TermStarted
  uint64_t config_revision = 0;  // under which it happened
  Instant at;
  ContactId contact;  // the entity on kContact and of facts; nil otherwise
  AgentId agent;      // the entity on kAgent; empty otherwise
  CommandOrigin origin;
  EventBody body;

  friend bool operator==(const Event&, const Event&) = default;
};

// ---- messages to gateways ----

struct OfferMade {
  ContactId contact;
  ConversationId conversation;
  OfferToken token;
  Duration answer_within;  // from delivery
  QueueId queue;
  ChannelId channel;
  LanguageTag language;
  CountryCode country;
  CustomerKind customer_kind = CustomerKind::kAnonymous;
  int16_t priority = 0;
  AttributeSet attributes;
  Instant queued_at;
  RequeueReason returned = RequeueReason::kNone;  // why it was in line again

  friend bool operator==(const OfferMade&, const OfferMade&) = default;
};
struct OfferRescinded {  // the offer is over, and not by the agent's answer
  ContactId contact;
  OfferToken token;
  RescindReason reason = RescindReason::kNone;  // kNone: it timed out

  friend bool operator==(const OfferRescinded&, const OfferRescinded&) = default;
};
// Sent when an offer is accepted, and again with `resumed` when the agent attaches anew.
struct AssignmentStarted {
  ContactId contact;
  ConversationId conversation;
  OfferToken token;
  ContactState state = ContactState::kAssigned;  // connecting, assigned, held or wrapping
  QueueId queue;
  ChannelId channel;
  LanguageTag language;
  bool resumed = false;

  friend bool operator==(const AssignmentStarted&, const AssignmentStarted&) = default;
};
struct AssignmentChanged {  // connecting → assigned ⇄ held → wrapping
  ContactId contact;
  OfferToken token;
  ContactState state = ContactState::kAssigned;
  Instant wrap_up_deadline = Instant::Never();  // with wrapping

  friend bool operator==(const AssignmentChanged&, const AssignmentChanged&) = default;
};
struct AssignmentEnded {
  ContactId contact;
  OfferToken token;
  EndReason reason = EndReason::kNone;  // kNone: it went back to a line
  RequeueReason returned = RequeueReason::kNone;

  friend bool operator==(const AssignmentEnded&, const AssignmentEnded&) = default;
};
struct CoolDownStarted {
  Instant until;

  friend bool operator==(const CoolDownStarted&, const CoolDownStarted&) = default;
};
struct CoolDownEnded {
  friend bool operator==(const CoolDownEnded&, const CoolDownEnded&) = default;
};
// A newer connection acts for the agent, or the agent was removed: this one is to be closed.
struct AttachmentEnded {
  AbsenceReason reason = AbsenceReason::kNone;  // kNone: replaced by a newer connection

  friend bool operator==(const AttachmentEnded&, const AttachmentEnded&) = default;
};

using GatewayMessageBody = std::variant<OfferMade, OfferRescinded, AssignmentStarted, AssignmentChanged,
                                        AssignmentEnded, CoolDownStarted, CoolDownEnded, AttachmentEnded>;

struct GatewayMessage {
  GatewayKey gateway;
  AgentId agent;
  AttachmentNumber attachment;
  GatewayMessageBody body;

  friend bool operator==(const GatewayMessage&, const GatewayMessage&) = default;
};

// ---- what gathered since Engine::ClearEffects ----

// Pointers hold until the next call that changes the engine. Each entity occurs at most once in a put and its delete.
struct RecordChanges {
  std::vector<const ContactRecord*> contacts;
  std::vector<ContactId> ended_contacts;  // perhaps never written
  std::vector<const AgentRecord*> agents;
  std::vector<const ConfigRecord*> configs;
  std::vector<uint64_t> dropped_configs;  // by revision
  std::vector<const AgentRevisionRecord*> agent_revisions;
  std::vector<AgentId> dropped_agent_revisions;
  const StreamHead* head = nullptr;  // nullptr: as it was
};

// Names of events and messages for logs and tests: "ContactQueued".
std::string_view NameOf(const EventBody& body);
std::string_view NameOf(const GatewayMessageBody& body);

}  // namespace meridian
