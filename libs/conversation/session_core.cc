#include "libs/conversation/session_core.h"

#include <utility>

namespace meridian::conversation {

SessionCore::SessionCore(SessionOptions options, RecordPacking packing)
    : options_(options), packing_(packing.pack != nullptr), directory_(std::move(packing), options.max_awake) {}

Answer SessionCore::Apply(Command command, Instant now) {
  directory_.LetRest();
  return std::visit([&](auto& body) { return On(body, now); }, command);
}

Head* SessionCore::FindHead(const TenantId& tenant, const ConversationId& id) const {
  Head* head = directory_.Find(id);
  return head == nullptr || head->record.tenant != tenant ? nullptr : head;
}

const ConversationRecord* SessionCore::Find(const ConversationId& id) const {
  const Head* head = directory_.Find(id);
  return head == nullptr ? nullptr : &head->record;
}

const ConversationRecord* SessionCore::FindByContact(const ContactId& id) const {
  const Head* head = directory_.FindByContact(id);
  return head == nullptr ? nullptr : &head->record;
}

const ConversationRecord* SessionCore::FindOpen(const TenantId& tenant, const Identity& identity) const {
  const Head* head = directory_.FindByIdentity(tenant, identity);
  return head == nullptr ? nullptr : &head->record;
}

std::optional<RoutingPosition> SessionCore::FollowedTo(uint32_t routing_shard) const {
  auto found = followed_.find(routing_shard);
  return found == followed_.end() ? std::nullopt : std::optional(found->second);
}

void SessionCore::Changed(Head& head) {
  sink_.Changed(head);
  Rearm(head);
}

void SessionCore::Leave(Head& head, const CommandOrigin& origin, Instant now) {
  head.record.state = ConversationState::kLeaving;
  head.record.close_reason = CloseReason::kClosedByCustomer;
  directory_.ReleaseIdentity(head);
  for (ContactRecord& contact : head.record.contacts) {
    if (contact.IsLive()) RaiseEdge(head, contact, EdgeKind::kCustomerLeft, CustomerLeftReason::kClosed, origin, now);
  }
  sink_.Send(ConversationClosed{head.record.tenant, head.record.id, head.record.close_reason});
  Changed(head);
}

void SessionCore::Close(Head& head, CloseReason reason, Instant now) {
  ConversationRecord& record = head.record;
  if (record.state == ConversationState::kOpen) {
    directory_.ReleaseIdentity(head);
    sink_.Send(ConversationClosed{record.tenant, record.id, reason});
  }
  record.state = ConversationState::kClosed;
  record.close_reason = reason;
  sink_.Happened(record.tenant, now, ConversationClosedEvent{record.id, reason});
  deadlines_.Remove(head.of);
  closed_.Add(record.id);
  NoteClosing(record.id, now);
  std::unique_ptr<Head> removed = directory_.Remove(head);
  sink_.Ended(*removed);
}

}  // namespace meridian::conversation
