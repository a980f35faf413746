#include "libs/conversation/directory.h"

#include <utility>

#include "libs/base/check.h"

namespace meridian::conversation {

size_t Directory::IdentityHash::operator()(const IdentityKey& key) const noexcept {
  return StableHash(
      Uuid{StableHash(key.tenant.value) ^ StableHash(key.identity.kind), StableHash(key.identity.address)});
}

Head* Directory::Find(const ConversationId& id) const {
  auto found = heads_.find(id);
  return found == heads_.end() ? nullptr : found->second.get();
}

Head* Directory::FindByContact(const ContactId& id) const {
  auto found = by_contact_.find(id);
  return found == by_contact_.end() ? nullptr : found->second;
}

Head* Directory::FindByIdentity(const TenantId& tenant, const Identity& identity) const {
  auto found = by_identity_.find(IdentityKey{tenant, identity});
  return found == by_identity_.end() ? nullptr : found->second;
}

Head* Directory::Add(ConversationRecord record) {
  if (heads_.count(record.id) != 0) return nullptr;
  IdentityKey identity{record.tenant, record.identity};
  bool open = record.state == ConversationState::kOpen;
  if (open && by_identity_.count(identity) != 0) return nullptr;
  for (const ContactRecord& contact : record.contacts) {
    if (by_contact_.count(contact.id) != 0) return nullptr;
  }
  auto owned = std::make_unique<Head>();
  Head* head = owned.get();
  head->record = std::move(record);
  head->retries.resize(head->record.contacts.size());
  heads_.emplace(head->record.id, std::move(owned));
  if (open) by_identity_.emplace(std::move(identity), head);
  for (const ContactRecord& contact : head->record.contacts) by_contact_.emplace(contact.id, head);
  return head;
}

void Directory::AddContact(const ContactId& contact, Head& head) {
  MERIDIAN_CHECK(by_contact_.emplace(contact, &head).second);
}

void Directory::RemoveContact(const ContactId& contact) { MERIDIAN_CHECK(by_contact_.erase(contact) == 1); }

void Directory::ReleaseIdentity(Head& head) {
  MERIDIAN_CHECK(by_identity_.erase(IdentityKey{head.record.tenant, head.record.identity}) == 1);
}

std::unique_ptr<Head> Directory::Remove(Head& head) {
  auto found = heads_.find(head.record.id);
  MERIDIAN_CHECK(found != heads_.end() && found->second.get() == &head);
  std::unique_ptr<Head> owned = std::move(found->second);
  heads_.erase(found);
  return owned;
}

void Directory::Clear() {
  by_contact_.clear();
  by_identity_.clear();
  heads_.clear();
}

}  // namespace meridian::conversation
