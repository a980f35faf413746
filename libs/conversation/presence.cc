// The customer's connections, and what a reader may read.
#include <algorithm>

#include "libs/conversation/authors.h"
#include "libs/conversation/session_core.h"

namespace meridian::conversation {

Answer SessionCore::On(WatchConversation& command, Instant) {
  Head* head = FindHead(command.tenant, command.conversation);
  if (head == nullptr) return Refusal{RefusalCode::kNotFound, "conversation_id"};
  auto& connections = head->connections;
  if (std::find(connections.begin(), connections.end(), command.connection) != connections.end()) return Done{};
  if (connections.size() >= kMaxConnections) return Refusal{RefusalCode::kTooMany, "connection"};
  connections.push_back(command.connection);
  Rearm(*head);
  return Done{};
}

Answer SessionCore::On(UnwatchConversation& command, Instant now) {
  Head* head = FindHead(command.tenant, command.conversation);
  if (head == nullptr) return Done{};
  if (std::erase(head->connections, command.connection) == 0 || !head->connections.empty()) return Done{};
  head->absent_since = now;
  Rearm(*head);
  return Done{};
}

Answer SessionCore::On(OpenReading& command, Instant) {
  const Head* head = FindHead(command.tenant, command.conversation);
  if (head == nullptr) return Refusal{RefusalCode::kNotFound, "conversation_id"};
  const ConversationRecord& record = head->record;
  ReadingOpened answer;
  answer.last_number = record.last_number;
  Author self{command.agent.empty() ? AuthorKind::kCustomer : AuthorKind::kAgent, command.agent};
  if (const AuthorRecord* author = FindAuthor(record, self)) answer.last_client_number = author->numbers.highest();

  if (command.agent.empty()) {
    answer.ranges.push_back({{}, command.after_number, record.last_number});
    for (const ContactRecord& contact : record.contacts) {
      if (!contact.IsLive()) continue;
      answer.contact = contact.id;
      answer.contact_phase = contact.phase;
    }
    return answer;
  }
  for (const ContactRecord& contact : record.contacts) {
    for (const Grant& grant : contact.grants) {
      if (grant.agent != command.agent) continue;
      answer.ranges.push_back({contact.id, std::max(command.after_number, grant.from_number - 1), record.last_number});
    }
  }
  if (answer.ranges.empty()) return Refusal{RefusalCode::kNoGrant, "agent"};
  return answer;
}

}  // namespace meridian::conversation
