#include "libs/history/fold.h"

#include <utility>
#include <variant>

#include "libs/base/status_macros.h"
#include "libs/history/timeline.h"
#include "libs/wire/log_entry.h"
#include "libs/wire/routing_events.h"
#include "libs/wire/session_log.h"

namespace meridian::history {
namespace {

std::string TextOf(const LanguageTag& language) { return language.empty() ? std::string() : language.ToString(); }

// One public event of a contact.
class ContactFold {
 public:
  ContactFold(const Event& event, ContactUpdate* update) : at_(event.at), to_(*update) {}

  void operator()(const ContactQueued& body) const {
    to_.conversation = body.spec.conversation;
    to_.customer = body.spec.customer;
    to_.channel = body.spec.channel.value;
    to_.queue = body.queue.value;
    to_.rule = body.rule;
    to_.language = TextOf(body.spec.language);
    to_.country = std::string(body.spec.country.view());
    to_.queued_at = at_;
  }
  void operator()(const ContactRevised& body) const {
    to_.queue = body.queue.value;
    to_.rule = body.rule;
    to_.language = TextOf(body.language);
  }
  void operator()(const ContactOffered& body) const {
    to_.agent = body.agent.value;
    to_.offers = 1;
  }
  void operator()(const ContactAssigned& body) const {
    to_.agent = body.agent.value;
    to_.assigned_at = at_;
  }
  void operator()(const ContactCompleted& body) const { End(ContactState::kCompleted, body.reason); }
  void operator()(const ContactAbandoned&) const { End(ContactState::kAbandoned, EndReason::kAbandoned); }
  void operator()(const ContactCanceled& body) const { End(ContactState::kCanceled, body.reason); }
  void operator()(const ContactExpired&) const { End(ContactState::kExpired, EndReason::kExpiredInQueue); }
  template <typename Other>  // is in the timeline alone
  void operator()(const Other&) const {}

 private:
  void End(ContactState state, EndReason reason) const {
    to_.state = state;
    to_.reason = PublicName(ToString(reason));
    to_.ended_at = at_;
  }

  const Instant at_;
  ContactUpdate& to_;
};

class ConversationFold {
 public:
  ConversationFold(Instant at, ConversationUpdate* update) : at_(at), to_(*update) {}

  void operator()(const conversation::ConversationOpenedEvent& event) const {
    to_.customer = event.customer;
    to_.opened_at = at_;
  }
  void operator()(const conversation::ContactSubmittedEvent&) const { to_.contacts = 1; }
  void operator()(const conversation::MessageAppendedEvent& event) const {
    (event.author == conversation::AuthorKind::kCustomer ? to_.customer_messages : to_.other_messages) = 1;
  }
  void operator()(const conversation::ContactClosedEvent& event) const {
    if (event.closing != conversation::ContactClosing::kEnded) to_.refused_contacts = 1;
  }
  void operator()(const conversation::ConversationClosedEvent& event) const {
    to_.closed_at = at_;
    to_.reason = PublicName(conversation::ToString(event.reason));
  }

 private:
  const Instant at_;
  ConversationUpdate& to_;
};

}  // namespace

template <typename Id, typename Update>
void Fold::Absorb(Updates<Id, Update>& updates, Update update) {
  const auto [at, is_new] = updates.try_emplace(Key<Id>{update.tenant, update.id});
  if (is_new) {
    at->second = std::move(update);
  } else {
    at->second.Absorb(std::move(update));
  }
}

absl::Status Fold::Add(ShardKind kind, std::string_view entry) {
  return kind == ShardKind::kRouting ? AddRouting(entry) : AddSession(entry);
}

absl::Status Fold::AddRouting(std::string_view entry) {
  MERIDIAN_ASSIGN_OR_RETURN(const RoutingLogEntry decoded, DecodeLogEntry(entry));
  for (const LoggedEvent& logged : decoded.events) {
    if (logged.event.topic != EventTopic::kContact || logged.event.contact.IsNil()) continue;
    ContactUpdate update{logged.tenant, logged.event.contact};
    std::visit(ContactFold(logged.event, &update), logged.event.body);
    AppendToTimeline(decoded.region, logged, &update.timeline);
    Absorb(contacts_, std::move(update));
  }
  return absl::OkStatus();
}

absl::Status Fold::AddSession(std::string_view entry) {
  MERIDIAN_ASSIGN_OR_RETURN(const std::vector<conversation::Event> events, DecodeSessionLogEntry(entry));
  for (const conversation::Event& event : events) {
    ConversationUpdate update{event.tenant, std::visit([](const auto& body) { return body.conversation; }, event.body)};
    std::visit(ConversationFold(event.at, &update), event.body);
    Absorb(conversations_, std::move(update));
  }
  return absl::OkStatus();
}

void Fold::MoveTo(Batch& batch) {
  for (auto& [key, update] : contacts_) batch.contacts.push_back(std::move(update));
  for (auto& [key, update] : conversations_) batch.conversations.push_back(std::move(update));
  contacts_.clear();
  conversations_.clear();
}

}  // namespace meridian::history
