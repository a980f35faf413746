// AppendMessage: who may write, the next number, and its delivery.
#include <utility>

#include "libs/conversation/authors.h"
#include "libs/conversation/session_core.h"
#include "libs/conversation/validation.h"

namespace meridian::conversation {
namespace {

const Grant* FindGrant(const ContactRecord& contact, const AgentId& agent) {
  for (const Grant& grant : contact.grants) {
    if (grant.agent == agent) return &grant;
  }
  return nullptr;
}

bool Writes(const ContactRecord& contact, const Grant& grant) {
  return grant.may_write && grant.role != AssignmentRole::kMonitoring && contact.phase != ContactPhase::kClosing;
}

Author AuthorOf(const AppendMessage& command) {
  bool of_agent = command.author == AuthorKind::kAgent || command.author == AuthorKind::kBot;
  return {command.author, of_agent ? command.agent : AgentId{}};
}

}  // namespace

Answer SessionCore::On(AppendMessage& command, Instant now) {
  if (auto refusal = Check(command)) return *refusal;
  Head* head = FindHead(command.tenant, command.conversation);
  if (head == nullptr) return Refusal{RefusalCode::kNotFound, "conversation_id"};
  // Before asking who may write: what was taken once is answered the same for ever.
  auto found = FindMessage(head->record, AuthorOf(command), command.client_number, DigestOf(command.parts));
  if (found.verdict == ClientNumbers::Verdict::kRepeat) return Appended{found.number, true};
  if (head->record.state != ConversationState::kOpen) {
    return Refusal{RefusalCode::kConversationClosed, "conversation_id"};
  }
  if (auto refusal = RefusalOf(found.verdict)) return *refusal;
  if (head->record.last_number >= kMaxMessages) return Refusal{RefusalCode::kConversationFull, "conversation_id"};
  switch (command.author) {
    case AuthorKind::kCustomer:
      return AppendOfCustomer(*head, command, now);
    case AuthorKind::kAgent:
    case AuthorKind::kBot:
      return AppendOfAgent(*head, command, now);
    case AuthorKind::kSystem:
      return AppendOfSystem(*head, command, now);
  }
  return Refusal{RefusalCode::kMissing, "author"};
}

Answer SessionCore::AppendOfCustomer(Head& head, AppendMessage& command, Instant now) {
  ContactRecord* contact = nullptr;
  for (ContactRecord& candidate : head.record.contacts) {
    if (candidate.IsLive() && (command.channel.empty() || candidate.channel == command.channel)) contact = &candidate;
  }
  if (contact == nullptr) return Refusal{RefusalCode::kNoLiveContact, "conversation_id"};
  uint64_t number = Write(head, contact, AuthorOf(command), command.client_number, std::move(command.parts), now);
  CustomerWrote(head, *contact, now);
  Changed(head);
  return Appended{number, false};
}

Answer SessionCore::AppendOfAgent(Head& head, AppendMessage& command, Instant now) {
  ContactRecord* contact = nullptr;
  const Grant* grant = nullptr;
  for (ContactRecord& candidate : head.record.contacts) {
    if (!command.contact.IsNil() && candidate.id != command.contact) continue;
    const Grant* held = FindGrant(candidate, command.agent);
    if (held == nullptr || (grant != nullptr && Writes(*contact, *grant))) continue;
    contact = &candidate;
    grant = held;
  }
  if (grant == nullptr) return Refusal{RefusalCode::kNoGrant, "agent"};
  if (!Writes(*contact, *grant)) return Refusal{RefusalCode::kReadOnly, "agent"};
  Author author = AuthorOf(command);
  if (grant->agent_kind == AgentKind::kBot) author.kind = AuthorKind::kBot;
  uint64_t number = Write(head, contact, std::move(author), command.client_number, std::move(command.parts), now);
  AgentWrote(head, *contact, now);
  Changed(head);
  return Appended{number, false};
}

Answer SessionCore::AppendOfSystem(Head& head, AppendMessage& command, Instant now) {
  ContactRecord* contact = nullptr;
  for (ContactRecord& candidate : head.record.contacts) {
    if (candidate.id == command.contact && candidate.IsLive()) contact = &candidate;
  }
  if (contact == nullptr && !command.contact.IsNil()) return Refusal{RefusalCode::kNotFound, "contact_id"};
  uint64_t number = Write(head, contact, AuthorOf(command), command.client_number, std::move(command.parts), now);
  Changed(head);
  return Appended{number, false};
}

uint64_t SessionCore::Write(Head& head, ContactRecord* contact, Author author, uint64_t client_number,
                            std::vector<MessagePart> parts, Instant now) {
  ConversationRecord& record = head.record;
  uint64_t number = ++record.last_number;
  NoteMessage(record, author, client_number, number, DigestOf(parts));
  record.last_activity_at = now;
  if (contact != nullptr) record.session_lifetime = contact->session_lifetime;

  auto stored = std::make_shared<MessageRecord>();
  stored->conversation = record.id;
  stored->message = {
      number, contact == nullptr ? ContactId{} : contact->id, std::move(author), client_number, now, std::move(parts)};
  sink_.Happened(record.tenant, now,
                 MessageAppendedEvent{record.id, stored->message.contact, number, stored->message.author.kind});
  sink_.Send(Deliver{record.tenant, record.id, stored});
  sink_.Message(std::move(stored));
  return number;
}

}  // namespace meridian::conversation
