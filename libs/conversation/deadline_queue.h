// The earliest deadline first, one per conversation. Equal deadlines come in the order of the conversations' ids, so
// that the order never depends on how the queue was filled. A binary heap of pointers; each conversation knows its
// place. One thread at a time; conversations outlive their stay in the queue.
#pragma once

#include <cstddef>
#include <vector>

#include "libs/base/time.h"

namespace meridian::conversation {

struct Conversation;

class DeadlineQueue {
 public:
  // Places the conversation at this deadline, or takes it out when it is Never.
  void Set(Conversation& conversation, Instant deadline);
  void Remove(Conversation& conversation) { Set(conversation, Instant::Never()); }
  // nullptr when empty.
  Conversation* First() const { return heap_.empty() ? nullptr : heap_.front(); }
  void Clear() { heap_.clear(); }

 private:
  void Place(Conversation* conversation, size_t at);
  void SiftUp(size_t at);
  void SiftDown(size_t at);

  std::vector<Conversation*> heap_;
};

}  // namespace meridian::conversation
