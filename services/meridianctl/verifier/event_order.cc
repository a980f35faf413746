#include "services/meridianctl/verifier/event_order.h"

#include <map>
#include <string>
#include <tuple>
#include <utility>

#include "libs/wire/contact_types.h"

namespace meridian::verifier {
namespace {

using event::v1::Event;

std::string TopicName(const Event& event) { return event::v1::Topic_Name(event.topic()); }

std::string IdText(const Event& event) {
  return "event " + std::to_string(event.sequence()) + " of term " + std::to_string(event.term());
}

class OrderCheck {
 public:
  explicit OrderCheck(Report& report) : report_(report) {}

  void Take(const Event& event) {
    auto [seen, fresh] = by_id_.try_emplace({event.topic(), event.term(), event.sequence()}, kept_.size());
    if (!fresh) return CheckRepeat(*kept_[seen->second].event, event);
    kept_.push_back({&event, true});
    Topic& topic = topics_[event.topic()];
    if (topic.term == 0) return Begin(event, topic);
    if (event.term() > topic.term) return BeginTerm(event, topic);
    if (event.term() < topic.term) return Refuse(event, "came after term " + std::to_string(topic.term) + " had begun");
    if (event.sequence() < topic.last) {
      return Refuse(event, "came after event " + std::to_string(topic.last));
    }
    if (event.sequence() > topic.last + 1) {
      Violated(event, "follows event " + std::to_string(topic.last) + ": " +
                          std::to_string(event.sequence() - topic.last - 1) + " are missing");
    }
    if (event.has_term_started()) Violated(event, "says TermStarted, which only the first event of a term may");
    topic.last = event.sequence();
  }

  EventsInForce Finish() {
    EventsInForce result;
    result.trimmed = trimmed_;
    for (const Kept& kept : kept_) {
      if (kept.in_force) result.events.push_back(kept.event);
    }
    CheckEntities(result.events);
    CheckTime(result.events);
    if (trimmed_) report_.Remark("the stream does not begin with the first event: older ones were trimmed");
    if (voided_ > 0) report_.Remark(std::to_string(voided_) + " events were voided by the term that followed them");
    report_.Count("events", result.events.size());
    report_.Count("terms", terms_);
    return result;
  }

 private:
  struct Topic {
    uint64_t term = 0;
    uint64_t last = 0;
  };
  struct Kept {
    const Event* event;
    bool in_force;
  };

  void Violated(const Event& event, const std::string& what) {
    report_.Add(Rule::kEventOrder, TopicName(event), IdText(event) + " " + what);
  }
  // The event stays out of all that is folded.
  void Refuse(const Event& event, const std::string& what) {
    Violated(event, what);
    kept_.back().in_force = false;
  }

  void CheckRepeat(const Event& first, const Event& again) {
    if (first.SerializeAsString() != again.SerializeAsString()) Violated(again, "exists with two contents");
  }

  void Begin(const Event& event, Topic& topic) {
    const bool first = event.has_term_started() && event.sequence() == 1 && event.term_started().previous_term() == 0;
    if (!first) trimmed_ = true;
    topic = {event.term(), event.sequence()};
    CountTerm(event);
  }

  void BeginTerm(const Event& event, Topic& topic) {
    const Topic previous = std::exchange(topic, {event.term(), event.sequence()});
    CountTerm(event);
    if (event.sequence() != 1 || !event.has_term_started()) {
      return Violated(event, "begins a term, but is not TermStarted with sequence 1");
    }
    const event::v1::TermStarted& started = event.term_started();
    if (started.previous_term() != previous.term) {
      return Violated(event, "names term " + std::to_string(started.previous_term()) +
                                 " as the one before, which was " + std::to_string(previous.term));
    }
    const uint64_t last = started.previous_last_sequence();
    if (last > previous.last) {
      Violated(event, "says that the term before ended with event " + std::to_string(last) +
                          ", but the last seen was " + std::to_string(previous.last));
    }
    for (uint64_t sequence = last + 1; sequence <= previous.last; ++sequence) {
      auto beyond = by_id_.find({event.topic(), previous.term, sequence});
      if (beyond == by_id_.end() || !kept_[beyond->second].in_force) continue;
      kept_[beyond->second].in_force = false;
      ++voided_;
    }
  }

  void CountTerm(const Event& event) {
    if (event.topic() == event::v1::TOPIC_CONTACT) ++terms_;
  }

  void CheckEntities(const std::vector<const Event*>& events) {
    std::map<std::pair<int, std::string>, uint64_t> revisions;
    for (const Event* event : events) {
      if (event->has_term_started()) {
        if (event->entity_revision() != 0) Violated(*event, "is TermStarted with an entity revision");
        continue;
      }
      auto [known, first] = revisions.try_emplace({event->topic(), event->entity()}, 0);
      const uint64_t expected = known->second + 1;
      if (event->entity_revision() != expected && !(first && trimmed_)) {
        report_.Add(Rule::kEventOrder, event->entity(),
                    "has revision " + std::to_string(event->entity_revision()) + " where " + std::to_string(expected) +
                        " should follow (" + IdText(*event) + ")");
      }
      known->second = event->entity_revision();
    }
  }

  void CheckTime(const std::vector<const Event*>& events) {
    Instant last;
    for (const Event* event : events) {
      const Instant at = InstantFromProto(event->time());
      if (at < last) Violated(*event, "is older than the event before it in the stream");
      last = at;
    }
  }

  Report& report_;
  std::map<int, Topic> topics_;
  std::map<std::tuple<int, uint64_t, uint64_t>, size_t> by_id_;
  std::vector<Kept> kept_;
  bool trimmed_ = false;
  uint64_t terms_ = 0;
  uint64_t voided_ = 0;
};

}  // namespace

EventsInForce CheckEventOrder(const std::vector<Event>& events, Report& report) {
  OrderCheck check(report);
  for (const Event& event : events) check.Take(event);
  return check.Finish();
}

}  // namespace meridian::verifier
