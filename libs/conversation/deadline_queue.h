// The earliest deadline first, one per head. Equal deadlines come in the order of the conversations' ids, so that the
// order never depends on how the queue was filled. A binary heap of pointers; each head knows its place.
// One thread at a time; heads outlive their stay in the queue.
#pragma once

#include <cstddef>
#include <vector>

#include "libs/base/time.h"

namespace meridian::conversation {

struct Head;

class DeadlineQueue {
 public:
  // Places the head at this deadline, or takes it out when it is Never.
  void Set(Head& head, Instant deadline);
  void Remove(Head& head) { Set(head, Instant::Never()); }
  // nullptr when empty.
  Head* First() const { return heap_.empty() ? nullptr : heap_.front(); }
  void Clear() { heap_.clear(); }

 private:
  void Place(Head* head, size_t at);
  void SiftUp(size_t at);
  void SiftDown(size_t at);

  std::vector<Head*> heap_;
};

}  // namespace meridian::conversation
