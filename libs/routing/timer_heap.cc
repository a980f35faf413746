#include "libs/routing/timer_heap.h"

#include <tuple>

#include "libs/base/check.h"

namespace meridian {
namespace {

bool Before(const TimerHeap::Timer& a, const TimerHeap::Timer& b) {
  return std::tie(a.at, a.kind, a.tie) < std::tie(b.at, b.kind, b.tie);
}

}  // namespace

void TimerHeap::Set(TimerKind kind, uint32_t owner, const Uuid& tie, Instant at) {
  const uint32_t position = PositionOf(kind, owner);
  if (at == Instant::Never()) {
    if (position != kAbsent) RemoveAt(position);
    return;
  }
  const Timer timer{at, tie, owner, kind};
  if (position == kAbsent) {
    heap_.emplace_back();
    SiftUp(static_cast<uint32_t>(heap_.size() - 1), timer);
  } else if (Before(timer, heap_[position])) {
    SiftUp(position, timer);
  } else {
    SiftDown(position, timer);
  }
}

TimerHeap::Timer TimerHeap::Pop() {
  MERIDIAN_CHECK(!heap_.empty());
  const Timer first = heap_[0];
  RemoveAt(0);
  return first;
}

uint32_t& TimerHeap::PositionOf(TimerKind kind, uint32_t owner) {
  auto& positions = positions_[static_cast<size_t>(kind)];
  if (owner >= positions.size()) positions.resize(owner + 1, kAbsent);
  return positions[owner];
}

void TimerHeap::Place(uint32_t position, const Timer& timer) {
  heap_[position] = timer;
  positions_[static_cast<size_t>(timer.kind)][timer.owner] = position;
}

void TimerHeap::RemoveAt(uint32_t position) {
  PositionOf(heap_[position].kind, heap_[position].owner) = kAbsent;
  const Timer last = heap_.back();
  heap_.pop_back();
  if (position == heap_.size()) return;
  if (position > 0 && Before(last, heap_[(position - 1) / 2])) {
    SiftUp(position, last);
  } else {
    SiftDown(position, last);
  }
}

void TimerHeap::SiftUp(uint32_t position, Timer timer) {
  while (position > 0) {
    const uint32_t parent = (position - 1) / 2;
    if (!Before(timer, heap_[parent])) break;
    Place(position, heap_[parent]);
    position = parent;
  }
  Place(position, timer);
}

void TimerHeap::SiftDown(uint32_t position, Timer timer) {
  const auto size = static_cast<uint32_t>(heap_.size());
  for (;;) {
    uint32_t child = 2 * position + 1;
    if (child >= size) break;
    if (child + 1 < size && Before(heap_[child + 1], heap_[child])) ++child;
    if (!Before(heap_[child], timer)) break;
    Place(position, heap_[child]);
    position = child;
  }
  Place(position, timer);
}

}  // namespace meridian
