// SubmitContact: identity to conversation, channel to contact, and what goes to routing.
#include <algorithm>
#include <utility>

#include "libs/conversation/authors.h"
#include "libs/conversation/session_core.h"
#include "libs/conversation/validation.h"

namespace meridian::conversation {
namespace {

ContactRecord* FindLive(ConversationRecord& record, const ChannelId& channel) {
  for (ContactRecord& contact : record.contacts) {
    if (contact.channel == channel && contact.IsLive()) return &contact;
  }
  return nullptr;
}

ContactStanding StandingOf(const ContactRecord& contact) {
  bool pending = contact.phase == ContactPhase::kPending;
  return {pending ? ContactStanding::Kind::kPending : ContactStanding::Kind::kAcknowledged, ""};
}

ContactStanding StandingOf(const EndedContactRecord& contact) {
  switch (contact.closing) {
    case ContactClosing::kEnded:
      return {ContactStanding::Kind::kAcknowledged, ""};
    case ContactClosing::kRefused:
      return {ContactStanding::Kind::kRefused, contact.refusal};
    case ContactClosing::kNotQueued:
      return {ContactStanding::Kind::kNotQueued, ""};
  }
  return {};
}

}  // namespace

Answer SessionCore::On(SubmitContact& command, Instant now) {
  if (auto refusal = Check(command)) return *refusal;
  Head* head = directory_.FindByIdentity(command.tenant, command.identity);
  if (head != nullptr && !command.parts.empty()) {
    auto found = FindMessage(head->record, {AuthorKind::kCustomer, {}}, command.client_number, DigestOf(command.parts));
    if (found.verdict == ClientNumbers::Verdict::kRepeat) return RepeatedSubmission(*head, command, found.number);
    if (auto refusal = RefusalOf(found.verdict)) return *refusal;
    if (head->record.last_number >= kMaxMessages) return Refusal{RefusalCode::kConversationFull, "conversation_id"};
  }
  ContactRecord* contact = head == nullptr ? nullptr : FindLive(head->record, command.spec.channel);
  bool joined = contact != nullptr;
  if (!joined) {
    if (directory_.FindByContact(command.spec.id) != nullptr) {
      return Refusal{RefusalCode::kAlreadyExists, "contact_id"};
    }
    if (head == nullptr) {
      if (auto answer = CheckProposed(command)) return *std::move(answer);
    }
    if (head != nullptr && head->record.contacts.size() >= kMaxLiveContacts) {
      return Refusal{RefusalCode::kTooMany, "contact_id"};
    }
    if (head == nullptr) head = &OpenConversation(command, now);
    contact = &OpenContact(*head, command, now);
  }
  Submitted answer{head->record.id, head->record.customer, contact->id, 0, joined, false, StandingOf(*contact)};
  if (!command.parts.empty()) {
    answer.number =
        Write(*head, contact, {AuthorKind::kCustomer, {}}, command.client_number, std::move(command.parts), now);
  }
  CustomerWrote(*head, *contact, now);
  Changed(*head);
  return answer;
}

std::optional<Answer> SessionCore::CheckProposed(const SubmitContact& command) const {
  const ConversationId& id = command.spec.conversation;
  const Head* head = directory_.Find(id);
  const bool left = head != nullptr && head->record.state == ConversationState::kLeaving;
  if (command.conversation_named_before && (left || closed_.Contains(id))) {
    return Refusal{RefusalCode::kConversationClosed, "conversation_id"};
  }
  if (head != nullptr) return Refusal{RefusalCode::kAlreadyExists, "conversation_id"};
  if (!command.conversation_named_before) return std::nullopt;
  const bool known = command.not_ended_as_of && closed_.RemembersSince(*command.not_ended_as_of);
  return known ? std::nullopt : std::optional<Answer>(UnknownConversation{closed_.closings()});
}

Head& SessionCore::OpenConversation(const SubmitContact& command, Instant now) {
  ConversationRecord record;
  record.tenant = command.tenant;
  record.id = command.spec.conversation;
  record.customer = command.spec.customer;
  record.identity = command.identity;
  record.opened_at = now;
  Head& head = *directory_.Add(std::move(record));
  sink_.Happened(command.tenant, now, ConversationOpenedEvent{head.record.id, head.record.customer});
  return head;
}

ContactRecord& SessionCore::OpenContact(Head& head, SubmitContact& command, Instant now) {
  ContactRecord contact;
  contact.id = command.spec.id;
  contact.channel = command.spec.channel;
  contact.first_number = head.record.last_number + 1;
  contact.submitted_at = now;
  contact.leave_grace = command.leave_grace;
  contact.session_lifetime = command.session_lifetime;
  auto request = std::make_shared<EnqueueRequest>();
  request->tenant = command.tenant;
  request->request_id = command.enqueue_request_id;
  request->spec = std::move(command.spec);
  request->spec.conversation = head.record.id;
  request->spec.customer = head.record.customer;
  request->spec.enqueued_at = now;
  request->origin = command.origin;
  contact.pending = std::move(request);
  if (!command.personal_attributes.empty()) {
    sink_.Details({contact.id, head.record.id, std::move(command.personal_attributes)});
  }
  sink_.Happened(head.record.tenant, now, ContactSubmittedEvent{head.record.id, contact.id, contact.channel});
  head.record.contacts.push_back(std::move(contact));
  head.retries.emplace_back();
  ContactRecord& opened = head.record.contacts.back();
  directory_.AddContact(opened.id, head);
  SendEnqueue(head, opened, now);
  return opened;
}

// The message went into the newest contact of its channel that had begun by then.
Answer SessionCore::RepeatedSubmission(const Head& head, const SubmitContact& command, uint64_t number) const {
  Submitted answer{head.record.id, head.record.customer, {}, number, false, true, {}};
  answer.standing.kind = ContactStanding::Kind::kAcknowledged;
  uint64_t begun = 0;
  auto consider = [&](const auto& contact) {
    if (contact.channel != command.spec.channel || contact.first_number > number) return;
    if (contact.first_number < begun) return;
    begun = contact.first_number;
    answer.contact = contact.id;
    answer.joined = contact.first_number != number;
    answer.standing = StandingOf(contact);
  };
  for (const ContactRecord& contact : head.record.contacts) consider(contact);
  for (const EndedContactRecord& contact : head.record.ended_contacts) {
    if (contact.last_number >= number) consider(contact);
  }
  return answer;
}

Answer SessionCore::On(CancelContact& command, Instant now) {
  Head* head = FindHead(command.tenant, command.conversation);
  if (head == nullptr) return Refusal{RefusalCode::kNotFound, "conversation_id"};
  for (ContactRecord& contact : head->record.contacts) {
    if (contact.id != command.contact) continue;
    if (!contact.IsLive()) return Done{};
    bool assigned = contact.phase == ContactPhase::kAssigned;
    RaiseEdge(*head, contact, assigned ? EdgeKind::kCustomerLeft : EdgeKind::kCustomerCanceled,
              assigned ? CustomerLeftReason::kClosed : CustomerLeftReason::kNone, command.origin, now);
    Changed(*head);
    return Done{};
  }
  const auto& ended = head->record.ended_contacts;
  bool known = std::any_of(ended.begin(), ended.end(), [&](const auto& e) { return e.id == command.contact; });
  if (known) return Done{};
  return Refusal{RefusalCode::kNotFound, "contact_id"};
}

Answer SessionCore::On(CloseConversation& command, Instant now) {
  Head* head = FindHead(command.tenant, command.conversation);
  if (head == nullptr) return Refusal{RefusalCode::kNotFound, "conversation_id"};
  if (head->record.state == ConversationState::kLeaving) return Done{};
  if (head->record.contacts.empty()) {
    Close(*head, CloseReason::kClosedByCustomer, now);
  } else {
    Leave(*head, command.origin, now);
  }
  return Done{};
}

}  // namespace meridian::conversation
