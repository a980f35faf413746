#include "services/routing/explain_contact.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <variant>

#include "libs/error/error.h"
#include "libs/store/log_trimmed.h"
#include "libs/wire/contact_types.h"
#include "libs/wire/routing_events.h"
#include "services/routing/views.h"

namespace meridian {
namespace {

constexpr size_t kReadBytes = 1 << 20;

bool IsEnd(const EventBody& body) {
  return std::holds_alternative<ContactCompleted>(body) || std::holds_alternative<ContactAbandoned>(body) ||
         std::holds_alternative<ContactCanceled>(body) || std::holds_alternative<ContactExpired>(body);
}

// One walk through a log; held by the callback that is under way.
struct Walk {
  EventLog* log;
  ShardId shard;
  TenantId tenant;
  ContactId contact;
  std::function<bool()> is_closing;
  absl::AnyInvocable<void(absl::StatusOr<PastOfContact>)> done;
  LogPosition position;
  PastOfContact past;
};

// True when the contact has ended.
absl::StatusOr<bool> Take(Walk& walk, const LogEntry& entry) {
  walk.position = entry.position;
  if (!MayMention(entry.bytes, walk.contact)) return false;
  absl::StatusOr<RoutingLogEntry> decoded = DecodeLogEntry(entry.bytes);
  if (!decoded.ok()) return decoded.status();
  for (LoggedEvent& logged : decoded->events) {
    if (logged.tenant != walk.tenant || logged.event.topic != EventTopic::kContact) continue;
    if (logged.event.contact != walk.contact) continue;
    walk.past.events.push_back(std::move(logged.event));
    if (IsEnd(walk.past.events.back().body)) return true;
  }
  return false;
}

void Read(std::unique_ptr<Walk> walk);

void OnEntries(std::unique_ptr<Walk> walk, absl::StatusOr<std::vector<LogEntry>> entries) {
  if (walk->is_closing()) return walk->done(absl::UnavailableError("the process is shutting down"));
  if (!entries.ok()) {
    const std::optional<LogPosition> oldest = OldestReadable(entries.status());
    if (!oldest || *oldest <= walk->position) return walk->done(entries.status());
    walk->position = *oldest;
    return Read(std::move(walk));
  }
  bool over = entries->empty();
  for (const LogEntry& entry : *entries) {
    const absl::StatusOr<bool> ended = Take(*walk, entry);
    if (!ended.ok()) return walk->done(ended.status());
    over = over || *ended;
  }
  if (over) return walk->done(std::move(walk->past));
  Read(std::move(walk));
}

void Read(std::unique_ptr<Walk> walk) {
  Walk& reading = *walk;
  reading.log->ReadAfter(reading.shard, reading.position, kReadBytes,
                         [walk = std::move(walk)](absl::StatusOr<std::vector<LogEntry>> entries) mutable {
                           OnEntries(std::move(walk), std::move(entries));
                         });
}

// ---- sentences ----

std::string Seconds(Duration duration) {
  const int64_t seconds = std::max<int64_t>(0, duration.ToSeconds());
  if (seconds >= 3600) return std::to_string(seconds / 3600) + " h " + std::to_string(seconds % 3600 / 60) + " min";
  if (seconds >= 60) return std::to_string(seconds / 60) + " min " + std::to_string(seconds % 60) + " s";
  return std::to_string(seconds) + " s";
}

std::string Because(const ContactOffered& offered) {
  switch (offered.decision.reason) {
    case DecisionReason::kBestScore:
      return "the best of the agents who were free and eligible";
    case DecisionReason::kOnlyOne:
      return "the only eligible agent who was free";
    case DecisionReason::kPreferredAgent:
      return "the agent that the contact asked for";
    case DecisionReason::kFreedAgent:
      return "who became free when this contact was first in line";
    case DecisionReason::kLastChoice:
      return "who had let it pass before, because nobody else could take it";
    case DecisionReason::kRestored:
      return "who had it before the store lost the record of why";
    case DecisionReason::kNone:
      break;
  }
  return "for a reason that was not recorded";
}

// What is told of an event; empty for those that say nothing about why.
class Telling {
 public:
  std::string operator()(const ContactQueued& body) const {
    return "It came to queue " + body.queue.value + " by rule " + body.rule + ".";
  }
  std::string operator()(const ContactRevised& body) const {
    return "Its requirement changed; it is in queue " + body.queue.value + " by rule " + body.rule + ".";
  }
  std::string operator()(const ContactOffered& body) const {
    return "After " + Seconds(body.waited) + " it was offered to " + body.agent.value + ", " + Because(body) +
           " at step " + std::to_string(body.decision.step + 1) + " of its rule.";
  }
  std::string operator()(const ContactRequeued& body) const {
    std::string why(ToString(body.reason));
    if (body.rescind_reason != RescindReason::kNone) why += ", " + std::string(ToString(body.rescind_reason));
    std::replace(why.begin(), why.end(), '_', ' ');
    return "It went back in line from " + body.agent.value + " (" + why + ").";
  }
  std::string operator()(const ContactAssigned& body) const {
    return body.agent.value + " took it after " + Seconds(body.waited) + ".";
  }
  std::string operator()(const ContactCompleted& body) const { return Ended("completed", ToString(body.reason)); }
  std::string operator()(const ContactAbandoned& body) const {
    return "The customer left after " + Seconds(body.waited) + ", before an agent was connected.";
  }
  std::string operator()(const ContactCanceled& body) const { return Ended("canceled", ToString(body.reason)); }
  std::string operator()(const ContactExpired&) const { return "It expired: it waited longer than its queue allows."; }
  template <class Other>
  std::string operator()(const Other&) const {
    return "";
  }

 private:
  static std::string Ended(std::string_view how, std::string_view why) {
    std::string reason(why);
    std::replace(reason.begin(), reason.end(), '_', ' ');
    return "It is over: " + std::string(how) + " (" + reason + ").";
  }
};

// "OFFLINE" and such, as the API names them.
std::string FilterName(Criterion criterion) {
  switch (criterion) {
    case Criterion::kChannel:
      return "CHANNEL";
    case Criterion::kSkills:
      return "SKILL";
    case Criterion::kLanguage:
      return "LANGUAGE";
    case Criterion::kKind:
      return "KIND";
    case Criterion::kZone:
      return "ZONE";
    case Criterion::kShift:
      return "OFF_SHIFT";
    case Criterion::kPresence:
      return "OFFLINE";
    case Criterion::kActivity:
      return "AWAY";
    case Criterion::kCoolDown:
      return "COOL_DOWN";
    case Criterion::kCapacity:
      return "CAPACITY";
    case Criterion::kDeclined:
      return "REFUSED";
    case Criterion::kNone:
      break;
  }
  return "";
}

std::string Words(Criterion criterion) {
  switch (criterion) {
    case Criterion::kChannel:
      return "do not take its channel";
    case Criterion::kSkills:
      return "lack a skill that it needs";
    case Criterion::kLanguage:
      return "do not speak its language well enough";
    case Criterion::kKind:
      return "are of another kind";
    case Criterion::kZone:
      return "work in another time zone";
    case Criterion::kShift:
      return "are off shift";
    case Criterion::kPresence:
      return "are not connected";
    case Criterion::kActivity:
      return "are away";
    case Criterion::kCoolDown:
      return "are cooling down";
    case Criterion::kCapacity:
      return "have no capacity left";
    case Criterion::kDeclined:
      return "let it pass a moment ago";
    case Criterion::kNone:
      break;
  }
  return "could take it now";
}

void TellWaiting(const ContactExplanation& explanation, admin::v1::ExplainContactResponse* out) {
  out->add_summary(explanation.text);
  out->add_summary("It is at step " + std::to_string(explanation.step + 1) + " of " +
                   std::to_string(explanation.step_count) + " of rule " + explanation.rule + ", with " +
                   std::to_string(explanation.ahead) + " contacts before it for the same requirement.");
  for (const CriterionCount& count : explanation.counts) {
    out->add_summary(std::to_string(count.agents) + (count.agents == 1 ? " agent: " : " agents: ") +
                     Words(count.criterion) + ".");
    if (count.criterion == Criterion::kNone) {
      out->set_eligible_agents(count.agents);
      continue;
    }
    admin::v1::FilterCount* filtered = out->add_filtered();
    filtered->set_filter(FilterName(count.criterion));
    filtered->set_agents(count.agents);
  }
  out->set_ahead(explanation.ahead);
}

// Of an ended contact, from its events.
class PastStatus {
 public:
  explicit PastStatus(admin::v1::ContactStatus* out) : out_(*out) {}

  void Take(const Event& event) const {
    if (const auto* queued = std::get_if<ContactQueued>(&event.body)) {
      out_.set_conversation_id(queued->spec.conversation.ToString());
      out_.set_channel(queued->spec.channel.value);
      if (!queued->spec.language.empty()) out_.set_language(queued->spec.language.ToString());
      out_.set_queue(queued->queue.value);
      SetTimestamp(event.at, out_.mutable_queued_at());
      SetTimestamp(queued->virtual_start, out_.mutable_virtual_start());
    } else if (const auto* revised = std::get_if<ContactRevised>(&event.body)) {
      if (!revised->language.empty()) out_.set_language(revised->language.ToString());
      out_.set_queue(revised->queue.value);
    } else if (const auto* offered = std::get_if<ContactOffered>(&event.body)) {
      out_.set_step(offered->decision.step);
    } else if (const auto* completed = std::get_if<ContactCompleted>(&event.body)) {
      End(type::v1::CONTACT_STATE_COMPLETED, completed->agent);
    } else if (const auto* abandoned = std::get_if<ContactAbandoned>(&event.body)) {
      End(type::v1::CONTACT_STATE_ABANDONED, abandoned->agent);
    } else if (const auto* canceled = std::get_if<ContactCanceled>(&event.body)) {
      End(type::v1::CONTACT_STATE_CANCELED, canceled->agent);
    } else if (const auto* expired = std::get_if<ContactExpired>(&event.body)) {
      End(type::v1::CONTACT_STATE_EXPIRED, expired->agent);
    }
  }

 private:
  void End(type::v1::ContactState state, const AgentId& agent) const {
    out_.set_state(state);
    out_.set_agent(agent.value);
  }

  admin::v1::ContactStatus& out_;
};

}  // namespace

LiveExplanation ExplainLive(const Engine& engine, const ContactId& contact, Instant now) {
  LiveExplanation live;
  const ContactRecord* record = engine.FindContact(contact);
  if (record == nullptr) return live;
  live.explanation = engine.Explain(contact, now);
  ViewContact(engine, *record, now, &live.status);
  return live;
}

void ReadPast(EventLog* log, ShardId shard, const TenantId& tenant, const ContactId& contact,
              std::function<bool()> is_closing, absl::AnyInvocable<void(absl::StatusOr<PastOfContact>)> done) {
  Read(std::make_unique<Walk>(
      Walk{log, shard, tenant, contact, std::move(is_closing), std::move(done), LogPosition{}, PastOfContact{}}));
}

absl::StatusOr<admin::v1::ExplainContactResponse> Explain(const ContactId& contact, LiveExplanation live,
                                                          PastOfContact past) {
  if (!live.explanation && past.events.empty()) {
    return MakeError(absl::StatusCode::kNotFound, "CONTACT_NOT_FOUND", "neither live nor in the log any more");
  }
  admin::v1::ExplainContactResponse response;
  response.mutable_status()->set_contact_id(contact.ToString());
  const PastStatus status(response.mutable_status());
  for (const Event& event : past.events) {
    status.Take(event);
    std::string sentence = std::visit(Telling(), event.body);
    if (!sentence.empty()) response.add_summary(std::move(sentence));
    const auto* offered = std::get_if<ContactOffered>(&event.body);
    if (offered == nullptr) continue;
    admin::v1::PastDecision* decision = response.add_decisions();
    SetTimestamp(event.at, decision->mutable_time());
    decision->set_agent(offered->agent.value);
    ToProto(offered->decision, decision->mutable_decision());
  }
  // The state of now is the engine's; the log may have gone on since.
  if (live.explanation) {
    *response.mutable_status() = std::move(live.status);
    if (live.explanation->state == ContactState::kQueued) {
      TellWaiting(*live.explanation, &response);
    } else {
      response.add_summary(live.explanation->text);
    }
  }
  return response;
}

}  // namespace meridian
