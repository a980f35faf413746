// Carries what the core has for routing to it, and the answers back to the core. What is not answered the core asks to
// send again. The shard's thread.
//
// Routing knows an enqueued contact by its id only while it lives. So that a contact which was queued, served and ended
// while its answer was lost is not queued a second time, it is sent again only when no earlier sending is under way and
// everything that routing's log held when the core asked has been applied here: had the contact been queued, the core
// would know and the contact not be pending any more.
//
// Nor may a process that stood still queue it again after its successor: each command bears the shard's term, and
// routing refuses an earlier one than it has heard of.
//
// What is told of a contact never overtakes its enqueueing, which takes the slower lane: it waits until no sending is
// under way.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "absl/status/status.h"
#include "libs/conversation/effects.h"
#include "libs/runtime/completion_queue.h"
#include "libs/runtime/event_log.h"
#include "services/routing/routing_client.h"
#include "services/session/language_watch.h"
#include "services/session/session_program.h"

namespace meridian {

struct RoutingSenderPorts {
  RoutingClient* routing = nullptr;
  EventLog* log = nullptr;
  ShardId shard;                        // that sends
  std::vector<ShardId> routing_shards;  // whose logs the shard follows
  std::function<const SessionProgram&()> program;
  std::function<void(conversation::Command)> post;  // to the shard; may be refused
  // Routing cannot take the contact before something is mended. It is sent again all the same.
  std::function<void(const ContactId&, const absl::Status& why)> on_not_taken;
  // Routing has no room for a contact of the tenant. It is sent again.
  std::function<void(const TenantId&)> on_full;
  // Routing has heard of this later term of the shard, and refuses what is sent under an earlier one.
  std::function<void(uint64_t term)> on_stale;
  std::shared_ptr<CompletionQueue> tasks;  // of the shard's thread
};

class RoutingSender {
 public:
  explicit RoutingSender(RoutingSenderPorts ports);

  void On(const conversation::EnqueueContact& enqueue);
  void On(const conversation::TellRouting& tell);
  void On(const conversation::ContactAcknowledged& acknowledged) { sent_.erase(acknowledged.contact); }
  void On(const conversation::FollowerAdvanced& advanced);
  void Revise(LanguageWatch::Revision revision);
  // The shard was loaded anew: what it had asked for, it asks again.
  void Restart();

 private:
  using Request = std::shared_ptr<const conversation::EnqueueRequest>;
  struct Held {
    Request request;
    std::map<uint32_t, LogPosition> until;  // by routing shard; what is missing is not known yet
  };

  void Send(const TenantId& tenant, Command command, Lane lane, RoutingClient::Done<Answer> done);
  void Enqueue(const Request& request);
  void Tell(const conversation::TellRouting& tell);
  // No enqueueing of the contact is under way any more.
  void Arrived(const ContactId& contact);
  void SendAgain();
  bool MaySendAgain(Held& held);
  LogPosition FollowedTo(uint32_t routing_shard) const;
  void Probe(ShardId routing_shard);
  void NoteHead(uint32_t routing_shard, LogPosition head);
  bool IsPending(const ContactId& contact) const;

  const RoutingSenderPorts ports_;
  std::unordered_set<ContactId> under_way_;  // sent and not answered, or held
  std::unordered_set<ContactId> sent_;       // since the last load, not acknowledged
  std::vector<Held> held_;
  std::unordered_map<ContactId, conversation::TellRouting> untold_;  // the newest edge of each that is under way
  std::map<uint32_t, LogPosition> heads_;                            // newest known entries of routing's logs
  std::unordered_set<uint32_t> probing_;
  std::vector<std::unique_ptr<EventLog::Subscription>> watches_;
};

}  // namespace meridian
