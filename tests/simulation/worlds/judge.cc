#include "tests/simulation/worlds/judge.h"

#include <algorithm>
#include <utility>

#include "libs/conversation/records.h"
#include "libs/runtime/shard_time_record.h"
#include "libs/wire/contact_types.h"
#include "libs/wire/log_entry.h"
#include "libs/wire/messages.h"
#include "libs/wire/routing_events.h"
#include "libs/wire/session_records.h"
#include "services/meridianctl/verifier/conversation_check.h"
#include "services/meridianctl/verifier/event_order.h"
#include "tests/simulation/worlds/tenant.h"
#include "tests/simulation/worlds/world_clock.h"

namespace meridian::worlds {

namespace {

// Whose message it is, however often it became durable: a message that was lost with a tail and sent again is the same.
// What the system writes has no number of its author's, and is known by its place.
std::string Identity(const std::string& conversation, const std::string& author, uint64_t client_number,
                     uint64_t number) {
  if (client_number == 0) return conversation + " " + std::to_string(number);
  return conversation + " " + author + " " + std::to_string(client_number);
}

}  // namespace

Instant Judge::TrueNow() const { return kWorldBegan + schedule_.now(); }

void Judge::Violated(const std::string& what) {
  schedule_.Note("judge", what);
  violations_.push_back(what);
}

void Judge::LeaseGiven(ShardId shard, const std::string& owner) { owned_[shard].lease = owner; }

void Judge::TermGiven(ShardId shard, const std::string& owner, const TermGrant& grant) {
  Owned& owned = owned_[shard];
  if (grant.term <= owned.term) {
    Violated("term " + std::to_string(grant.term) + " of " + shard.ToString() + " was given after " +
             std::to_string(owned.term));
  }
  owned.term = grant.term;
  owned.term_owner = owner;
}

void Judge::Committed(const CommitRequest& request, const std::string& owner) {
  ++commits_;
  if (request.shard.kind == ShardKind::kSession) {
    ShardTimeRecord time;
    for (const Record& record : request.puts) {
      if (record.key.table == ShardTimeRecord::kTable && !time.Restore(record).ok())
        Violated("the time cannot be read");
    }
    for (const Record& record : request.puts) {
      if (record.key.table == conversation::kMessageTable) MessageStored(record);
      if (record.key.table == conversation::kEndedTable) Closed(record, time.now);
    }
    for (const RecordKey& key : request.deletes) Deleted(key, time.now);
  }
  const Owned& owned = owned_[request.shard];
  if (request.term < owned.term || owner != owned.term_owner) {
    Violated("commit " + std::to_string(request.number) + " of " + request.shard.ToString() + " was taken from " +
             owner + " under term " + std::to_string(request.term) + ", while " + owned.term_owner + " owned term " +
             std::to_string(owned.term));
  }
}

void Judge::MessageStored(const Record& record) {
  const auto decoded = DecodeMessage(record.value);
  if (!decoded.ok()) return Violated("a message cannot be read: " + std::string(decoded.status().message()));
  const conversation::Message& message = decoded->message;
  const std::string id = decoded->conversation.ToString();
  written_.try_emplace(Identity(id, message.author.agent.value, message.client_number, message.number), TrueNow());
  Kept& kept = kept_[conversation::ConversationKey(decoded->conversation)];
  if (kept.erased && !tail_lost_) Violated("a message was added to " + id + ", which is being erased");
  kept.messages[message.number] = ToProto(message);
}

void Judge::Closed(const Record& record, Instant now) {
  const auto decoded = DecodeConversation(record.value);
  if (!decoded.ok()) return Violated("an ended conversation cannot be read");
  Kept& kept = kept_[record.key.key];
  kept.closed = now;
  kept.last_number = decoded->last_number;
  kept.erased = false;
}

void Judge::Deleted(const RecordKey& key, Instant now) {
  const bool message = key.table == conversation::kMessageTable;
  if (!message && key.table != conversation::kEndedTable) return;
  Kept& kept = kept_[key.key.substr(0, sizeof(Uuid))];
  if (!kept.closed || *kept.closed + keep_closed_ > now) {
    Violated("a conversation was erased before its time");
  }
  if (message && !kept.erased && !tail_lost_)
    Violated("a message was erased of a conversation that can still be found");
  kept.erased = true;
}

void Judge::Answered(ShardId shard, const std::string& owner) {
  const std::string& holder = owned_[shard].lease;
  if (holder != owner) Violated(owner + " answered for " + shard.ToString() + ", which " + holder + " owns");
}

std::vector<event::v1::Event> Judge::EventsOf(const LogEntry& entry) {
  std::vector<event::v1::Event> events;
  const auto decoded = DecodeLogEntry(entry.bytes);
  if (!decoded.ok()) {
    Violated("a log entry cannot be read: " + std::string(decoded.status().message()));
    return events;
  }
  for (const LoggedEvent& logged : decoded->events) {
    event::v1::Event event;
    if (ToPublicEvent(logged.tenant, decoded->region, logged.event, &event)) events.push_back(std::move(event));
  }
  return events;
}

void Judge::Logged(const LogEntry& entry) {
  for (const event::v1::Event& event : EventsOf(entry)) {
    const EventId id{event.topic(), event.term(), event.sequence()};
    if (seen_.try_emplace(id, Seen{event.SerializeAsString(), TrueNow()}).second) {
      order_.push_back(id);
    } else {
      Violated("event " + std::to_string(event.sequence()) + " of term " + std::to_string(event.term()) +
               " came twice");
    }
  }
}

void Judge::ReadBack(const ConversationId& conversation, std::vector<type::v1::Message> messages) {
  for (type::v1::Message& message : messages) {
    const auto written =
        written_.find(Identity(conversation.ToString(), message.author(), message.client_number(), message.number()));
    if (written != written_.end()) SetTimestamp(written->second, message.mutable_sent_at());
  }
  evidence_.conversations[conversation.ToString()] = std::move(messages);
}

void Judge::NotThere(const ConversationId& id) {
  const Kept& kept = kept_[conversation::ConversationKey(id)];
  if (!kept.erased) {
    evidence_.missing_conversations.push_back(id.ToString());
    return;
  }
  std::vector<type::v1::Message> messages;
  for (const auto& [number, message] : kept.messages) {
    if (number <= kept.last_number) messages.push_back(message);
  }
  ReadBack(id, std::move(messages));
}

void Judge::Verify(const std::vector<LogEntry>& log, const Mix& mix) {
  for (const LogEntry& entry : log) {
    for (event::v1::Event& event : EventsOf(entry)) evidence_.events.push_back(std::move(event));
  }
  verifier::Report in_order;
  CheckEventOrder(evidence_.events, in_order);
  Report(in_order);
  size_t known = 0;
  for (event::v1::Event& event : evidence_.events) {
    const auto seen = seen_.find({event.topic(), event.term(), event.sequence()});
    if (seen == seen_.end() || seen->second.bytes != event.SerializeAsString()) {
      Violated("event " + std::to_string(event.sequence()) + " of term " + std::to_string(event.term()) +
               " is not what was seen when it became durable");
      continue;
    }
    ++known;
    SetTimestamp(seen->second.at, event.mutable_time());
  }
  if (known < seen_.size() && !mix.may_lose_tail) Violated("events that had been seen are gone");
  evidence_.config = Config();
  verifier::Report report;
  verifier::Report again;
  const verifier::EventsInForce events = CheckEventOrder(evidence_.events, again);
  verifier::ContactLives lives = FoldContacts(events, evidence_.config, report);
  lives.submissions.clear();  // by which the verifier guesses how far the shards' clocks are apart
  verifier::Expectations expectations{.all_ended = true};
  if (mix.may_lose_tail) {
    // Who wrote while a tail was in force had the contact, though the log no longer says so; and where a tail was lost,
    // an agent's work begins anew a while after it had begun, and nobody was told to stop.
    for (verifier::Tenure& tenure : TenuresOnceSeen()) lives.tenures.push_back(std::move(tenure));
    expectations.grant_slack = Duration::Seconds(8);
  }
  // The session hears of a grant's end as late as it stands still, and its store is slow.
  if (mix.freeze_every > Duration::Zero()) {
    expectations.grant_slack = std::max(expectations.grant_slack, mix.longest_freeze + Duration::Seconds(2));
  }
  if (mix.slow_store > 0) expectations.grant_slack = expectations.grant_slack + mix.slowest_store * 2;
  CheckAcknowledged(lives, evidence_.journal, expectations, events.trimmed, report);
  CheckConversations(evidence_, lives, events.trimmed, expectations, report);
  Report(report);
}

std::vector<verifier::Tenure> Judge::TenuresOnceSeen() const {
  std::vector<event::v1::Event> events(order_.size());
  verifier::EventsInForce in_force;
  for (size_t i = 0; i < order_.size(); ++i) {
    const Seen& seen = seen_.at(order_[i]);
    events[i].ParseFromString(seen.bytes);
    SetTimestamp(seen.at, events[i].mutable_time());
    in_force.events.push_back(&events[i]);
  }
  verifier::Report of_what_was_lost;  // its steps need not follow each other
  return FoldContacts(in_force, evidence_.config, of_what_was_lost).tenures;
}

void Judge::Report(const verifier::Report& report) {
  for (const verifier::Violation& violation : report.violations()) {
    Violated(std::string(ToString(violation.rule)) + ": " + violation.subject + " " + violation.what);
  }
}

}  // namespace meridian::worlds
