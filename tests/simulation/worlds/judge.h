// Says what a world did wrong. It sees what an outsider can (the log's public events as they became durable, what was
// acknowledged to whom, messages), from which the verifier of `meridianctl events verify` judges at the end; and, at
// each step, who owns a shard and what the store took from whom. It knows the true time of what happened, and judges by
// it where an outsider has only the shards' own.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "libs/base/entity_id.h"
#include "libs/runtime/event_log.h"
#include "libs/runtime/shard_leases.h"
#include "libs/runtime/shard_store.h"
#include "services/meridianctl/verifier/contact_lives.h"
#include "services/meridianctl/verifier/evidence.h"
#include "services/meridianctl/verifier/report.h"
#include "tests/simulation/worlds/mix.h"
#include "tests/simulation/worlds/schedule.h"

namespace meridian::worlds {

class Judge {
 public:
  Judge(Schedule& schedule, Duration keep_closed) : schedule_(schedule), keep_closed_(keep_closed) {}

  // ---- from inside ----
  void LeaseGiven(ShardId shard, const std::string& owner);
  void TermGiven(ShardId shard, const std::string& owner, const TermGrant& grant);
  // The store's head moved by a commit of this owner.
  void Committed(const CommitRequest& request, const std::string& owner);
  // Of a shard's last commits: what was erased may be there again.
  void TailLost() { tail_lost_ = true; }
  // An answer that rests on the shard's state left its owner.
  void Answered(ShardId shard, const std::string& owner);
  void Violated(const std::string& what);

  // ---- from outside ----
  // An entry of the routing shard's log became durable now.
  void Logged(const LogEntry& entry);
  verifier::Journal& journal() { return evidence_.journal; }
  verifier::Evidence& evidence() { return evidence_; }
  void ReadBack(const ConversationId& conversation, std::vector<type::v1::Message> messages);
  // The platform does not know it: it was erased, and is judged by what it was then, or is lost.
  void NotThere(const ConversationId& conversation);
  // `log`: all that it holds at the end; where tails are lost, it may lack what was seen of it before.
  void Verify(const std::vector<LogEntry>& log, const Mix& mix);

  const std::vector<std::string>& violations() const { return violations_; }
  uint64_t commits() const { return commits_; }

 private:
  struct Owned {
    std::string lease;
    uint64_t term = 0;
    std::string term_owner;
    std::map<uint64_t, std::string> owner_of_term;
  };

  using EventId = std::tuple<int, uint64_t, uint64_t>;  // topic, term, sequence
  struct Seen {
    std::string bytes;
    Instant at;
  };

  // Of a conversation: what the store took of it.
  struct Kept {
    std::map<uint64_t, type::v1::Message> messages;  // by number
    std::optional<Instant> closed;                   // by the shard's time
    uint64_t last_number = 0;                        // when it closed
    bool erased = false;                             // has begun to be
  };

  Instant TrueNow() const;
  void MessageStored(const Record& record);
  void Closed(const Record& record, Instant now);
  void Deleted(const RecordKey& key, Instant now);
  std::vector<event::v1::Event> EventsOf(const LogEntry& entry);
  // Agents' times with contacts by all events that were ever in force, those lost with a tail included.
  std::vector<verifier::Tenure> TenuresOnceSeen() const;
  void Report(const verifier::Report& report);

  Schedule& schedule_;
  const Duration keep_closed_;
  std::map<ShardId, Owned> owned_;
  std::map<EventId, Seen> seen_;
  std::vector<EventId> order_;              // in which they were seen
  std::map<std::string, Instant> written_;  // messages: when they first became durable
  std::map<std::string, Kept> kept_;        // by ConversationKey
  verifier::Evidence evidence_;
  std::vector<std::string> violations_;
  uint64_t commits_ = 0;
  bool tail_lost_ = false;
};

}  // namespace meridian::worlds
