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
      .With("agent", body.agent())
      .With("queue", body.queue())
      .Say(body.strike() ? "(a strike)" : "")
      .Take();
}

std::string Wrapping(const event::v1::ContactWrapping& body) {
  const bool left = body.cause() == event::v1::ContactWrapping::CAUSE_CUSTOMER_LEFT;
  return Line("wrapping")
      .Say(left ? "the customer left" : "")
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
    case Event::kContactAssigned:
      return Line("assigned")
          .With("agent", event.contact_assigned().agent())
          .With("load", std::to_string(event.contact_assigned().load()) + "/" +
                            std::to_string(event.contact_assigned().capacity()))
          .Take();
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
          .With("grace_until", ClockText(InstantFromProto(event.agent_detached().grace_until())))
          .Take();
    case Event::kAgentWentOffline:
      return "offline";
    case Event::kAgentActivityChanged:
      return Line("activity")
          .Say(event.agent_activity_changed().activity())
          .With("reason", event.agent_activity_changed().reason())
          .Take();
    case Event::kConfigPublished:
      return Line("published").With("revision", static_cast<int64_t>(event.config_published().revision())).Take();
    case Event::BODY_NOT_SET:
      break;
  }
  return "of a kind that this meridianctl does not know";
}

}  // namespace

std::string DecisionText(const routing::v1::Decision& decision) {
  std::string text = EnumText(decision.reason());
  text += ", step " + std::to_string(decision.step()) + ", revision " + std::to_string(decision.config_revision());
  text += " (skill " + std::to_string(decision.skill_score()) + ", language " +
          std::to_string(decision.language_score()) + ", zone " + std::to_string(decision.zone_score()) + ", kind " +
          std::to_string(decision.kind_score()) + ")";
  for (int i = 0; i < decision.runners_up_size(); ++i) {
    text += (i == 0 ? ", before " : ", ") + decision.runners_up(i).agent() + " " +
            std::to_string(decision.runners_up(i).score());
  }
  return text;
}

std::string EventLine(const Event& event) {
  std::string topic = EnumText(event.topic());
  topic.resize(std::max<size_t>(topic.size(), 7), ' ');
  return ClockText(InstantFromProto(event.time())) + "  " + topic + "  " + event.entity() + "  " + BodyText(event);
}

}  // namespace meridian::ctl
