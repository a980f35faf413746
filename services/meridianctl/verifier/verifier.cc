#include "services/meridianctl/verifier/verifier.h"

#include "services/meridianctl/verifier/contact_lives.h"
#include "services/meridianctl/verifier/conversation_check.h"
#include "services/meridianctl/verifier/event_order.h"

namespace meridian::verifier {

Report Verify(const Evidence& evidence, const Expectations& expectations) {
  Report report;
  const EventsInForce events = CheckEventOrder(evidence.events, report);
  const ContactLives lives = FoldContacts(events, evidence.config, report);
  CheckAcknowledged(lives, evidence.journal, expectations, events.trimmed, report);
  CheckConversations(evidence, lives, events.trimmed, expectations, report);
  return report;
}

}  // namespace meridian::verifier
