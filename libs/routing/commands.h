// What the engine of one tenant is asked to do. Commands are values; Engine::Apply answers each at once and leaves its
// effects (effects.h). Every command may be repeated while its contact lives: what has already happened is answered as
// done (Answer::repeated) and has no second effect. Any thread may make one; only the shard's thread applies it.
//
// Commands of an agent name the agent and the number of its connection: a number below the agent's current one is
// refused (kStaleAttachment), so a replaced connection can do nothing. Commands about an offer or an assignment name
// its token: any other than the contact's current one is refused (kStaleToken).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "libs/base/entity_id.h"
#include "libs/base/time.h"
#include "libs/domain/agent.h"
#include "libs/domain/contact.h"
#include "libs/domain/offer.h"
#include "libs/domain/origin.h"
#include "libs/domain/reasons.h"
#include "libs/domain/states.h"
#include "libs/domain/tenant_config.h"

namespace meridian {

// The gateway process (and its start) that holds an agent's connection; chosen by the gateway, opaque here.
struct GatewayKey {
  std::string value;

  friend auto operator<=>(const GatewayKey&, const GatewayKey&) = default;
};

// What an agent does: available, or away for a reason that the tenant names.
struct Activity {
  std::string away_reason;  // empty: available; else in the form of a name, at most 64 bytes

  static Activity Available() { return {}; }
  static Activity Away(std::string reason) { return {std::move(reason)}; }
  bool IsAvailable() const { return away_reason.empty(); }
  friend auto operator<=>(const Activity&, const Activity&) = default;
};

// ---- configuration ----

// Publishes a whole configuration. `config.revision` must be above the current one, and the rest of it normalised and
// valid (libs/domain/tenant_config.h): that takes too long for the shard's thread and is checked where it comes in.
// Waiting contacts stay on the revision under which they came; agents move to the new one in slices (Engine::Advance).
struct PublishConfig {
  TenantConfig config;
  uint64_t digest = 0;  // of the draft that was published; the same revision with another digest is refused

  friend bool operator==(const PublishConfig&, const PublishConfig&) = default;
};

// Changes, adds or removes one agent as a revision of its own, stored as a difference.
struct ReviseAgent {
  uint64_t revision = 0;  // above the current one
  AgentId agent;
  std::optional<AgentConfig> config;  // nullopt: the agent is removed; else `config->id` is `agent`

  friend bool operator==(const ReviseAgent&, const ReviseAgent&) = default;
};

// ---- contacts, asked by session and operators ----

// Opens a contact: a rule is found, and it waits or is offered at once. An `enqueued_at` that is not set or in the
// future counts as now. A repeat with the same id is answered as done
// while the contact lives.
struct EnqueueContact {
  ContactSpec spec;

  friend bool operator==(const EnqueueContact&, const EnqueueContact&) = default;
};

// The language of a contact was judged again, or its routing attributes changed. A queued contact that was not
// transferred finds its rule anew and keeps its place; any other one uses them when it returns to a line.
struct ReviseContact {
  ContactId contact;
  LanguageTag language;
  uint16_t language_confidence_permille = 0;
  std::optional<AttributeSet> attributes;  // nullopt: as they are

  friend bool operator==(const ReviseContact&, const ReviseContact&) = default;
};

enum class CancelBy : uint8_t { kCustomer, kOperator };

// Withdraws a contact that no agent was connected to yet; refused (kWrongState) after that.
struct CancelContact {
  ContactId contact;
  CancelBy by = CancelBy::kCustomer;

  friend bool operator==(const CancelContact&, const CancelContact&) = default;
};

// The customer closed the conversation, or had no connection for the channel's grace time. Ends a waiting contact as
// abandoned; a contact in an agent's hands goes to after-contact work.
struct CustomerLeft {
  ContactId contact;
  CustomerLeftReason reason = CustomerLeftReason::kClosed;

  friend bool operator==(const CustomerLeft&, const CustomerLeft&) = default;
};

// The conversation's edges, as session tells them: the customer waits for an answer since `since`; an agent answered.
struct CustomerWaits {
  ContactId contact;
  Instant since;

  friend bool operator==(const CustomerWaits&, const CustomerWaits&) = default;
};
struct AgentAnswered {
  ContactId contact;

  friend bool operator==(const AgentAnswered&, const AgentAnswered&) = default;
};

// ---- agents' connections ----

// An agent connected, or its gateway holds it still after a new term began. Re-delivers pending offers and live
// assignments to the gateway. An agent who has assignments to reclaim attaches without an activity, reclaims, and only
// then becomes available: else what it lost may be offered to it anew.
struct AttachAgent {
  AgentId agent;
  AttachmentNumber attachment;  // not below the agent's highest; the same one again confirms it
  GatewayKey gateway;
  std::optional<Activity> activity;  // nullopt: as it was; after being offline that is away, "signed_in"

  friend bool operator==(const AttachAgent&, const AttachAgent&) = default;
};

enum class DetachCause : uint8_t { kConnectionLost, kSlowReader, kSignedOff };

// The agent's connection is gone. Pending offers return to their line at once, without a strike. Live work stays with
// the agent for the tenant's grace time; after kSignedOff it returns to its line at once.
struct DetachAgent {
  AgentId agent;
  AttachmentNumber attachment;
  DetachCause cause = DetachCause::kConnectionLost;

  friend bool operator==(const DetachAgent&, const DetachAgent&) = default;
};

// Available also ends a cool-down early and forgets strikes.
struct SetActivity {
  AgentId agent;
  AttachmentNumber attachment;
  Activity activity;

  friend bool operator==(const SetActivity&, const SetActivity&) = default;
};

// ---- offers and assignments ----

// The gateway confirms that the offer reached the agent: its clock starts.
struct OfferDelivered {
  AgentId agent;
  AttachmentNumber attachment;
  ContactId contact;
  OfferToken token;

  friend bool operator==(const OfferDelivered&, const OfferDelivered&) = default;
};

struct AcceptOffer {
  AgentId agent;
  AttachmentNumber attachment;
  ContactId contact;
  OfferToken token;

  friend bool operator==(const AcceptOffer&, const AcceptOffer&) = default;
};

struct RejectOffer {
  AgentId agent;
  AttachmentNumber attachment;
  ContactId contact;
  OfferToken token;

  friend bool operator==(const RejectOffer&, const RejectOffer&) = default;
};

// An agent says that it holds this assignment: confirmed when it is the current one; restored when the agent was lost
// and nobody else was offered the contact since; refused when a newer token exists.
struct ReclaimAssignment {
  AgentId agent;
  AttachmentNumber attachment;
  ContactId contact;
  OfferToken token;

  friend bool operator==(const ReclaimAssignment&, const ReclaimAssignment&) = default;
};

// Only for channels whose media are joined apart (voice); others connect as they are accepted.
struct MediaConnected {
  ContactId contact;
  OfferToken token;

  friend bool operator==(const MediaConnected&, const MediaConnected&) = default;
};
struct MediaFailed {
  ContactId contact;
  OfferToken token;

  friend bool operator==(const MediaFailed&, const MediaFailed&) = default;
};

struct HoldContact {
  AgentId agent;
  AttachmentNumber attachment;
  ContactId contact;
  OfferToken token;

  friend bool operator==(const HoldContact&, const HoldContact&) = default;
};
struct ResumeContact {
  AgentId agent;
  AttachmentNumber attachment;
  ContactId contact;
  OfferToken token;

  friend bool operator==(const ResumeContact&, const ResumeContact&) = default;
};

// The agent ends the talk: after-contact work begins, or the contact completes when its queue has none.
struct CompleteContact {
  AgentId agent;
  AttachmentNumber attachment;
  ContactId contact;
  OfferToken token;

  friend bool operator==(const CompleteContact&, const CompleteContact&) = default;
};

struct EndWrapUp {
  AgentId agent;
  AttachmentNumber attachment;
  ContactId contact;
  OfferToken token;

  friend bool operator==(const EndWrapUp&, const EndWrapUp&) = default;
};

// kNextStep: the plan goes on after the step that found this agent; refused (kNoNextStep) from the last one. The other
// targets are refused as kNotSupported.
struct TransferContact {
  AgentId agent;
  AttachmentNumber attachment;
  ContactId contact;
  OfferToken token;
  TransferTarget target = TransferTarget::kNextStep;
  QueueId queue;     // with kQueue
  AgentId to_agent;  // with kAgent

  friend bool operator==(const TransferContact&, const TransferContact&) = default;
};

using CommandBody = std::variant<PublishConfig, ReviseAgent, EnqueueContact, ReviseContact, CancelContact, CustomerLeft,
                                 CustomerWaits, AgentAnswered, AttachAgent, DetachAgent, SetActivity, OfferDelivered,
                                 AcceptOffer, RejectOffer, ReclaimAssignment, MediaConnected, MediaFailed, HoldContact,
                                 ResumeContact, CompleteContact, EndWrapUp, TransferContact>;

// Which ownership of which session shard sends a command. A command of an earlier one, once a later one has been heard
// of, comes from a process that stood still: its successor has taken over what it had under way.
struct SessionTerm {
  uint32_t shard = 0;
  uint64_t term = 0;  // 0: not sent by a session shard

  friend bool operator==(const SessionTerm&, const SessionTerm&) = default;
};

struct Command {
  CommandOrigin origin;
  CommandBody body;
  SessionTerm session = {};  // the engine does not look at it; the shard does

  friend bool operator==(const Command&, const Command&) = default;
};

// ---- answers ----

// Why a command was refused. Names are part of the public API (ErrorInfo.reason, upper case).
enum class Refusal : uint8_t {
  kNone,             // accepted
  kNoConfiguration,  // nothing was published yet
  kInvalidConfig,    // the configuration or agent breaks a rule; the text names the first
  kStaleRevision,    // a revision at or below the current one
  kUnknownChannel,   // not in the configuration
  kNoRule,           // no rule of the plans matches the contact
  kInvalidContact,   // undeclared attribute, or a field out of range
  kQueueFull,        // the queue holds as many waiting contacts as it may
  kQueueClosed,      // outside the queue's opening hours
  kContactIdReused,  // a live contact has this id and another conversation
  kUnknownContact,   // no live contact has this id: never queued, or ended
  kUnknownAgent,     // not in the configuration
  kStaleAttachment,  // a newer connection acts for the agent
  kNotAttached,      // the agent has no connection
  kStaleToken,       // not the contact's current offer or assignment, or not this agent's
  kWrongState,       // the contact's state does not allow it
  kNotSupported,     // part of the design, not working yet
  kNoNextStep,       // the plan has no step after this one
  kEventLogFull,     // too many events wait to be published: live work goes on, nothing new is taken
  kQuotaExceeded,    // the tenant has as many waiting contacts as it may
  kStaleSession,     // a later term of the sender's session shard has been heard of
};
inline constexpr int kRefusalCount = 21;
std::string_view ToString(Refusal refusal);  // "stale_token"

struct Answer {
  Refusal refusal = Refusal::kNone;
  std::string text;       // for people, with a refusal; no personal data
  bool repeated = false;  // it had already been done
  // With a command about one contact that was accepted: its state after the command, before it was matched anew.
  std::optional<ContactState> contact_state;
  // With kStaleSession: the newest term of the sender's session shard that routing has heard of.
  uint64_t session_term = 0;

  bool ok() const { return refusal == Refusal::kNone; }
  friend bool operator==(const Answer&, const Answer&) = default;
};

}  // namespace meridian
