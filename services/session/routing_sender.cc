#include "services/session/routing_sender.h"

#include <algorithm>
#include <utility>

#include "libs/runtime/refusal.h"
#include "services/session/routing_commands.h"

namespace meridian {

RoutingSender::RoutingSender(RoutingSenderPorts ports) : ports_(std::move(ports)) {
  for (const ShardId& shard : ports_.routing_shards) {
    watches_.push_back(ports_.log->Watch(shard, [this, tasks = ports_.tasks, shard](LogPosition head) {
      tasks->Post([this, shard, head] { NoteHead(shard.number, head); });
    }));
  }
}

void RoutingSender::On(const conversation::EnqueueContact& enqueue) {
  const Request& request = enqueue.request;
  const ContactId& contact = request->spec.id;
  if (!under_way_.insert(contact).second) return;
  const bool again = !sent_.insert(contact).second || request->spec.enqueued_at <= ports_.program().loaded_at();
  if (!again) {
    Enqueue(request);
    return;
  }
  held_.push_back({request, heads_});
  SendAgain();
}

// `done` on the shard's thread.
void RoutingSender::Send(const TenantId& tenant, Command command, Lane lane, RoutingClient::Done<Answer> done) {
  command.session = {ports_.shard.number, ports_.program().term()};
  ports_.routing->Send(tenant, std::move(command), std::nullopt, lane,
                       [this, tasks = ports_.tasks, done = std::move(done)](absl::StatusOr<Answer> answer) mutable {
                         tasks->Post([this, done = std::move(done), answer = std::move(answer)]() mutable {
                           if (answer.ok() && answer->refusal == Refusal::kStaleSession) {
                             ports_.on_stale(answer->session_term);
                           }
                           done(std::move(answer));
                         });
                       });
}

void RoutingSender::Enqueue(const Request& request) {
  Send(request->tenant, ToRoutingCommand(*request), Lane::kNewContacts, [this, request](absl::StatusOr<Answer> answer) {
    Arrived(request->spec.id);
    if (auto answered = ToEnqueueAnswered(*request, answer)) {
      ports_.post(*std::move(answered));
    } else if (NeedsMending(answer.status())) {
      ports_.on_not_taken(request->spec.id, answer.status());
    } else if (ReasonOf(answer.status()) == refusal::kMailboxFull) {
      ports_.on_full(request->tenant);
    }
  });
}

void RoutingSender::On(const conversation::TellRouting& tell) {
  const auto of_contact = [&](const Held& held) { return held.request->spec.id == tell.contact; };
  if (std::erase_if(held_, of_contact) > 0) under_way_.erase(tell.contact);  // not sent, and not asked for any more
  if (under_way_.contains(tell.contact)) {
    untold_.insert_or_assign(tell.contact, tell);
  } else {
    Tell(tell);
  }
}

void RoutingSender::Arrived(const ContactId& contact) {
  under_way_.erase(contact);
  if (auto untold = untold_.extract(contact)) Tell(untold.mapped());
}

void RoutingSender::Tell(const conversation::TellRouting& tell) {
  Send(tell.tenant, ToRoutingCommand(tell), Lane::kLiveWork, [this, tell](absl::StatusOr<Answer> answer) {
    if (auto answered = ToEdgeAnswered(tell, answer)) ports_.post(*answered);
  });
}

void RoutingSender::Revise(LanguageWatch::Revision revision) {
  Command command{conversation::SessionItself(), std::move(revision.command)};
  Send(revision.tenant, std::move(command), Lane::kLiveWork, [](absl::StatusOr<Answer>) {
    // The next text, or nobody, judges again.
  });
}

void RoutingSender::Restart() {
  for (const Held& held : held_) under_way_.erase(held.request->spec.id);
  held_.clear();
  sent_.clear();
  untold_.clear();
}

void RoutingSender::On(const conversation::FollowerAdvanced&) {
  if (!held_.empty()) SendAgain();
}

LogPosition RoutingSender::FollowedTo(uint32_t routing_shard) const {
  const auto followed = ports_.program().core().FollowedTo(routing_shard);
  return followed ? LogPosition{followed->term, followed->number} : LogPosition{};
}

bool RoutingSender::IsPending(const ContactId& contact) const {
  const conversation::ConversationRecord* record = ports_.program().core().FindByContact(contact);
  if (record == nullptr) return false;
  return std::any_of(record->contacts.begin(), record->contacts.end(), [&](const auto& candidate) {
    return candidate.id == contact && candidate.phase == conversation::ContactPhase::kPending;
  });
}

bool RoutingSender::MaySendAgain(Held& held) {
  bool may = true;
  for (const ShardId& shard : ports_.routing_shards) {
    auto until = held.until.find(shard.number);
    if (until == held.until.end()) {
      auto head = heads_.find(shard.number);
      if (head != heads_.end()) until = held.until.insert(*head).first;
    }
    if (until == held.until.end()) Probe(shard);
    may = may && until != held.until.end() && FollowedTo(shard.number) >= until->second;
  }
  return may;
}

void RoutingSender::SendAgain() {
  std::vector<Held> waiting;
  for (Held& held : std::exchange(held_, {})) {
    if (!MaySendAgain(held)) {
      waiting.push_back(std::move(held));
    } else if (IsPending(held.request->spec.id)) {
      Enqueue(held.request);
    } else {
      Arrived(held.request->spec.id);
    }
  }
  std::move(waiting.begin(), waiting.end(), std::back_inserter(held_));
}

// Nothing behind what has been applied: then that is the head. Otherwise the next entry applied asks again.
void RoutingSender::Probe(ShardId routing_shard) {
  if (!probing_.insert(routing_shard.number).second) return;
  const LogPosition from = FollowedTo(routing_shard.number);
  ports_.log->ReadAfter(
      routing_shard, from, 1,
      [this, tasks = ports_.tasks, shard = routing_shard.number, from](absl::StatusOr<std::vector<LogEntry>> entries) {
        const bool nothing = entries.ok() && entries->empty();
        tasks->Post([this, shard, from, nothing] {
          probing_.erase(shard);
          if (nothing) NoteHead(shard, from);
        });
      });
}

void RoutingSender::NoteHead(uint32_t routing_shard, LogPosition head) {
  LogPosition& known = heads_[routing_shard];
  known = std::max(known, head);
  if (!held_.empty()) SendAgain();
}

}  // namespace meridian
