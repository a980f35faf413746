#include "services/meridianctl/verifier/contact_lives.h"

#include <utility>

#include "libs/wire/contact_types.h"
#include "services/meridianctl/verifier/agent_loads.h"

namespace meridian::verifier {
namespace {

using event::v1::Event;

enum class State : uint8_t { kUnknown, kQueued, kOffered, kConnecting, kAssigned, kHeld, kWrapping, kEnded };

std::string_view Name(State state) {
  constexpr std::string_view kNames[] = {"unknown",  "queued", "offered",  "connecting",
                                         "assigned", "held",   "wrapping", "ended"};
  return kNames[static_cast<size_t>(state)];
}

struct Live {
  State state = State::kUnknown;
  std::string channel;
  std::string queue;
  std::string rule;
  Instant place;
  std::string agent;
  std::string token;
  uint32_t units = 0;
  uint64_t revision = 0;  // under which the agent was chosen
  size_t tenure = 0;      // index, with assigned, held and wrapping
  // The assignment that was lost with its agent, until another offer: it may be reclaimed.
  std::string lost_agent;
  std::string lost_token;
  uint32_t lost_units = 0;

  bool HasAgent() const { return State::kOffered <= state && state <= State::kWrapping; }
  bool Talks() const { return state == State::kAssigned || state == State::kHeld; }
};

class Fold {
 public:
  Fold(const admin::v1::TenantConfig& config, bool trimmed, Report& report)
      : report_(report), loads_(config, report), trimmed_(trimmed) {}

  void Take(const Event& event) {
    if (event.topic() == event::v1::TOPIC_CONFIG) return Publish(event);
    if (event.topic() != event::v1::TOPIC_CONTACT || event.has_term_started()) return;
    if (!event.has_contact_queued() && !live_.contains(event.entity())) {
      if (!trimmed_) Violated(Rule::kEventOrder, event, "has no ContactQueued before it");
      return;
    }
    TakeContact(event, live_[event.entity()], lives_.contacts[event.entity()]);
  }

  ContactLives Finish() {
    loads_.Finish();
    report_.Count("contacts", lives_.contacts.size());
    return std::move(lives_);
  }

 private:
  void Violated(Rule rule, const Event& event, const std::string& what) {
    report_.Add(rule, event.entity(),
                what + " (term " + std::to_string(event.term()) + ", event " + std::to_string(event.sequence()) + ")");
  }

  void Publish(const Event& event) {
    if (event.has_config_published()) revisions_.insert(event.config_published().revision());
    if (event.has_agent_revised()) revisions_.insert(event.agent_revised().revision());
  }

  void TakeContact(const Event& event, Live& live, ContactLife& life) {
    if (live.state == State::kEnded) {
      return Violated(Rule::kContactLost, event,
                      event.has_contact_ended() ? "ended a second time" : "has events after its end");
    }
    switch (event.body_case()) {
      case Event::kContactQueued:
        return Queued(event, live, life);
      case Event::kContactRevised:
        return Revised(event, live, life);
      case Event::kContactOffered:
        return Offered(event, live);
      case Event::kContactConnecting:
        if (!Expect(event, live, live.state == State::kOffered, "connecting")) return;
        live.state = State::kConnecting;
        return CheckHolder(event, live, event.contact_connecting().agent(), event.contact_connecting().offer_token());
      case Event::kContactAssigned:
        return Assigned(event, live, life);
      case Event::kContactHeld:
        if (Expect(event, live, live.state == State::kAssigned, "held")) live.state = State::kHeld;
        return;
      case Event::kContactResumed:
        if (Expect(event, live, live.state == State::kHeld, "resumed")) live.state = State::kAssigned;
        return;
      case Event::kContactRequeued:
        return Requeued(event, live);
      case Event::kContactWrapping:
        if (!Expect(event, live, live.Talks(), "wrapping")) return;
        life.completed_tokens.insert(live.token);
        live.state = State::kWrapping;
        return;
      case Event::kContactEnded:
        return Ended(event, live, life);
      default:
        return Violated(Rule::kEventOrder, event, "has an event of no contact's kind");
    }
  }

  // Reports a step that no contact may take; goes on from it all the same where that makes sense.
  bool Expect(const Event& event, const Live& live, bool allowed, const std::string& step) {
    if (!allowed) {
      Violated(Rule::kEventOrder, event, "became " + step + " while it was " + std::string(Name(live.state)));
    }
    return allowed;
  }

  void CheckHolder(const Event& event, const Live& live, const std::string& agent, const std::string& token) {
    if (agent == live.agent && token == live.token) return;
    Violated(
        Rule::kOneAssignment, event,
        "went to " + agent + " by the token " + token + ", while it was held for " + live.agent + " by " + live.token);
  }

  void Queued(const Event& event, Live& live, ContactLife& life) {
    if (!Expect(event, live, live.state == State::kUnknown, "queued")) return;
    const event::v1::ContactQueued& body = event.contact_queued();
    live.state = State::kQueued;
    live.channel = body.channel();
    live.queue = body.queue();
    live.rule = body.rule();
    live.place = InstantFromProto(body.virtual_start());
    life.conversation = body.conversation_id();
    life.latest_place = live.place;
    lives_.submissions.push_back({event.entity(), live.place, InstantFromProto(event.time())});
  }

  // Another line has another order; in the same one the place is kept, however often the contact comes back to it.
  void Revised(const Event& event, Live& live, ContactLife& life) {
    const event::v1::ContactRevised& body = event.contact_revised();
    const Instant place = InstantFromProto(body.virtual_start());
    if (body.queue() == live.queue && body.rule() == live.rule) CheckPlace(event, live, place);
    live.queue = body.queue();
    live.rule = body.rule();
    live.place = place;
    life.latest_place = std::max(life.latest_place, place);
  }

  void CheckPlace(const Event& event, const Live& live, Instant place) {
    if (place <= live.place) return;
    Violated(Rule::kPlaceInLine, event,
             "fell back in its line by " + std::to_string((place - live.place).ToMilliseconds()) + " ms");
  }

  void Offered(const Event& event, Live& live) {
    const event::v1::ContactOffered& body = event.contact_offered();
    CheckDecision(event, body.decision());
    if (live.HasAgent()) {
      return Violated(
          Rule::kOneAssignment, event,
          "was offered to " + body.agent() + " while it was " + std::string(Name(live.state)) + " with " + live.agent);
    }
    live.state = State::kOffered;
    live.agent = body.agent();
    live.token = body.offer_token();
    live.units = body.units();
    live.revision = body.decision().config_revision();
    live.lost_token.clear();
    loads_.Take(live.agent, live.channel, live.units, event.entity(), live.revision);
  }

  void CheckDecision(const Event& event, const routing::v1::Decision& decision) {
    for (const auto& [name, revision] : {std::pair<const char*, uint64_t>("config", decision.config_revision()),
                                         std::pair<const char*, uint64_t>("plan", decision.plan_revision())}) {
      const bool older = trimmed_ && revision > 0 && (revisions_.empty() || revision < *revisions_.begin());
      if (revisions_.contains(revision) || older) continue;
      Violated(Rule::kOneRevision, event,
               std::string("was offered under the ") + name + " revision " + std::to_string(revision) +
                   ", which was not published by then");
    }
  }

  void Assigned(const Event& event, Live& live, ContactLife& life) {
    const event::v1::ContactAssigned& body = event.contact_assigned();
    if (live.state == State::kQueued && !live.lost_token.empty()) {
      Reclaim(live, event.entity());
    } else if (live.Talks() || live.state == State::kWrapping) {
      return Violated(Rule::kOneAssignment, event,
                      "was assigned to " + body.agent() + " while " + live.agent + " had it");
    } else if (!Expect(event, live, live.HasAgent(), "assigned")) {
      return;
    }
    CheckHolder(event, live, body.agent(), body.offer_token());
    live.state = State::kAssigned;
    live.tenure = lives_.tenures.size();
    life.assigned_tokens.insert(body.offer_token());
    lives_.tenures.push_back({body.agent(), life.conversation, InstantFromProto(event.time()), Instant::Never()});
  }

  void Reclaim(Live& live, const std::string& contact) {
    live.agent = live.lost_agent;
    live.token = std::exchange(live.lost_token, {});
    live.units = live.lost_units;
    loads_.Take(live.agent, live.channel, live.units, contact, live.revision);
  }

  void Requeued(const Event& event, Live& live) {
    const event::v1::ContactRequeued& body = event.contact_requeued();
    if (!Expect(event, live, live.HasAgent() && live.state != State::kWrapping, "queued again")) return;
    CheckHolder(event, live, body.agent(), body.offer_token());
    CheckPlace(event, live, InstantFromProto(body.virtual_start()));
    if (body.reason() == type::v1::REQUEUE_REASON_AGENT_LOST && live.Talks()) {
      live.lost_agent = live.agent;
      live.lost_token = live.token;
      live.lost_units = live.units;
    }
    Release(event, live);
    live.state = State::kQueued;
  }

  void Ended(const Event& event, Live& live, ContactLife& life) {
    const event::v1::ContactEnded& body = event.contact_ended();
    const bool completed = body.state() == type::v1::CONTACT_STATE_COMPLETED;
    const bool served = live.Talks() || live.state == State::kWrapping;
    if (completed != served) {
      Violated(
          Rule::kEventOrder, event,
          "became " + type::v1::ContactState_Name(body.state()) + " while it was " + std::string(Name(live.state)));
    }
    if (body.agent() != (live.HasAgent() ? live.agent : "")) {
      Violated(Rule::kOneAssignment, event,
               "ended with agent \"" + body.agent() + "\", while \"" + live.agent + "\" had it");
    }
    if (completed) life.completed_tokens.insert(live.token);
    Release(event, live);
    live.state = State::kEnded;
    life.ended = true;
  }

  void Release(const Event& event, Live& live) {
    if (!live.HasAgent()) return;
    loads_.GiveBack(live.agent, live.channel, live.units);
    if (live.Talks() || live.state == State::kWrapping) {
      lives_.tenures[live.tenure].until = InstantFromProto(event.time());
    }
    live.agent.clear();
    live.token.clear();
  }

  Report& report_;
  AgentLoads loads_;
  const bool trimmed_;
  std::set<uint64_t> revisions_;
  std::map<std::string, Live> live_;
  ContactLives lives_;
};

}  // namespace

ContactLives FoldContacts(const EventsInForce& events, const admin::v1::TenantConfig& config, Report& report) {
  Fold fold(config, events.trimmed, report);
  for (const Event* event : events.events) fold.Take(*event);
  return fold.Finish();
}

}  // namespace meridian::verifier
