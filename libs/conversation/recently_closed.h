// The ids of the conversations that closed last, which are in no other memory. An id that is used a second time would
// begin again at message 1, over the messages it had; that a conversation closed longer ago, the store knows.
//
// So that nothing falls between the two: closings are counted. Who found nothing in the store had asked it after a
// certain number of closings was durable; as long as all that came after it are remembered here, both together know of
// every closing. Memory only, bounded by kRemembered; the same calls give the same answers. One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <unordered_set>

#include "libs/base/entity_id.h"

namespace meridian::conversation {

class RecentlyClosed {
 public:
  static constexpr size_t kRemembered = 16384;

  void Add(const ConversationId& id);
  bool Contains(const ConversationId& id) const { return ids_.contains(id); }

  // How many have closed so far. Never falls, also not when the state is loaded anew.
  uint64_t closings() const { return closings_; }
  // All that closed after the first `closings` are remembered.
  bool RemembersSince(uint64_t closings) const { return closings_ - closings <= order_.size(); }
  // Before a load: what closed until now is known from the store alone.
  void Forget();

 private:
  std::deque<ConversationId> order_;        // oldest first
  std::unordered_set<ConversationId> ids_;  // lookup only
  uint64_t closings_ = 0;
};

}  // namespace meridian::conversation
