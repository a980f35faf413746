#include <map>
#include <string>

#include "services/meridianctl/verifier/contact_lives.h"

namespace meridian::verifier {
namespace {

class AcknowledgedCheck {
 public:
  AcknowledgedCheck(const ContactLives& lives, bool trimmed, Report& report)
      : lives_(lives), trimmed_(trimmed), report_(report) {}

  void Judge(const Submitted& submitted, const Expectations& expectations) {
    auto [request, fresh] = contact_of_.try_emplace(submitted.request_id, submitted.contact_id);
    if (!fresh && request->second != submitted.contact_id) {
      report_.Add(Rule::kContactLost, submitted.contact_id,
                  "and " + request->second + " were both acknowledged for the request " + submitted.request_id);
    }
    const ContactLife* life = Find(submitted.contact_id, "was acknowledged (request " + submitted.request_id + ")");
    if (life == nullptr) return;
    if (life->conversation != submitted.conversation_id) {
      report_.Add(Rule::kContactLost, submitted.contact_id,
                  "was acknowledged in the conversation " + submitted.conversation_id + ", and queued in " +
                      life->conversation);
    }
    if (expectations.all_ended && !life->ended) report_.Add(Rule::kContactLost, submitted.contact_id, "has no end");
  }

  void Judge(const Commanded& command) {
    switch (command.kind) {
      case Commanded::Kind::kAccept: {
        const ContactLife* life = Find(command.contact_id, "was accepted by " + command.agent);
        if (life == nullptr || life->assigned_tokens.contains(command.offer_token)) return;
        return report_.Add(Rule::kOneAssignment, command.contact_id,
                           "was accepted by " + command.agent + " with the token " + command.offer_token +
                               ", under which it was never assigned");
      }
      case Commanded::Kind::kComplete: {
        const ContactLife* life = Find(command.contact_id, "was completed by " + command.agent);
        if (life == nullptr || life->completed_tokens.contains(command.offer_token)) return;
        return report_.Add(Rule::kContactLost, command.contact_id,
                           "was completed by " + command.agent + ", of which there is no event");
      }
      case Commanded::Kind::kCancel: {
        const ContactLife* life = Find(command.contact_id, "was canceled");
        if (life == nullptr || life->ended) return;
        return report_.Add(Rule::kContactLost, command.contact_id, "was canceled, and has no end");
      }
    }
  }

  void Judge(const SeenPlace& place) {
    auto life = lives_.contacts.find(place.contact_id);
    if (life == lives_.contacts.end()) return;
    const int64_t worst = life->second.latest_place.ToUnixMilliseconds();
    if (place.virtual_start_ms <= worst) return;
    report_.Add(Rule::kPlaceInLine, place.contact_id,
                "was seen in line " + std::to_string(place.virtual_start_ms - worst) + " ms behind its place");
  }

 private:
  const ContactLife* Find(const std::string& contact, const std::string& what) {
    auto life = lives_.contacts.find(contact);
    if (life != lives_.contacts.end()) return &life->second;
    if (!trimmed_) report_.Add(Rule::kContactLost, contact, what + ", and is in no event");
    return nullptr;
  }

  const ContactLives& lives_;
  const bool trimmed_;
  Report& report_;
  std::map<std::string, std::string> contact_of_;  // by request
};

}  // namespace

void CheckAcknowledged(const ContactLives& lives, const Journal& journal, const Expectations& expectations,
                       bool trimmed, Report& report) {
  AcknowledgedCheck check(lives, trimmed, report);
  for (const Submitted& submitted : journal.submitted) check.Judge(submitted, expectations);
  for (const Commanded& command : journal.commanded) check.Judge(command);
  for (const SeenPlace& place : journal.places) check.Judge(place);
  report.Count("acknowledged contacts", journal.submitted.size());
  report.Count("acknowledged commands", journal.commanded.size());
}

}  // namespace meridian::verifier
