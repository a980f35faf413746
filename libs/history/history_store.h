// The port through which ended work is kept and found: contacts with their timelines, and conversations without their
// texts, which stay with session. Fed from the logs of the routing and session shards (services/history), so it stands
// behind them by what the recorder has not taken yet, and holds live work too, as far as it has come.
//
// Blocking: not for a shard's thread. Apply and Expire from one thread; everything else from any. A failed status says
// what the store said: RESOURCE_EXHAUSTED (no space), PERMISSION_DENIED (read-only), DATA_LOSS, INTERNAL, UNAVAILABLE.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/base/entity_id.h"
#include "libs/base/time.h"
#include "libs/domain/reasons.h"
#include "libs/domain/states.h"
#include "libs/runtime/shard_id.h"

namespace meridian::history {

// What is known of a contact. A contact of which the beginning was not recorded has empty fields.
struct Contact {
  ContactId id;
  ConversationId conversation;
  CustomerId customer;
  std::string channel;
  std::string queue;     // the last one
  std::string rule;      // that chose it
  std::string language;  // BCP 47, as last judged
  std::string country;
  std::string agent;  // who had it last
  uint32_t offers = 0;
  std::optional<Instant> queued_at;
  std::optional<Instant> assigned_at;          // for the first time
  std::optional<Instant> ended_at;             // unset while it lives
  ContactState state = ContactState::kQueued;  // the one in which it ended; without meaning while it lives
  std::string reason;                          // why it ended, as events spell it

  friend bool operator==(const Contact&, const Contact&) = default;
};

// What is known of a conversation.
struct Conversation {
  ConversationId id;
  CustomerId customer;
  uint32_t contacts = 0;           // submitted under it, refused ones included
  uint32_t refused_contacts = 0;   // that routing refused, or did not answer for
  uint32_t customer_messages = 0;  // of the customer
  uint32_t other_messages = 0;     // of agents, bots and the tenant itself
  std::optional<Instant> opened_at;
  std::optional<Instant> closed_at;  // unset while it is open
  std::string reason;                // why it was closed: "expired" or "closed_by_customer"

  friend bool operator==(const Conversation&, const Conversation&) = default;
};

// What an entry of a log adds to one contact: set fields replace, counts and the timeline are added.
struct ContactUpdate {
  TenantId tenant;
  ContactId id;
  std::optional<ConversationId> conversation;
  std::optional<CustomerId> customer;
  std::optional<std::string> channel, queue, rule, language, country, agent, reason;
  std::optional<Instant> queued_at;
  std::optional<Instant> assigned_at;  // kept when there is one already
  std::optional<Instant> ended_at;
  std::optional<ContactState> state;
  uint32_t offers = 0;
  std::string timeline;  // its events (timeline.h)

  // Adds what came later.
  void Absorb(ContactUpdate later);
};

struct ConversationUpdate {
  TenantId tenant;
  ConversationId id;
  std::optional<CustomerId> customer;
  std::optional<Instant> opened_at;
  std::optional<Instant> closed_at;
  std::optional<std::string> reason;
  uint32_t contacts = 0;
  uint32_t refused_contacts = 0;
  uint32_t customer_messages = 0;
  uint32_t other_messages = 0;

  void Absorb(ConversationUpdate later);
};

// What several entries of several logs add, and how far the logs were read.
struct Batch {
  struct Progress {
    ShardId source;
    LogPosition from;  // the stored position of the source; ignored when there is none
    LogPosition to;
  };
  std::vector<Progress> progress;                 // one per source
  std::vector<ContactUpdate> contacts;            // one per contact
  std::vector<ConversationUpdate> conversations;  // one per conversation
};

// Which ended contacts or closed conversations, newest first. Empty fields do not restrict.
struct Filter {
  std::optional<Instant> ended_from;    // inclusive
  std::optional<Instant> ended_before;  // exclusive
  std::string queue;                    // contacts only, as `agent` and `channel`
  std::string agent;
  std::string channel;
  std::optional<CustomerId> customer;
};

// A page. It looks at no more than kMaxLookedAt entries for those that the filter lets through: it may be short, or
// empty, before the end.
template <typename T>
struct Page {
  static constexpr size_t kMaxLookedAt = 10000;
  std::vector<T> items;
  std::string next;  // for the next call; empty: this was the last page
};

struct ContactWithTimeline {
  Contact contact;
  std::string timeline;  // timeline.h
};

class HistoryStore {
 public:
  virtual ~HistoryStore() = default;

  // How far the source's log was read; nullopt before its first batch.
  virtual absl::StatusOr<std::optional<LogPosition>> Position(ShardId source) = 0;
  // All of it or nothing, and durable when it is OK. ABORTED when a `from` is not the stored position.
  virtual absl::Status Apply(const Batch& batch) = 0;
  // Removes contacts that ended and conversations that were closed before `before`, at most `limit` of each; how many.
  // Less than `limit`: nothing of that age is left.
  virtual absl::StatusOr<size_t> Expire(Instant before, size_t limit) = 0;

  virtual absl::StatusOr<std::optional<ContactWithTimeline>> FindContact(const TenantId& tenant,
                                                                         const ContactId& contact) = 0;
  virtual absl::StatusOr<std::optional<Conversation>> FindConversation(const TenantId& tenant,
                                                                       const ConversationId& conversation) = 0;
  // All contacts of a conversation, the oldest first, at most 1,000.
  virtual absl::StatusOr<std::vector<Contact>> ContactsOf(const TenantId& tenant,
                                                          const ConversationId& conversation) = 0;
  // INVALID_ARGUMENT for a `page` that no earlier call gave.
  virtual absl::StatusOr<Page<Contact>> EndedContacts(const TenantId& tenant, const Filter& filter, size_t page_size,
                                                      const std::string& page) = 0;
  virtual absl::StatusOr<Page<Conversation>> ClosedConversations(const TenantId& tenant, const Filter& filter,
                                                                 size_t page_size, const std::string& page) = 0;
};

}  // namespace meridian::history
