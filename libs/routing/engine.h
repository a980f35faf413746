// The routing engine of one tenant: commands in, effects out. It decides who gets which contact, and when; it holds all
// live contacts and agents, the waiting lines, the index of free agents and every deadline.
//
// Owned by the tenant's shard and called by one thread at a time. Pure: no clock, no randomness, no I/O. Equal calls
// give equal effects, bit for bit; an engine made anew from the records decides from there on as the old one would.
// `now` never goes back from call to call. A refusal is an answer; a broken invariant stops the process.
//
// After each change, contacts and agents are matched until no waiting contact has a free agent who may take it. What
// may take long (a new configuration, a shift's begin, the loss of an agent with many contacts) is done in slices:
// NextDeadline then lies in the past, and Advance goes on. What one call changes is bounded: at most
// kMaxRecordsPerCall records, and kMaxBytesPerCall of records and events together. Only an agent's own connection is
// told of all its contacts at once.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "libs/base/entity_id.h"
#include "libs/base/time.h"
#include "libs/routing/commands.h"
#include "libs/routing/effects.h"
#include "libs/routing/explain.h"
#include "libs/routing/records.h"

namespace meridian {

// A gateway that does not confirm an offer within this time loses it, without a strike for the agent.
inline constexpr Duration kDeliveryTimeout = Duration::Seconds(5);
// After a new term began a pending offer has at least this time from its re-delivery.
inline constexpr Duration kRedeliveryTime = Duration::Seconds(5);
// An agent who let a contact pass is not offered it again before this time, even when nobody else can take it.
inline constexpr Duration kReofferDelay = Duration::Seconds(10);
// Media that are not joined within this time have failed.
inline constexpr Duration kConnectTimeout = Duration::Seconds(30);
// What one call of Apply, Advance or FinishLoad changes at most. The rest waits for the next slice.
inline constexpr size_t kMaxRecordsPerCall = 90;
inline constexpr size_t kMaxBytesPerCall = 60 * 1024;  // encoded, keys included

class EngineCore;

// Figures per queue, kept as the engine goes.
struct QueueCounts {
  QueueId queue;
  uint32_t waiting = 0;  // queued
  uint32_t offered = 0;
  uint32_t in_hands = 0;  // connecting, assigned, held
  uint32_t wrapping = 0;

  friend bool operator==(const QueueCounts&, const QueueCounts&) = default;
};

// An agent as it stands now, for lists.
struct AgentView {
  const AgentRecord* record = nullptr;  // also of an agent who never attached
  AgentKind kind = AgentKind::kHuman;
  bool on_shift = false;
  uint32_t load = 0;      // units taken, over all channels
  uint32_t capacity = 0;  // units
};

class Engine {
 public:
  Engine(TenantId tenant, RegionCode region);
  Engine(Engine&&) noexcept;
  ~Engine();

  // ---- building the state anew; then FinishLoad once, before the first command ----
  // Records in any order. Those that contradict each other stop the process at FinishLoad.
  void Restore(ContactRecord record);
  void Restore(AgentRecord record);
  void Restore(ConfigRecord record);
  void Restore(AgentRevisionRecord record);
  void Restore(StreamHead record);
  // Opens `term` (above the last one): a TermStarted event on each topic; every agent is detached until it attaches
  // again; pending offers are delivered anew. An engine without records is started the same way. The last term again
  // goes on under it, after a commit was refused: the same without events.
  void FinishLoad(uint64_t term, Instant now);

  // ---- after a term that may lack what was acknowledged ----
  // Right after FinishLoad: no offers are made until ReleaseOffers; from then on they come by Advance.
  void HoldOffers();
  void ReleaseOffers();
  // While offers are held: a command that was acknowledged in an earlier term and that this one lacks; all such come
  // in the order of their acknowledgement. Connections are not asked, they were right then. An offer that a command
  // names and that is not known any more is restored with its token, in the place of whatever the contact has here:
  // that is older. Refused as by Apply, and when the agent has no room for what is restored.
  Answer Replay(const Command& command, Instant now);

  // ---- commands and time ----
  Answer Apply(const Command& command, Instant now);
  // The earliest deadline; an instant in the past while background work is left; Never when there is none.
  Instant NextDeadline() const;
  // Runs a slice (about 200 µs) of what is due at `now`, oldest first; true when more is due.
  bool Advance(Instant now);

  // ---- effects since the last ClearEffects ----
  RecordChanges ChangedRecords() const;   // its pointers hold until the next change
  std::span<const Event> events() const;  // in order, facts among them
  std::span<const GatewayMessage> messages() const;
  size_t ChangedRecordCount() const;  // at least as many as ChangedRecords has
  size_t ChangedRecordBytes() const;  // an estimate from above, events included
  void ClearEffects();

  // ---- reading ----
  const TenantId& tenant() const;
  uint64_t config_revision() const;  // 0: nothing published
  // The newest whole one; null: nothing published. Its agents are left out once they are in the engine's tables.
  std::shared_ptr<const TenantConfig> config() const;
  std::vector<const AgentRevisionRecord*> AgentRevisions() const;  // changes since, by agent
  const ContactRecord* FindContact(const ContactId& contact) const;
  QueueId QueueOf(const ContactRecord& contact) const;
  std::optional<AgentView> FindAgent(const AgentId& agent) const;
  // A page: at most `limit` contacts from `cursor` on (0: from the start); `cursor` moves on, 0 at the end.
  std::vector<const ContactRecord*> ListContacts(uint32_t& cursor, size_t limit) const;
  // A page: the first `limit` agents of the configuration by name after `after`; fewer only at the end.
  std::vector<AgentView> ListAgents(const AgentId& after, size_t limit) const;
  std::vector<QueueCounts> CountsByQueue() const;  // sorted by queue
  size_t live_contacts() const;
  // Entries of the index (agents, contacts, profiles, classes) that decisions have looked at since the engine was made:
  // what they cost, whatever the machine.
  uint64_t looked_at() const;
  // nullopt for a contact that is not live. Costs a look at every profile and at each eligible agent.
  std::optional<ContactExplanation> Explain(const ContactId& contact, Instant now) const;

  // Walks everything and stops the process when something does not fit together. Slow; for tests.
  void CheckInvariants(Instant now) const;

 private:
  std::unique_ptr<EngineCore> core_;
};

}  // namespace meridian
