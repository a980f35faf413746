#include <algorithm>
#include <utility>

#include "libs/history/history_store.h"

namespace meridian::history {
namespace {

template <typename T>
void Replace(std::optional<T>& old, std::optional<T>&& later) {
  if (later) old = std::move(later);
}

}  // namespace

void ContactUpdate::Absorb(ContactUpdate later) {
  Replace(conversation, std::move(later.conversation));
  Replace(customer, std::move(later.customer));
  Replace(channel, std::move(later.channel));
  Replace(queue, std::move(later.queue));
  Replace(rule, std::move(later.rule));
  Replace(language, std::move(later.language));
  Replace(country, std::move(later.country));
  Replace(agent, std::move(later.agent));
  Replace(reason, std::move(later.reason));
  Replace(queued_at, std::move(later.queued_at));
  if (!assigned_at) assigned_at = later.assigned_at;
  Replace(ended_at, std::move(later.ended_at));
  Replace(state, std::move(later.state));
  offers += later.offers;
  timeline += later.timeline;
}

void ConversationUpdate::Absorb(ConversationUpdate later) {
  Replace(customer, std::move(later.customer));
  Replace(opened_at, std::move(later.opened_at));
  Replace(closed_at, std::move(later.closed_at));
  Replace(reason, std::move(later.reason));
  contacts += later.contacts;
  refused_contacts += later.refused_contacts;
  customer_messages += later.customer_messages;
  other_messages += later.other_messages;
}

}  // namespace meridian::history
