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
  if (contact.phase == ContactPhase::kPending) return {ContactStanding::Kind::kPending, ""};
  bool withdrawn = contact.phase == ContactPhase::kWithdrawing;
  return {withdrawn ? ContactStanding::Kind::kNotQueued : ContactStanding::Kind::kAcknowledged, ""};
}

bool IsClosed(const ContactRecord& contact) {
  return contact.phase == ContactPhase::kWithdrawing || contact.phase == ContactPhase::kClosing;
}

// The refused or not queued contact that has this message.
EndedContactRecord* FindNotQueued(ConversationRecord& record, const ChannelId& channel, uint64_t number) {
  for (EndedContactRecord& contact : record.ended_contacts) {
    bool has = contact.first_number <= number && number <= contact.last_number;
    if (has && contact.channel == channel && contact.closing != ContactClosing::kEnded) return &contact;
  }
  return nullptr;
}

// A contact that begins with this message would reach over one that was queued, or may still be.
bool MayBeQueuedSince(const ConversationRecord& record, const ChannelId& channel, uint64_t number) {
  for (const ContactRecord& contact : record.contacts) {
    if (contact.channel == channel && !contact.IsLive() && !IsClosed(contact)) return true;
  }
  return std::any_of(record.ended_contacts.begin(), record.ended_contacts.end(), [&](const EndedContactRecord& ended) {
    return ended.channel == channel && ended.closing == ContactClosing::kEnded && ended.last_number >= number;
  });
}

// Another contact has the message from now on. One without messages is forgotten.
void TakeMessage(ConversationRecord& record, EndedContactRecord& contact, uint64_t number) {
  auto& all = record.ended_contacts;
  EndedContactRecord before = contact;
  EndedContactRecord after = std::move(contact);
  before.last_number = number - 1;
  after.first_number = number + 1;
  auto at = all.erase(all.begin() + (&contact - all.data()));
  if (after.first_number <= after.last_number) at = all.insert(at, std::move(after));
  if (before.first_number <= before.last_number) all.insert(at, std::move(before));
  if (all.size() > kMaxEndedContacts) all.erase(all.begin());
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

// What a submission without parts was answered; nullopt when it is new, or is tried anew because its contact was not
// queued.
std::optional<Submitted> FindEmptySubmission(const ConversationRecord& record, const SubmitContact& command) {
  std::optional<Submitted> answer;
  for (const EmptySubmission& known : record.empty_submissions) {
    if (known.request_id != command.enqueue_request_id) continue;
    auto consider = [&](const auto& contact) {
      if (contact.id != known.contact || contact.channel != command.spec.channel) return;
      const ContactStanding standing = StandingOf(contact);
      const bool may_be_queued =
          standing.kind == ContactStanding::Kind::kPending || standing.kind == ContactStanding::Kind::kAcknowledged;
      if (may_be_queued) answer = {record.id, record.customer, contact.id, 0, known.joined, true, standing};
    };
    for (const ContactRecord& contact : record.contacts) consider(contact);
    for (const EndedContactRecord& contact : record.ended_contacts) consider(contact);
  }
  return answer;
}

void RememberEmptySubmission(ConversationRecord& record, EmptySubmission submission) {
  auto& known = record.empty_submissions;
  if (known.size() == kMaxEmptySubmissions) known.erase(known.begin());
  known.push_back(std::move(submission));
}

}  // namespace

Answer SessionCore::On(SubmitContact& command, Instant now) {
  if (auto refusal = Check(command)) return *refusal;
  Head* head = directory_.FindByIdentity(command.tenant, command.identity);
  if (head != nullptr && command.parts.empty()) {
    if (auto answer = FindEmptySubmission(head->record, command)) return *std::move(answer);
  }
  if (head != nullptr && !command.parts.empty()) {
    auto found = FindMessage(head->record, {AuthorKind::kCustomer, {}}, command.client_number, DigestOf(command.parts));
    if (found.verdict == ClientNumbers::Verdict::kRepeat) {
      if (FindNotQueued(head->record, command.spec.channel, found.number) != nullptr) {
        return SubmitAnew(*head, command, found.number, now);
      }
      return RepeatedSubmission(*head, command, found.number);
    }
    if (auto refusal = RefusalOf(found.verdict)) return *refusal;
    if (head->record.last_number >= kMaxMessages) return Refusal{RefusalCode::kConversationFull, "conversation_id"};
  }
  ContactRecord* contact = head == nullptr ? nullptr : FindLive(head->record, command.spec.channel);
  bool joined = contact != nullptr;
  if (!joined) {
    if (auto refusal = CheckNewContact(head, command)) return *refusal;
    if (head == nullptr) {
      if (auto answer = CheckProposed(command, now)) return *std::move(answer);
      head = &OpenConversation(command, now);
    }
    contact = &OpenContact(*head, command, head->record.last_number + 1, now);
  }
  Submitted answer{head->record.id, head->record.customer, contact->id, 0, joined, false, StandingOf(*contact)};
  if (command.parts.empty()) {
    RememberEmptySubmission(head->record, {command.enqueue_request_id, contact->id, joined});
  } else {
    answer.number =
        Write(*head, contact, {AuthorKind::kCustomer, {}}, command.client_number, std::move(command.parts), now);
  }
  CustomerWrote(*head, *contact, now);
  Changed(*head);
  return answer;
}

std::optional<Refusal> SessionCore::CheckNewContact(const Head* head, const SubmitContact& command) const {
  if (command.may_only_join) return Refusal{RefusalCode::kQuotaExceeded, ""};
  auto has_id = [&](const EndedContactRecord& ended) { return ended.id == command.spec.id; };
  bool in_use = directory_.HasContact(command.spec.id);
  if (head != nullptr) {
    const auto& ended = head->record.ended_contacts;
    in_use = in_use || std::any_of(ended.begin(), ended.end(), has_id);
  }
  if (in_use) return Refusal{RefusalCode::kAlreadyExists, "contact_id"};
  if (head != nullptr && head->record.contacts.size() >= kMaxLiveContacts) {
    return Refusal{RefusalCode::kTooMany, "contact_id"};
  }
  return std::nullopt;
}

std::optional<Answer> SessionCore::CheckProposed(const SubmitContact& command, Instant now) const {
  const ConversationId& id = command.spec.conversation;
  const Head* head = directory_.Find(id);
  const bool left = head != nullptr && head->record.state == ConversationState::kLeaving;
  if (command.conversation_named_before && (left || closed_.Contains(id) || id == erasure_.erasing)) {
    return Refusal{RefusalCode::kConversationClosed, "conversation_id"};
  }
  if (head != nullptr) return Refusal{RefusalCode::kAlreadyExists, "conversation_id"};
  if (!command.conversation_named_before) return std::nullopt;
  const bool known = command.not_ended_as_of && closed_.RemembersSince(*command.not_ended_as_of);
  if (known) return std::nullopt;
  if (MayBeErased(id, now)) return Refusal{RefusalCode::kConversationClosed, "conversation_id"};
  return UnknownConversation{closed_.closings()};
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

ContactRecord& SessionCore::OpenContact(Head& head, SubmitContact& command, uint64_t first_number, Instant now) {
  ContactRecord contact;
  contact.id = command.spec.id;
  contact.channel = command.spec.channel;
  contact.first_number = first_number;
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

// The message went into the newest contact of its channel that had begun by then; of those that begin with the same
// message, into the one that was opened last.
Submitted SessionCore::RepeatedSubmission(const Head& head, const SubmitContact& command, uint64_t number) const {
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
  for (const ContactRecord& contact : head.record.contacts) {
    if (IsClosed(contact)) consider(contact);
  }
  for (const EndedContactRecord& contact : head.record.ended_contacts) {
    if (contact.last_number >= number) consider(contact);
  }
  for (const ContactRecord& contact : head.record.contacts) {
    if (!IsClosed(contact)) consider(contact);
  }
  return answer;
}

// A contact that agents took part in already goes on without it: what they have read is not amended.
Answer SessionCore::SubmitAnew(Head& head, SubmitContact& command, uint64_t number, Instant now) {
  ContactRecord* contact = FindLive(head.record, command.spec.channel);
  bool is_read = contact != nullptr && contact->grants_revision > 0;
  if (is_read || MayBeQueuedSince(head.record, command.spec.channel, number)) {
    return Refusal{RefusalCode::kClientNumberTooOld, "client_number"};
  }
  if (contact == nullptr) {
    if (auto refusal = CheckNewContact(&head, command)) return *refusal;
    contact = &OpenContact(head, command, number, now);
  }
  contact->first_number = std::min(contact->first_number, number);
  const std::vector<EndedContactRecord> before = head.record.ended_contacts;
  while (EndedContactRecord* had = FindNotQueued(head.record, contact->channel, number)) {
    TakeMessage(head.record, *had, number);
  }
  for (const EndedContactRecord& ended : before) ForgetContact(head.record, ended.id);
  auto moved = std::make_shared<MessageRecord>();
  moved->conversation = head.record.id;
  moved->message = {
      number, contact->id, {AuthorKind::kCustomer, {}}, command.client_number, now, std::move(command.parts)};
  sink_.MessageAnew(std::move(moved));
  CustomerWrote(head, *contact, now);
  Changed(head);
  return Submitted{head.record.id, head.record.customer, contact->id, number, contact->first_number != number,
                   true,           StandingOf(*contact)};
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
