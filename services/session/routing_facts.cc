#include "services/session/routing_facts.h"

#include <utility>

#include "libs/base/status_macros.h"
#include "libs/wire/log_entry.h"

namespace meridian {
namespace {

using conversation::ContactClosedFact;
using conversation::ContactHeldFact;
using conversation::ContactQueuedFact;
using conversation::Participant;
using conversation::ParticipantsChangedFact;

ParticipantsChangedFact ToFact(const ContactId& contact, const ParticipantsChanged& changed) {
  ParticipantsChangedFact fact{contact, changed.revision, {}};
  for (const Grant& grant : changed.grants) {
    fact.participants.push_back({grant.agent, grant.kind, grant.role, grant.may_send});
  }
  return fact;
}

}  // namespace

absl::StatusOr<std::vector<conversation::RoutingFact>> ReadRoutingFacts(std::string_view entry) {
  MERIDIAN_ASSIGN_OR_RETURN(const RoutingLogEntry decoded, DecodeLogEntry(entry));
  std::vector<conversation::RoutingFact> facts;
  for (const LoggedEvent& logged : decoded.events) {
    const Event& event = logged.event;
    if (std::holds_alternative<ContactQueued>(event.body)) facts.push_back(ContactQueuedFact{event.contact});
    if (const auto* closed = std::get_if<ContactClosed>(&event.body)) {
      facts.push_back(ContactClosedFact{event.contact, closed->reason});
    }
    if (const auto* changed = std::get_if<ParticipantsChanged>(&event.body)) {
      facts.push_back(ToFact(event.contact, *changed));
    }
    if (std::holds_alternative<ContactHeld>(event.body)) facts.push_back(ContactHeldFact{event.contact, true});
    if (std::holds_alternative<ContactResumed>(event.body)) facts.push_back(ContactHeldFact{event.contact, false});
  }
  return facts;
}

}  // namespace meridian
