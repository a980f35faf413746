// Building the state anew from the records.
#include <utility>

#include "libs/conversation/session_core.h"

namespace meridian::conversation {
namespace {

bool IsConsistent(const ContactRecord& contact) {
  bool pending = contact.phase == ContactPhase::kPending;
  return pending == (contact.pending != nullptr) && contact.acknowledged_edge <= contact.edge.number &&
         (contact.phase != ContactPhase::kWithdrawing || contact.grants.empty());
}

bool IsConsistent(const ConversationRecord& record) {
  if (record.id.IsNil() || record.state == ConversationState::kClosed) return false;
  if (record.state == ConversationState::kLeaving && record.contacts.empty()) return false;
  for (const ContactRecord& contact : record.contacts) {
    if (!IsConsistent(contact)) return false;
  }
  return true;
}

}  // namespace

void SessionCore::BeginLoad() {
  sink_.Clear();
  deadlines_.Clear();
  restored_.clear();
  directory_.Clear();
  followed_.clear();
  closed_.Forget();
  ++loads_;
  erasure_ = {};
  next_closing_ = settled_closings_ = erasure_.reserved;
}

absl::Status SessionCore::Restore(ConversationRecord record, std::string_view packed) {
  std::string id = record.id.ToString();
  if (!IsConsistent(record)) return absl::DataLossError("conversation " + id + ": its record contradicts itself");
  Head* head = directory_.Add(std::move(record));
  if (head == nullptr) {
    return absl::DataLossError("conversation " + id + ": its id, identity or a contact is in another record too");
  }
  // At rest until somebody asks for it. Its deadline counts from the end of the load, where it does not from the
  // record.
  head->absent_since = Instant{0};
  const bool rests = packing_ && Directory::MayRest(*head);
  restored_.push_back({&head->of, DeadlineOf(*head), !head->record.contacts.empty()});
  if (rests) directory_.Rest(head->of, packed);
  return absl::OkStatus();
}

absl::Status SessionCore::Restore(const FollowerPositionRecord& record) {
  if (!followed_.emplace(record.routing_shard, record.position).second) {
    return absl::DataLossError("two positions in the log of routing shard " + std::to_string(record.routing_shard));
  }
  return absl::OkStatus();
}

absl::Status SessionCore::Restore(const ErasureRecord& record) {
  if (record.first > record.reserved) return absl::DataLossError("the record of the erasure contradicts itself");
  erasure_ = record;
  next_closing_ = settled_closings_ = record.reserved;
  return absl::OkStatus();
}

void SessionCore::FinishLoad(Instant now) {
  for (const Restored& restored : restored_) {
    Conversation& conversation = *restored.conversation;
    conversation.absent_since = now;
    if (Head* head = conversation.head.get()) {
      head->absent_since = now;
      for (Retry& retry : head->retries) retry = {now, Duration::Zero()};
      Rearm(*head);
    } else if (restored.deadline != Instant::Never()) {
      const Duration since_load = restored.deadline - Instant{0};
      deadlines_.Set(conversation, restored.from_load ? now + since_load : restored.deadline);
    }
  }
  restored_ = {};
  // Opened anew by an owner that knows nothing of the erasure: its messages are of the new one.
  if (directory_.Find(erasure_.erasing) != nullptr) {
    erasure_.erasing = {};
    erasure_.messages_left = 0;
    sink_.Erasure(erasure_);
  }
}

}  // namespace meridian::conversation
