#include "libs/conversation/deadline_queue.h"

#include <utility>

#include "libs/conversation/head.h"

namespace meridian::conversation {
namespace {

bool Earlier(const Head& a, const Head& b) {
  if (a.deadline != b.deadline) return a.deadline < b.deadline;
  return a.record.id < b.record.id;
}

}  // namespace

void DeadlineQueue::Set(Head& head, Instant deadline) {
  if (head.deadline == deadline) return;
  head.deadline = deadline;
  if (deadline == Instant::Never()) {
    size_t at = head.place;
    Head* last = heap_.back();
    heap_.pop_back();
    head.place = Head::kNoPlace;
    if (last == &head) return;
    Place(last, at);
    SiftUp(at);
    SiftDown(last->place);
    return;
  }
  if (head.place == Head::kNoPlace) {
    heap_.push_back(&head);
    head.place = heap_.size() - 1;
  }
  SiftUp(head.place);
  SiftDown(head.place);
}

void DeadlineQueue::Place(Head* head, size_t at) {
  heap_[at] = head;
  head->place = at;
}

void DeadlineQueue::SiftUp(size_t at) {
  Head* head = heap_[at];
  while (at > 0) {
    size_t parent = (at - 1) / 2;
    if (!Earlier(*head, *heap_[parent])) break;
    Place(heap_[parent], at);
    at = parent;
  }
  Place(head, at);
}

void DeadlineQueue::SiftDown(size_t at) {
  Head* head = heap_[at];
  for (;;) {
    size_t child = 2 * at + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && Earlier(*heap_[child + 1], *heap_[child])) ++child;
    if (!Earlier(*heap_[child], *head)) break;
    Place(heap_[child], at);
    at = child;
  }
  Place(head, at);
}

}  // namespace meridian::conversation
