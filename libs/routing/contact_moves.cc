#include <algorithm>
#include <utility>

#include "libs/base/check.h"
#include "libs/routing/engine_core.h"

namespace meridian {
namespace {

// Unique for ever among the contact's tokens: terms never repeat, and offers are counted within one. SplitMix64's
// finaliser maps different inputs to different outputs. An id that is queued again after its end differs by the time.
OfferToken MakeToken(const ContactRecord& contact, uint64_t term) {
  uint64_t mixed = (term << 20) + contact.offers_made;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9ULL;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebULL;
  const auto since = static_cast<uint64_t>(contact.queued_at.ns);
  return {Uuid{StableHash(contact.spec.id.uuid) + since, mixed ^ (mixed >> 31)}};
}

DecisionScore ScoreFor(const Candidate& candidate, Instant now) {
  return {candidate.band, candidate.free.load_order, (now - candidate.free.idle_since).ToMilliseconds()};
}

// Nobody: the contact is no lost agent's any more.
void NoteLost(ContactRecord& record, AgentId agent, OfferToken token) {
  if (agent.empty() && record.past.IsDefault()) return;
  ContactPast past = *record.past;
  past.lost_agent = std::move(agent);
  past.lost_token = token;
  record.past.Set(std::move(past));
}

void NoteDecline(ContactRecord& record, Instant until) {
  ContactPast past = *record.past;
  std::erase_if(past.declines, [&](const Decline& decline) { return decline.agent == record.agent; });
  if (past.declines.size() == kMaxDeclines) past.declines.erase(past.declines.begin());
  past.declines.push_back({record.agent, until});
  record.past.Set(std::move(past));
}

}  // namespace

uint32_t& EngineCore::CountOf(ContactSlot& slot) {
  QueueCounts& counts = slot.queue->counts;
  switch (slot.record.state) {
    case ContactState::kQueued:
      return counts.waiting;
    case ContactState::kOffered:
      return counts.offered;
    case ContactState::kWrapping:
      return counts.wrapping;
    default:
      return counts.in_hands;
  }
}

void EngineCore::Mark(uint32_t contact) {
  ContactSlot& slot = contacts.at(contact);
  if (slot.changed) return;
  slot.changed = true;
  out.changed_contacts.push_back(contact);
  out.bytes += EncodedBytes(slot.record);
}

void EngineCore::Move(uint32_t contact, ContactTrigger trigger) {
  ContactSlot& slot = contacts.at(contact);
  const auto next = NextState(slot.record.state, trigger);
  MERIDIAN_CHECK(next.has_value());
  --CountOf(slot);
  slot.record.state = *next;
  slot.record.state_since = now();
  if (!IsEnded(*next)) ++CountOf(slot);
  Mark(contact);
}

void EngineCore::Announce(uint32_t contact, EventBody body) {
  out.EmitContact(contacts.at(contact).record, configs.revision(), std::move(body));
  Mark(contact);
}

void EngineCore::TakeCapacity(uint32_t contact, uint32_t agent) {
  ContactSlot& slot = contacts.at(contact);
  AgentSlot& holder = agents.at(agent);
  slot.agent = agent;
  slot.place_with_agent = static_cast<uint32_t>(holder.contacts.size());
  holder.contacts.push_back(contact);
  holder.AddLoad(slot.channel, slot.record.units, slot.record.exclusive);
}

void EngineCore::ReleaseCapacity(uint32_t contact, bool worked) {
  ContactSlot& slot = contacts.at(contact);
  const uint32_t agent = slot.agent;
  AgentSlot& holder = agents.at(agent);
  const uint32_t last = holder.contacts.back();
  holder.contacts[slot.place_with_agent] = last;
  contacts.at(last).place_with_agent = slot.place_with_agent;
  holder.contacts.pop_back();
  holder.RemoveLoad(slot.channel, slot.record.units, slot.record.exclusive);
  slot.agent = kNoIndex;
  if (worked) {
    holder.record.idle_since = now();
    MarkAgent(agent);
  }
  RefreshPlaces(agent, /*freed=*/true);
}

void EngineCore::MakeOffer(uint32_t contact, const Choice& choice) {
  ContactRecord& record = contacts.at(contact).record;
  ++record.offers_made;
  PlaceOffer(contact, choice, MakeToken(record, out.head().term));
  SendOffer(contact);
}

// The contact goes out of its line into the agent's hands; nobody is told of it here.
void EngineCore::PlaceOffer(uint32_t contact, const Choice& choice, OfferToken token) {
  ContactSlot& slot = contacts.at(contact);
  ContactRecord& record = slot.record;
  const ClassEntry& requirement = index.requirement(slot.requirement);
  const uint16_t step = requirement.key.step;
  const uint32_t class_hash = requirement.hash;
  LeaveLine(contact);
  Move(contact, ContactTrigger::kOffer);
  const uint32_t agent = choice.best.free.agent;
  const ChannelRules& rules = configs.channel(slot.channel);
  record.agent = agents.at(agent).record.agent;
  record.token = token;
  record.offer_state = OfferState::kPending;
  record.offer_step = step;
  record.units = rules.units;
  record.exclusive = rules.exclusive;
  record.deadline = now() + kDeliveryTimeout;
  record.preferred_until = Instant{0};
  NoteLost(record, {}, {});
  TakeCapacity(contact, agent);
  RefreshPlaces(agent, /*freed=*/false);
  DecisionRecord decision{.config_revision = configs.revision(),
                          .plan_revision = record.plan_revision,
                          .rule = record.rule,
                          .step = step,
                          .class_hash = class_hash,
                          .reason = choice.reason,
                          .score = ScoreFor(choice.best, now()),
                          .static_score = choice.best.static_score};
  for (const Candidate& other : choice.runners_up) {
    decision.runners_up[decision.runner_up_count++] = {static_cast<uint32_t>(other.free.tie), ScoreFor(other, now())};
  }
  Announce(contact, ContactOffered{.agent = record.agent,
                                   .token = record.token,
                                   .queue = slot.queue->counts.queue,
                                   .units = record.units,
                                   .waited = now() - record.queued_at,
                                   .decision = decision});
  SetTimer(contact);
}

// The agent had room when the offer was made: time had ended by then what takes it here, and that is replayed by
// nobody.
void EngineCore::MakeRoom(uint32_t agent, uint8_t channel) {
  const std::vector<uint32_t> held = agents.at(agent).contacts;
  for (uint32_t contact : held) {
    if (HasRoom(agents.at(agent), channel)) return;
    const ContactRecord& record = contacts.at(contact).record;
    if (record.state == ContactState::kWrapping) {
      End(contact, ContactTrigger::kWrapUpTimedOut, record.end_reason);
    } else if (record.state == ContactState::kOffered) {
      Requeue(contact, {ContactTrigger::kOfferRescinded, RequeueReason::kRescinded, RescindReason::kAgentLost});
    }
  }
}

// An offer that was made in an earlier term and lost with the end of its log. What the contact has here is older, and
// had ended before.
bool EngineCore::RestoreOffer(uint32_t contact, const AgentId& agent, OfferToken token) {
  ContactSlot& slot = contacts.at(contact);
  const uint32_t holder = agents.Find(agent);  // CheckAttachment found it in the configuration
  if (slot.record.state == ContactState::kOffered) {
    Requeue(contact, {ContactTrigger::kOfferRescinded, RequeueReason::kRescinded, RescindReason::kAgentLost});
  } else if (NextState(slot.record.state, ContactTrigger::kAgentLost) == ContactState::kQueued) {
    Requeue(contact, {ContactTrigger::kAgentLost, RequeueReason::kAgentLost});
  }
  MakeRoom(holder, slot.channel);
  if (slot.record.state != ContactState::kQueued || !HasRoom(agents.at(holder), slot.channel)) return false;
  Candidate restored;
  restored.free = {.idle_since = now(), .tie = agents.at(holder).tie, .agent = holder};
  PlaceOffer(contact, {DecisionReason::kRestored, restored, {}}, token);
  return true;
}

void EngineCore::SendOffer(uint32_t contact) {
  const ContactSlot& slot = contacts.at(contact);
  const ContactRecord& record = slot.record;
  const QueueConfig& queue = QueueOf(record);
  out.Send(agents.at(slot.agent).record,
           OfferMade{.contact = record.spec.id,
                     .conversation = record.spec.conversation,
                     .token = record.token,
                     .answer_within = queue.offer_timeout,
                     .queue = queue.id,
                     .channel = record.spec.channel,
                     .language = record.spec.language,
                     .country = record.spec.country,
                     .customer_kind = record.spec.customer_kind,
                     .priority = static_cast<int16_t>(RuleOf(record).priority + record.spec.priority),
                     .attributes = record.spec.attributes,
                     .queued_at = record.queued_at,
                     .returned = record.requeue_reason});
}

// A lost agent is back before anybody else was offered the contact.
void EngineCore::Reclaim(uint32_t contact) {
  ContactSlot& slot = contacts.at(contact);
  ContactRecord& record = slot.record;
  const uint32_t agent = agents.Find(record.past->lost_agent);
  const ChannelRules& rules = configs.channel(slot.channel);
  LeaveLine(contact);
  Move(contact, ContactTrigger::kReclaim);
  record.agent = record.past->lost_agent;
  record.token = record.past->lost_token;
  NoteLost(record, {}, {});
  record.offer_state = OfferState::kAccepted;
  record.units = rules.units;
  record.exclusive = rules.exclusive;
  TakeCapacity(contact, agent);
  RefreshPlaces(agent, /*freed=*/false);
  Announce(contact, ContactAssigned{record.agent, record.token, now() - record.queued_at});
  ChangeGrants(contact);
  SetTimer(contact);
  out.Send(agents.at(agent).record,
           AssignmentStarted{record.spec.id, record.spec.conversation, record.token, record.state,
                             slot.queue->counts.queue, record.spec.channel, record.spec.language, /*resumed=*/true});
}

void EngineCore::Assign(uint32_t contact) {
  ContactRecord& record = contacts.at(contact).record;
  Move(contact, ContactTrigger::kConnect);
  record.deadline = Instant::Never();
  Announce(contact, ContactAssigned{record.agent, record.token, now() - record.queued_at});
  ChangeGrants(contact);
  SetTimer(contact);
}

void EngineCore::Requeue(uint32_t contact, const Return& how) {
  ContactSlot& slot = contacts.at(contact);
  ContactRecord& record = slot.record;
  const ContactState before = record.state;
  const AgentRecord& agent = agents.at(slot.agent).record;
  if (before == ContactState::kOffered) {
    if (how.reason != RequeueReason::kRejected) {
      out.Send(agent, OfferRescinded{record.spec.id, record.token, how.rescind});
    }
  } else {
    out.Send(agent, AssignmentEnded{record.spec.id, record.token, EndReason::kNone, how.reason});
  }
  if (how.decline) NoteDecline(record, now() + kReofferDelay);
  // A contact that was in an agent's hands begins to wait anew; its place stays.
  if (before != ContactState::kOffered) record.expires_at = now() + QueueOf(record).max_wait;
  if (how.reason == RequeueReason::kTransferredNextStep || how.reason == RequeueReason::kAgentLost) {
    // The plan goes on from the step that found the agent, not from what the time of the talk would make of it.
    record.first_step = record.offer_step + (how.reason == RequeueReason::kTransferredNextStep ? 1 : 0);
    record.steps_since = now();
  }
  Move(contact, how.trigger);
  if (how.strike) Strike(slot.agent, QueueOf(record).no_answer);
  Announce(contact, ContactRequeued{.reason = how.reason,
                                    .rescind_reason = how.rescind,
                                    .agent = record.agent,
                                    .token = record.token,
                                    .strike = how.strike,
                                    .first_step = record.first_step,
                                    .virtual_start = record.virtual_start});
  ReleaseCapacity(contact, how.reason == RequeueReason::kTransferredNextStep);
  record.requeue_reason = how.reason;
  if (how.reason == RequeueReason::kAgentLost && before != ContactState::kConnecting) {
    NoteLost(record, record.agent, record.token);
  }
  record.agent = {};
  record.token = {};
  record.units = 0;
  record.exclusive = false;
  record.deadline = Instant::Never();
  if (before == ContactState::kAssigned || before == ContactState::kHeld) ChangeGrants(contact);
  EnterLine(contact);
}

void EngineCore::ChangeGrants(uint32_t contact) {
  ContactRecord& record = contacts.at(contact).record;
  ParticipantsChanged fact{record.spec.conversation, ++record.grants_revision, {}};
  const bool talks = record.state == ContactState::kAssigned || record.state == ContactState::kHeld;
  if (talks || record.state == ContactState::kWrapping) {
    const uint32_t profile = agents.at(contacts.at(contact).agent).profile;
    // Of an agent that the configuration has lost meanwhile, the session keeps the kind that it was told.
    const AgentKind kind = profile == kNoIndex ? AgentKind::kHuman : index.profile(profile).profile.kind;
    fact.grants.push_back({record.agent, AssignmentRole::kPrimary, record.token, /*may_send=*/talks, kind});
  }
  out.EmitFact(record, configs.revision(), std::move(fact));
  Mark(contact);
}

void EngineCore::Close(uint32_t contact) {
  const ContactRecord& record = contacts.at(contact).record;
  out.EmitFact(record, configs.revision(), ContactClosed{record.spec.conversation, record.end_reason});
}

void EngineCore::EndTalk(uint32_t contact, ContactTrigger trigger, EndReason reason) {
  ContactRecord& record = contacts.at(contact).record;
  const WrapUpRule wrap_up = QueueOf(record).wrap_up;
  Move(contact, trigger);
  record.end_reason = reason;
  if (wrap_up.none()) {
    End(contact, ContactTrigger::kWrapUpDone, reason);
    return;
  }
  record.deadline = now() + wrap_up.longest;
  Announce(contact, ContactWrapping{record.agent, reason, record.deadline});
  ChangeGrants(contact);
  Close(contact);
  out.Send(agents.at(contacts.at(contact).agent).record,
           AssignmentChanged{record.spec.id, record.token, record.state, record.deadline});
  SetTimer(contact);
}

void EngineCore::AnnounceEnd(uint32_t contact, ContactState before, CustomerLeftReason left) {
  const ContactRecord& record = contacts.at(contact).record;
  const EndReason reason = record.end_reason;
  switch (record.state) {
    case ContactState::kAbandoned:
      Announce(contact, ContactAbandoned{left, record.agent, now() - record.queued_at});
      break;
    case ContactState::kCanceled:
      Announce(contact, ContactCanceled{reason, record.agent});
      break;
    case ContactState::kExpired:
      Announce(contact, ContactExpired{record.agent});
      break;
    default:
      Announce(contact, ContactCompleted{record.agent, reason});
      break;
  }
  if (record.agent.empty()) return;
  const AgentRecord& agent = agents.at(contacts.at(contact).agent).record;
  if (before != ContactState::kOffered) {
    out.Send(agent, AssignmentEnded{record.spec.id, record.token, reason, RequeueReason::kNone});
    return;
  }
  const RescindReason why = record.state == ContactState::kAbandoned  ? RescindReason::kCustomerLeft
                            : record.state == ContactState::kCanceled ? RescindReason::kContactCanceled
                                                                      : RescindReason::kContactExpired;
  out.Send(agent, OfferRescinded{record.spec.id, record.token, why});
}

void EngineCore::End(uint32_t contact, ContactTrigger trigger, EndReason reason, CustomerLeftReason left) {
  ContactSlot& slot = contacts.at(contact);
  ContactRecord& record = slot.record;
  const ContactState before = record.state;
  const bool was_closed = before == ContactState::kWrapping && record.deadline != Instant::Never();
  if (before == ContactState::kQueued) LeaveLine(contact);
  Move(contact, trigger);
  record.end_reason = reason;
  AnnounceEnd(contact, before, left);
  if (before == ContactState::kWrapping) ChangeGrants(contact);
  if (!was_closed) Close(contact);
  if (slot.agent != kNoIndex) ReleaseCapacity(contact, before == ContactState::kWrapping);
  timers_.Remove(TimerKind::kContact, contact);
  PublishedConfig* config = configs.Find(record.plan_revision);
  MERIDIAN_CHECK(config != nullptr && config->contacts > 0);
  --config->contacts;
  out.ended_contacts.push_back(record.spec.id);
  contacts.Erase(contact);
  DropUnusedConfigs();
}

}  // namespace meridian
