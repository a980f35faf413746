#include "libs/conversation/contact_record.h"

namespace meridian::conversation {

std::string_view ToString(EdgeKind kind) {
  switch (kind) {
    case EdgeKind::kNone:
      return "none";
    case EdgeKind::kCustomerWaits:
      return "customer_waits";
    case EdgeKind::kAgentAnswered:
      return "agent_answered";
    case EdgeKind::kCustomerLeft:
      return "customer_left";
    case EdgeKind::kCustomerCanceled:
      return "customer_canceled";
    case EdgeKind::kWithdrawn:
      return "withdrawn";
  }
  return "";
}

CommandOrigin SessionItself() { return {{ActorRole::kService, "session"}, {}}; }

bool IsLast(EdgeKind kind) {
  return kind == EdgeKind::kCustomerLeft || kind == EdgeKind::kCustomerCanceled || kind == EdgeKind::kWithdrawn;
}

std::string_view ToString(ContactPhase phase) {
  switch (phase) {
    case ContactPhase::kPending:
      return "pending";
    case ContactPhase::kQueued:
      return "queued";
    case ContactPhase::kAssigned:
      return "assigned";
    case ContactPhase::kWithdrawing:
      return "withdrawing";
    case ContactPhase::kClosing:
      return "closing";
  }
  return "";
}

std::string_view ToString(ContactClosing closing) {
  switch (closing) {
    case ContactClosing::kEnded:
      return "ended";
    case ContactClosing::kRefused:
      return "refused";
    case ContactClosing::kNotQueued:
      return "not_queued";
  }
  return "";
}

bool operator==(const ContactRecord& a, const ContactRecord& b) {
  if ((a.pending == nullptr) != (b.pending == nullptr)) return false;
  if (a.pending != nullptr && !(*a.pending == *b.pending)) return false;
  return a.id == b.id && a.channel == b.channel && a.phase == b.phase && a.first_number == b.first_number &&
         a.submitted_at == b.submitted_at && a.leave_grace == b.leave_grace &&
         a.session_lifetime == b.session_lifetime && a.grants_revision == b.grants_revision && a.grants == b.grants &&
         a.customer_waits == b.customer_waits && a.on_hold == b.on_hold && a.edge == b.edge &&
         a.acknowledged_edge == b.acknowledged_edge;
}

}  // namespace meridian::conversation
