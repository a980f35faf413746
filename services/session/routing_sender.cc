#include "services/session/routing_sender.h"

#include <algorithm>
#include <utility>

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
    Send(request);
    return;
  }
  held_.push_back({request, heads_});
  SendAgain();
}

void RoutingSender::Send(const Request& request) {
  ports_.routing->Send(request->tenant, ToRoutingCommand(*request), std::nullopt, Lane::kNewContacts,
                       [this, tasks = ports_.tasks, request](absl::StatusOr<Answer> answer) {
                         tasks->Post([this, request, answer = std::move(answer)] {
                           Arrived(request->spec.id);
                           if (auto answered = ToEnqueueAnswered(*request, answer)) {
                             ports_.post(*std::move(answered));
                           } else if (NeedsMending(answer.status())) {
                             ports_.on_not_taken(request->spec.id, answer.status());
                           }
                         });
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
  ports_.routing->Send(tell.tenant, ToRoutingCommand(tell), std::nullopt, Lane::kLiveWork,
                       [this, tasks = ports_.tasks, tell](absl::StatusOr<Answer> answer) {
                         auto answered = ToEdgeAnswered(tell, answer);
                         if (!answered) return;
                         tasks->Post([this, answered = *answered] { ports_.post(answered); });
                       });
}

void RoutingSender::Revise(LanguageWatch::Revision revision) {
  Command command{conversation::SessionItself(), std::move(revision.command)};
  ports_.routing->Send(revision.tenant, std::move(command), std::nullopt, Lane::kLiveWork, [](absl::StatusOr<Answer>) {
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
      Send(held.request);
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
