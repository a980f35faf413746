// The inside of Engine: all state of one tenant, and what may happen to it. Split over several files by subject:
//   engine_core.cc      answers, marks, the run of a command or slice
//   contact_commands.cc, agent_commands.cc, offer_commands.cc, config_commands.cc: one function per command
//   contact_moves.cc    how a contact goes from state to state
//   waiting_lines.cc    its rule, step and place, in and out of a line
//   agent_moves.cc      presence, places in the idle orders, strikes
//   matching.cc         who gets whom
//   timers.cc           what is due
//   restore.cc          building the state from records
//   explain.cc, invariants.cc
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libs/routing/agent_table.h"
#include "libs/routing/config_index.h"
#include "libs/routing/contact_table.h"
#include "libs/routing/engine.h"
#include "libs/routing/index.h"
#include "libs/routing/outbox.h"
#include "libs/routing/timer_heap.h"

namespace meridian {

// An agent compared with others for one contact: lower is better.
struct Candidate {
  uint8_t band = 0;
  FreeAgent free;
  int16_t static_score = 0;

  friend bool operator<(const Candidate& a, const Candidate& b) {
    if (a.band != b.band) return a.band < b.band;
    return a.free < b.free;
  }
};

struct Choice {
  DecisionReason reason = DecisionReason::kNone;
  Candidate best;
  std::vector<Candidate> runners_up;
};

class EngineCore {
 public:
  EngineCore(TenantId tenant_id, RegionCode region_code)
      : tenant(std::move(tenant_id)), region(std::move(region_code)) {}

  // ---- the run ----
  Answer Run(const Command& command, Instant at);
  Answer Replay(const Command& command, Instant at);
  void HoldOffers() { offers_held_ = true; }
  void ReleaseOffers();
  Instant NextDeadline() const;
  bool Advance(Instant at);
  void FinishLoad(uint64_t term, Instant at);
  RecordChanges ChangedRecords() const;
  void ClearEffects();
  std::optional<ContactExplanation> Explain(uint32_t contact, Instant at) const;
  void CheckInvariants(Instant at) const;
  AgentView ViewOf(uint32_t agent) const;

  // ---- commands ----
  Answer Apply(const PublishConfig& command);
  Answer Apply(const ReviseAgent& command);
  Answer Apply(const EnqueueContact& command);
  Answer Apply(const ReviseContact& command);
  Answer Apply(const CancelContact& command);
  Answer Apply(const CustomerLeft& command);
  Answer Apply(const CustomerWaits& command);
  Answer Apply(const AgentAnswered& command);
  Answer Apply(const AttachAgent& command);
  Answer Apply(const DetachAgent& command);
  Answer Apply(const SetActivity& command);
  Answer Apply(const OfferDelivered& command);
  Answer Apply(const AcceptOffer& command);
  Answer Apply(const RejectOffer& command);
  Answer Apply(const ReclaimAssignment& command);
  Answer Apply(const MediaConnected& command);
  Answer Apply(const MediaFailed& command);
  Answer Apply(const HoldContact& command);
  Answer Apply(const ResumeContact& command);
  Answer Apply(const CompleteContact& command);
  Answer Apply(const EndWrapUp& command);
  Answer Apply(const TransferContact& command);

  TenantId tenant;
  RegionCode region;
  ContactTable contacts;
  AgentTable agents;
  Index index;
  ConfigIndex configs;
  Outbox out;
  mutable uint64_t looked_at = 0;  // see Engine::looked_at

 private:
  // Who speaks for an agent about its contact, checked; or why not.
  struct Held {
    uint32_t contact = kNoIndex;
    Answer refusal;
  };
  template <typename Command>
  Held FindHeld(const Command& command);
  Answer CheckAttachment(const AgentId& agent, AttachmentNumber attachment) const;
  Answer Done(uint32_t contact, bool repeated = false) const;
  // Refuses with the reason of the state table.
  static Answer RefuseState(ContactState from, ContactTrigger trigger);

  // ---- engine_core.cc ----
  // At the begin of each call, and whether it may still change what a contact changes (with its agent): timers, agents
  // who leave, returned contacts and offers all draw on the bounds of one call (kMaxRecordsPerCall).
  void BeginCall(CommandOrigin origin, Instant at);
  bool MayChangeMore() const;

  // ---- waiting_lines.cc ----
  const PublishedConfig& PlanConfigOf(const ContactRecord& record) const;
  const Rule& RuleOf(const ContactRecord& record) const;
  const QueueConfig& QueueOf(const ContactRecord& record) const;
  void SetRule(ContactRecord& record, const PublishedConfig& config, RuleIndex rule) const;
  LineKey KeyOf(const ContactRecord& record) const;
  void EnterLine(uint32_t contact);
  void LeaveLine(uint32_t contact);
  void SetTimer(uint32_t contact);

  // ---- contact_commands.cc ----
  // Whether one more contact may come to wait in the queue.
  Answer CheckRoom(const TenantConfig& config, const QueueConfig& queue, QueueLine& line);
  bool MayEverServe(uint32_t agent, uint32_t contact) const;
  void StopPreferring(uint32_t contact);

  // ---- contact_moves.cc ----
  uint32_t& CountOf(ContactSlot& slot);
  void Mark(uint32_t contact);
  void Move(uint32_t contact, ContactTrigger trigger);
  void MakeOffer(uint32_t contact, const Choice& choice);
  void PlaceOffer(uint32_t contact, const Choice& choice, OfferToken token);
  void MakeRoom(uint32_t agent, uint8_t channel);
  bool RestoreOffer(uint32_t contact, const AgentId& agent, OfferToken token);
  void SendOffer(uint32_t contact);
  void Assign(uint32_t contact);
  void Reclaim(uint32_t contact);
  struct Return {
    ContactTrigger trigger;
    RequeueReason reason;
    RescindReason rescind = RescindReason::kNone;
    bool decline = false;  // not back to this agent at once
    bool strike = false;
  };
  void Requeue(uint32_t contact, const Return& how);
  void EndTalk(uint32_t contact, ContactTrigger trigger, EndReason reason);
  void End(uint32_t contact, ContactTrigger trigger, EndReason reason,
           CustomerLeftReason left = CustomerLeftReason::kNone);
  void AnnounceEnd(uint32_t contact, ContactState before, CustomerLeftReason left);
  void Announce(uint32_t contact, EventBody body);
  void ChangeGrants(uint32_t contact);
  void Close(uint32_t contact);
  void TakeCapacity(uint32_t contact, uint32_t agent);
  void ReleaseCapacity(uint32_t contact, bool worked);

  // ---- agent_moves.cc ----
  void MarkAgent(uint32_t agent);
  bool CanTake(const AgentSlot& slot, const ProfileEntry& profile, const ChannelLoad& takes) const;
  bool HasRoom(const AgentSlot& slot, uint8_t channel) const;
  void ClearPlaces(uint32_t agent);
  void RefreshPlaces(uint32_t agent, bool freed);
  void SetAgentTimer(uint32_t agent);
  void GoOffline(uint32_t agent, AbsenceReason reason);
  // Returns to their lines what the agent may no longer have: in slices, because one agent may have thousands.
  void BeginDrain(uint32_t agent);
  void DrainSlice();
  bool DrainContact(uint32_t contact, const AgentRecord& agent);
  void Redeliver(uint32_t agent);
  void Strike(uint32_t agent, const NoAnswerPolicy& policy);
  void EndCoolDown(uint32_t agent);
  std::vector<uint32_t> ContactsOf(uint32_t agent) const;
  void AssignProfile(uint32_t agent, const Profile& profile);
  void DropProfile(uint32_t agent);
  void RemoveAgent(uint32_t agent);
  void MarkDirty(uint32_t profile);

  // ---- config_commands.cc ----
  void BeginReindex();
  void ReindexSlice(size_t agents);
  bool reindexing() const { return reindex_config_ != nullptr; }
  void RereadShifts();
  void RefreshShift(uint32_t shift);
  void DropUnusedConfigs();
  // They are in the agents' table.
  void DropConfiguredAgents();
  void DropRevisionsSlice();
  bool IndexAhead(const AgentId& agent);

  // ---- matching.cc ----
  bool Excluded(const ContactRecord& record, const AgentId& agent) const;
  std::optional<Choice> FindAgent(uint32_t contact) const;
  std::optional<Candidate> FindNamed(const ContactSlot& slot, const AgentId& agent) const;
  std::optional<WaitingContact> FirstForFreed();
  const WaitingContact* FirstInLine(const ClassEntry& requirement, const ProfileEntry& profile,
                                    const WaitingContact* before) const;
  void Match();

  // ---- timers.cc ----
  void ContactDue(uint32_t contact);
  void OfferDue(uint32_t contact);
  void AgentDue(uint32_t agent);

  // ---- restore.cc ----
  void RestoreAgents();
  void RestoreContacts();
  void RestoreHeld(uint32_t contact);

  // ---- invariants.cc ----
  void CheckContact(uint32_t contact, Instant at) const;
  void CheckAgent(uint32_t agent) const;

  Instant now() const { return out.now(); }

  TimerHeap timers_;
  WaitingLine fresh_;                                // newly in a line, not matched yet
  std::vector<uint32_t> dirty_profiles_;             // see ProfileEntry::dirty
  std::set<uint32_t> freed_agents_;                  // newly free, with contacts that wait for them alone
  std::map<uint32_t, WaitingLine> preferred_lines_;  // by agent
  uint32_t waiting_ = 0;                             // contacts in all lines
  bool match_pending_ = false;
  bool offers_held_ = false;
  bool replaying_ = false;                              // the call is a Replay
  size_t records_before_ = 0;                           // the call, as Outbox counts them
  size_t bytes_before_ = 0;                             // the call
  std::set<std::pair<AgentId, uint32_t>> draining_;     // agents with contacts that they may no longer have
  uint32_t drain_of_ = kNoIndex;                        // of which the next holds: what it had when its drain began,
  std::vector<ContactId> drain_left_;                   // the next one last
  int drain_budget_ = 0;                                // contacts that this call may still return
  std::shared_ptr<const TenantConfig> reindex_config_;  // agents move to it; null: done
  size_t reindex_at_ = 0;
  std::set<std::pair<AgentId, uint32_t>> leaving_;  // whom it does not have
  std::set<AgentId> stale_revisions_;               // agents' revision records that are still to be deleted
};

Answer Refuse(Refusal refusal, std::string text);

}  // namespace meridian
