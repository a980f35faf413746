// Closed conversations are erased when their time is over: first the record by which they are found and what names
// their contacts, then their messages from the last one down, as far as a commit has room. So whoever still reads finds
// either all messages or no conversation, and what is left to do stands in the records.
#include <algorithm>

#include "libs/conversation/session_core.h"

namespace meridian::conversation {
namespace {

// One write in so many closings goes beside the closing's own.
constexpr uint64_t kReservedClosings = 64;
// Records that one command deletes; with those that it writes they fit into a commit beside other work.
constexpr size_t kErasedAtOnce = 64;
constexpr size_t kMostButMessages = kMaxEndedContacts + 2;

}  // namespace

SessionCore::NextErasure SessionCore::next_erasure() const {
  return {loads_, erasure_.first, erasure_.erasing.IsNil() ? next_closing_ - erasure_.first : 0};
}

void SessionCore::NoteClosing(const ConversationId& id, Instant now) {
  const uint64_t number = next_closing_++;
  if (number >= erasure_.reserved) {
    erasure_.reserved = number + kReservedClosings;
    sink_.Erasure(erasure_);
  }
  sink_.Closing({number, id, now});
}

Answer SessionCore::On(EraseClosed& command, Instant now) {
  if (command.load != loads_) return Erased{};
  const ErasureRecord before = erasure_;
  size_t room = kErasedAtOnce;
  EraseMessages(&room);
  Duration wait;
  const size_t known = command.first == erasure_.first ? command.closings.size() : 0;
  for (size_t i = 0; i < known && erasure_.first < next_closing_; ++i) {
    if (!erasure_.erasing.IsNil() || room < kMostButMessages) break;
    const std::optional<EraseClosed::Found>& found = command.closings[i];
    // One that is on its way to the store is not due before the whole time.
    const Instant due = (found ? found->closing.at : now) + options_.keep_closed;
    if (found ? due > now : erasure_.first >= settled_closings_) {
      wait = due - now;
      break;
    }
    if (found && !found->unreadable) Erase(*found, &room);
    ++erasure_.first;
  }
  if (erasure_.erasing.IsNil() && erasure_.first == next_closing_) wait = options_.keep_closed;
  if (erasure_ != before) sink_.Erasure(erasure_);
  return Erased{wait};
}

void SessionCore::Erase(const EraseClosed::Found& found, size_t* room) {
  const ConversationId& id = found.closing.conversation;
  sink_.Erase(kClosingTable, ClosingKey(found.closing.number));
  if (directory_.Find(id) != nullptr) {  // what is open is erased by nothing
    *room -= std::min<size_t>(*room, 1);
    return;
  }
  sink_.Erase(kEndedTable, ConversationKey(id));
  for (const ContactId& contact : found.contacts) sink_.EraseDetails(contact);
  *room -= std::min(*room, 2 + found.contacts.size());
  erasure_.erasing = id;
  erasure_.messages_left = found.last_number;
  EraseMessages(room);
}

void SessionCore::EraseMessages(size_t* room) {
  for (; *room > 0 && erasure_.messages_left > 0; --*room) {
    sink_.Erase(kMessageTable, MessageKey(erasure_.erasing, erasure_.messages_left--));
  }
  if (erasure_.messages_left == 0) erasure_.erasing = {};
}

void SessionCore::ForgetContact(const ConversationRecord& record, const ContactId& contact) {
  const auto is_it = [&contact](const auto& known) { return known.id == contact; };
  if (std::any_of(record.ended_contacts.begin(), record.ended_contacts.end(), is_it)) return;
  if (std::any_of(record.contacts.begin(), record.contacts.end(), is_it)) return;
  sink_.EraseDetails(contact);
}

// Its id was made before it closed.
bool SessionCore::MayBeErased(const ConversationId& id, Instant now) const {
  constexpr int kWithTime = 7;
  return id.uuid.Version() == kWithTime &&
         Instant::FromUnixMilliseconds(id.uuid.UnixMilliseconds()) + options_.keep_closed <= now;
}

}  // namespace meridian::conversation
