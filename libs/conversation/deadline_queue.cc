#include "libs/conversation/deadline_queue.h"

#include <utility>

#include "libs/conversation/head.h"

namespace meridian::conversation {
namespace {

bool Earlier(const Conversation& a, const Conversation& b) {
  if (a.deadline != b.deadline) return a.deadline < b.deadline;
  return a.id < b.id;
}

}  // namespace

void DeadlineQueue::Set(Conversation& conversation, Instant deadline) {
  if (conversation.deadline == deadline) return;
  conversation.deadline = deadline;
  if (deadline == Instant::Never()) {
    size_t at = conversation.place;
    Conversation* last = heap_.back();
    heap_.pop_back();
    conversation.place = Conversation::kNoPlace;
    if (last == &conversation) return;
    Place(last, at);
    SiftUp(at);
    SiftDown(last->place);
    return;
  }
  if (conversation.place == Conversation::kNoPlace) {
    heap_.push_back(&conversation);
    conversation.place = static_cast<uint32_t>(heap_.size() - 1);
  }
  SiftUp(conversation.place);
  SiftDown(conversation.place);
}

void DeadlineQueue::Place(Conversation* conversation, size_t at) {
  heap_[at] = conversation;
  conversation->place = static_cast<uint32_t>(at);
}

void DeadlineQueue::SiftUp(size_t at) {
  Conversation* conversation = heap_[at];
  while (at > 0) {
    size_t parent = (at - 1) / 2;
    if (!Earlier(*conversation, *heap_[parent])) break;
    Place(heap_[parent], at);
    at = parent;
  }
  Place(conversation, at);
}

void DeadlineQueue::SiftDown(size_t at) {
  Conversation* conversation = heap_[at];
  for (;;) {
    size_t child = 2 * at + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && Earlier(*heap_[child + 1], *heap_[child])) ++child;
    if (!Earlier(*heap_[child], *conversation)) break;
    Place(heap_[child], at);
    at = child;
  }
  Place(conversation, at);
}

}  // namespace meridian::conversation
