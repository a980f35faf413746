#include "libs/conversation/recently_closed.h"

namespace meridian::conversation {

void RecentlyClosed::Add(const ConversationId& id) {
  if (!ids_.insert(id).second) return;
  ++closings_;
  order_.push_back(id);
  if (order_.size() <= kRemembered) return;
  ids_.erase(order_.front());
  order_.pop_front();
}

void RecentlyClosed::Forget() {
  order_.clear();
  ids_.clear();
  ++closings_;  // as if one had closed that is not remembered
}

}  // namespace meridian::conversation
