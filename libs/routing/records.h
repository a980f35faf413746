// What of the engine is durable: enough to build an equivalent engine from these alone. The codec gives each a format
// of its own. Values; the shard's thread only.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "libs/base/boxed.h"
#include "libs/base/entity_id.h"
#include "libs/base/time.h"
#include "libs/domain/agent.h"
#include "libs/domain/contact.h"
#include "libs/domain/offer.h"
#include "libs/domain/plan.h"
#include "libs/domain/reasons.h"
#include "libs/domain/states.h"
#include "libs/domain/tenant_config.h"
#include "libs/routing/commands.h"

namespace meridian {

// An agent who let a contact pass (or handed it over): not offered it before `until`, and after that only when no other
// agent can take it.
struct Decline {
  AgentId agent;
  Instant until;

  friend bool operator==(const Decline&, const Decline&) = default;
};
inline constexpr size_t kMaxDeclines = 8;  // of one contact; the oldest is forgotten

// What few contacts have.
struct ContactPast {
  // Who had it when the agent was lost, until it is offered again: that agent may reclaim it. Empty otherwise.
  AgentId lost_agent;
  OfferToken lost_token;
  std::vector<Decline> declines;

  friend bool operator==(const ContactPast&, const ContactPast&) = default;
};

// One live contact. Key: its id. Written at most once per batch; deleted when the contact ends.
struct ContactRecord {
  ContactSpec spec;
  Instant state_since;
  ContactState state = ContactState::kQueued;
  RequeueReason requeue_reason = RequeueReason::kNone;
  EndReason end_reason = EndReason::kNone;  // while wrapping: with which it will end
  RuleIndex rule;
  uint64_t plan_revision = 0;  // of the configuration that holds its rule
  Instant queued_at;           // when it came first; the waiting time counts from here
  Instant steps_since;         // from when steps count
  Instant virtual_start;
  Instant expires_at;             // while queued or offered
  Instant preferred_until = {0};  // waits for the preferred agent alone until then; 0: not
  uint16_t first_step = 0;        // see EffectiveStep in libs/domain/plan.h

  // The offer or assignment; empty while queued.
  uint16_t offer_step = 0;  // the step that found the agent
  uint16_t units = 0;       // of the agent's capacity
  OfferState offer_state = OfferState::kPending;
  bool exclusive = false;  // the agent has no other contact meanwhile
  AgentId agent;
  OfferToken token;
  Instant deadline = Instant::Never();  // of delivery, answer, joining the media or wrap-up, by state

  Boxed<ContactPast> past;
  uint32_t offers_made = 0;
  uint32_t grants_revision = 0;
  uint64_t entity_revision = 0;
  Instant customer_waits_since = Instant::Never();

  friend bool operator==(const ContactRecord&, const ContactRecord&) = default;
};

// One agent who attached at least once. Key: its id. Kept when the agent is removed, so that its attachment numbers and
// revisions go on when it comes back.
struct AgentRecord {
  AgentId agent;
  AgentPresence presence = AgentPresence::kOffline;
  AbsenceReason absence = AbsenceReason::kNeverAttached;
  uint64_t attached_term = 0;  // attached under an older term means: detached until it attaches again
  AttachmentNumber attachment;
  GatewayKey gateway;
  Activity activity = Activity::Away("signed_in");
  Instant idle_since;
  Instant grace_until = Instant::Never();  // while detached
  uint8_t strikes = 0;
  Instant cool_down_until = {0};
  uint64_t entity_revision = 0;

  friend bool operator==(const AgentRecord&, const AgentRecord&) = default;
};

// A published configuration. Key: config->revision. Kept while it is the newest or a live contact is on it; in memory
// its agents are left out once they are in the engine's tables.
struct ConfigRecord {
  std::shared_ptr<const TenantConfig> config;
  uint64_t digest = 0;
  Instant published_at;
};

// One agent changed since the newest whole configuration. Key: the agent's id. All are dropped by the next one.
struct AgentRevisionRecord {
  uint64_t revision = 0;
  AgentId agent;
  std::optional<AgentConfig> config;  // nullopt: removed

  friend bool operator==(const AgentRevisionRecord&, const AgentRevisionRecord&) = default;
};

// Where the tenant's events stand. One per tenant.
struct StreamHead {
  uint64_t term = 0;
  uint64_t contact_sequence = 0;
  uint64_t agent_sequence = 0;
  uint64_t config_sequence = 0;

  friend bool operator==(const StreamHead&, const StreamHead&) = default;
};

}  // namespace meridian
