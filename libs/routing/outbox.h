// What gathers until the shard loop takes the batch: events with their sequence numbers, messages, and which records
// changed. The shard's thread only.
#pragma once

#include <cstdint>
#include <set>
#include <utility>
#include <vector>

#include "libs/base/time.h"
#include "libs/routing/effects.h"
#include "libs/routing/records.h"

namespace meridian {

// What a record and its key take at most, encoded.
size_t EncodedBytes(const ContactRecord& contact);
inline constexpr size_t kAgentRecordBytes = 512;
inline constexpr size_t kOtherRecordBytes = 256;

class Outbox {
 public:
  // ---- what holds for everything emitted until the next call ----
  void SetContext(CommandOrigin origin, Instant now) {
    origin_ = std::move(origin);
    now_ = now;
  }
  Instant now() const { return now_; }

  StreamHead& head() { return head_; }
  const StreamHead& head() const { return head_; }

  void EmitContact(ContactRecord& contact, uint64_t config_revision, EventBody body);
  void EmitAgent(AgentRecord& agent, uint64_t config_revision, EventBody body);
  void EmitConfig(uint64_t config_revision, EventBody body);
  void EmitFact(const ContactRecord& contact, uint64_t config_revision, EventBody body);
  // Begins a term: sequences start anew on each topic.
  void StartTerm(uint64_t term);
  // Forgets what gathered; the head stays.
  void Clear();
  // To whoever holds the agent's connection; nothing when the agent is not attached.
  void Send(const AgentRecord& agent, GatewayMessageBody body);

  // Of what changed, without configurations that were published. A contact that ended counts once: each was changed.
  size_t record_count() const {
    return changed_contacts.size() + changed_agents.size() + dropped_configs.size() + changed_revisions.size() +
           dropped_revisions.size() + (head_changed ? 1 : 0);
  }

  std::vector<Event> events;
  std::vector<GatewayMessage> messages;
  std::vector<uint32_t> changed_contacts;  // each once, perhaps ended since
  std::vector<uint32_t> changed_agents;    // each once
  std::vector<ContactId> ended_contacts;
  std::vector<uint64_t> dropped_configs;
  std::set<AgentId> changed_revisions;
  std::set<AgentId> dropped_revisions;
  bool head_changed = false;
  size_t bytes = 0;  // of the changed records and the events, estimated from above

 private:
  Event& Emit(EventTopic topic, uint64_t& sequence, uint64_t config_revision, EventBody body);

  CommandOrigin origin_;
  Instant now_;
  StreamHead head_;
};

}  // namespace meridian
