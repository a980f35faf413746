#include "services/meridianctl/event_line.h"

#include "libs/wire/contact_types.h"
#include "services/meridianctl/console.h"

namespace meridian::ctl {
namespace {

using event::v1::Event;

class Line {
 public:
  explicit Line(std::string what) : text_(std::move(what)) {}
  Line& With(const std::string& name, const std::string& value) {
    if (!value.empty()) text_ += "  " + name + "=" + value;
    return *this;
  }
  Line& With(const std::string& name, int64_t value) { return With(name, std::to_string(value)); }
  Line& Say(const std::string& words) {
    if (!words.empty()) text_ += "  " + words;
    return *this;
  }
  std::string Take() { return std::move(text_); }

 private:
  std::string text_;
};

std::string Queued(const event::v1::ContactQueued& body) {
  return Line("queued")
      .With("queue", body.queue())
      .With("language", body.language())
      .With("channel", body.channel())
      .With("place", ClockText(InstantFromProto(body.virtual_start())))
      .With("conversation", body.conversation_id())
      .Take();
}

std::string Requeued(const event::v1::ContactRequeued& body) {
  return Line("requeued")
      .Say(EnumText(body.reason()))
      .Say(body.rescind_reason())
      .With("agent", body.agent())
      .Say(body.strike() ? "(a strike)" : "")
      .Take();
}

std::string Wrapping(const event::v1::ContactWrapping& body) {
  return Line("wrapping")
      .Say(body.reason())
      .With("agent", body.agent())
      .With("until", body.has_until() ? ClockText(InstantFromProto(body.until())) : "")
      .Take();
}

std::string BodyText(const Event& event) {
  switch (event.body_case()) {
    case Event::kTermStarted:
      return Line("term started").With("after_term", static_cast<int64_t>(event.term_started().previous_term())).Take();
    case Event::kContactQueued:
      return Queued(event.contact_queued());
    case Event::kContactOffered:
      return Line("offered")
          .With("agent", event.contact_offered().agent())
          .Say(DecisionText(event.contact_offered().decision()))
          .Take();
    case Event::kContactConnecting:
      return Line("connecting").With("agent", event.contact_connecting().agent()).Take();
    case Event::kContactAssigned:
      return Line("assigned").With("agent", event.contact_assigned().agent()).Take();
    case Event::kContactRequeued:
      return Requeued(event.contact_requeued());
    case Event::kContactHeld:
      return "held";
    case Event::kContactResumed:
      return "resumed";
    case Event::kContactWrapping:
      return Wrapping(event.contact_wrapping());
    case Event::kContactEnded:
      return Line(EnumText(event.contact_ended().state()))
          .Say(event.contact_ended().reason())
          .With("agent", event.contact_ended().agent())
          .Take();
    case Event::kContactRevised:
      return Line("revised")
          .With("language", event.contact_revised().language())
          .With("queue", event.contact_revised().queue())
          .Take();
    case Event::kAgentAttached:
      return Line("attached").With("activity", event.agent_attached().activity()).Take();
    case Event::kAgentDetached:
      return Line("detached")
          .Say(event.agent_detached().reason())
          .With("grace_until", ClockText(InstantFromProto(event.agent_detached().grace_until())))
          .Take();
    case Event::kAgentWentOffline:
      return Line("offline").Say(event.agent_went_offline().reason()).Take();
    case Event::kAgentActivityChanged:
      return Line("activity").Say(event.agent_activity_changed().activity()).Take();
    case Event::kAgentCoolingDown:
      return Line("cooling down").With("until", ClockText(InstantFromProto(event.agent_cooling_down().until()))).Take();
    case Event::kConfigPublished:
      return Line("published").With("revision", static_cast<int64_t>(event.config_published().revision())).Take();
    case Event::kAgentRevised:
      return Line(event.agent_revised().removed() ? "removed agent" : "changed agent")
          .Say(event.agent_revised().agent())
          .With("revision", static_cast<int64_t>(event.agent_revised().revision()))
          .Take();
    case Event::BODY_NOT_SET:
      break;
  }
  return "of a kind that this meridianctl does not know";
}

}  // namespace

std::string DecisionText(const routing::v1::Decision& decision) {
  std::string text = EnumText(decision.reason());
  text += ", step " + std::to_string(decision.step()) + ", revision " + std::to_string(decision.config_revision());
  text += " (band " + std::to_string(decision.score().band()) + " of score " + std::to_string(decision.static_score()) +
          ", load " + std::to_string(decision.score().load_order()) + ", idle " +
          std::to_string(decision.score().idle_ms() / 1000) + " s)";
  for (int i = 0; i < decision.runners_up_size(); ++i) {
    text += (i == 0 ? ", before band " : ", ") + std::to_string(decision.runners_up(i).score().band());
  }
  return text;
}

std::string EventLine(const Event& event) {
  std::string topic = EnumText(event.topic());
  topic.resize(std::max<size_t>(topic.size(), 7), ' ');
  return ClockText(InstantFromProto(event.time())) + "  " + topic + "  " + event.entity() + "  " + BodyText(event);
}

}  // namespace meridian::ctl
