// What happens by itself: retries towards routing, customers who left, conversations whose lifetime is over.
#include <algorithm>

#include "libs/conversation/session_core.h"

namespace meridian::conversation {
namespace {

// A slice ends in time, and with the head that brings it over these bytes it still fits one commit.
constexpr int kHeadsPerSlice = 16;
constexpr size_t kBytesPerSlice = 48 * 1024;

}  // namespace

Instant SessionCore::NextDeadline() const {
  const Conversation* first = deadlines_.First();
  return first == nullptr ? Instant::Never() : first->deadline;
}

bool SessionCore::Advance(Instant now) {
  directory_.LetRest();
  size_t before = sink_.size().bytes;
  for (int i = 0; i < kHeadsPerSlice && NextDeadline() <= now; ++i) {
    if (sink_.size().bytes > before + kBytesPerSlice) break;
    RunDue(directory_.Wake(*deadlines_.First()), now);
  }
  return NextDeadline() <= now;
}

Instant SessionCore::LeavesAt(const Head& head, const ContactRecord& contact) const {
  bool may_leave = contact.IsLive() && contact.leave_grace > Duration::Zero() && head.connections.empty();
  return may_leave ? head.absent_since + contact.leave_grace : Instant::Never();
}

Instant SessionCore::DeadlineOf(const Head& head, size_t contact) const {
  const ContactRecord& record = head.record.contacts[contact];
  Instant deadline = LeavesAt(head, record);
  if (record.phase == ContactPhase::kPending) {
    deadline = std::min({deadline, head.retries[contact].at, record.submitted_at + options_.enqueue_for});
  } else if (record.HasUnansweredEdge()) {
    deadline = std::min(deadline, head.retries[contact].at);
  }
  return deadline;
}

Instant SessionCore::DeadlineOf(const Head& head) const {
  const ConversationRecord& record = head.record;
  if (record.contacts.empty()) return record.last_activity_at + record.session_lifetime;
  Instant deadline = Instant::Never();
  for (size_t i = 0; i < record.contacts.size(); ++i) deadline = std::min(deadline, DeadlineOf(head, i));
  return deadline;
}

void SessionCore::RunDue(Head& head, Instant now) {
  if (head.record.contacts.empty()) {
    Close(head, CloseReason::kExpired, now);
    return;
  }
  bool changed = false;
  for (ContactRecord& contact : head.record.contacts) {
    if (LeavesAt(head, contact) <= now) {
      RaiseEdge(head, contact, EdgeKind::kCustomerLeft, CustomerLeftReason::kConnectionLost, SessionItself(), now);
      changed = true;
    }
    bool pending = contact.phase == ContactPhase::kPending;
    if (pending && contact.submitted_at + options_.enqueue_for <= now) {
      GiveUpEnqueueing(head, contact, now);
      changed = true;
    } else if (pending && RetryOf(head, contact).at <= now) {
      SendEnqueue(head, contact, now);
    } else if (!pending && contact.HasUnansweredEdge() && RetryOf(head, contact).at <= now) {
      SendEdge(head, contact, now);
    }
  }
  if (changed) {
    Changed(head);
  } else {
    Rearm(head);
  }
}

Retry& SessionCore::RetryOf(Head& head, const ContactRecord& contact) const {
  return head.retries[static_cast<size_t>(&contact - head.record.contacts.data())];
}

void SessionCore::ScheduleRetry(Retry& retry, Instant now) const {
  bool first = retry.wait == Duration::Zero();
  retry.wait = first ? options_.first_retry : std::min(retry.wait * 2, options_.longest_retry);
  retry.at = now + retry.wait;
}

}  // namespace meridian::conversation
