#include "libs/conversation/directory.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <utility>

#include "libs/base/check.h"

namespace meridian::conversation {
namespace {

// Commands wake few: some more keep up with them. Of those that may not rest not many are looked at in vain.
constexpr int kRestsAtOnce = 8;
constexpr int kVainLooks = 2;

}  // namespace

uint64_t Directory::HashOf(const TenantId& tenant, const Identity& identity) {
  return StableHash(Uuid{StableHash(tenant.value) ^ StableHash(identity.kind), StableHash(identity.address)});
}

bool Directory::HasIdentity(Conversation& conversation, const IdentityKey& key) {
  if (conversation.identity_hash != key.hash) return false;
  const ConversationRecord& record = Wake(conversation).record;
  return record.identity == key.identity && record.tenant == key.tenant;
}

Head* Directory::Find(const ConversationId& id) {
  auto found = conversations_.find(id);
  return found == conversations_.end() ? nullptr : &Wake(**found);
}

Head* Directory::FindByContact(const ContactId& id) {
  auto found = by_contact_.find(id);
  return found == by_contact_.end() ? nullptr : &Wake(*found->second);
}

Head* Directory::FindByIdentity(const TenantId& tenant, const Identity& identity) {
  auto found = by_identity_.find(IdentityKey{tenant, identity, HashOf(tenant, identity)});
  return found == by_identity_.end() ? nullptr : &Wake(**found);
}

Head& Directory::Wake(Conversation& conversation) {
  if (conversation.head != nullptr) {
    recent_.splice(recent_.begin(), recent_, conversation.head->recent);
    return *conversation.head;
  }
  conversation.head = std::make_unique<Head>(conversation);
  Head& head = *conversation.head;
  head.record = packing_.unpack(conversation.packed_record());
  head.retries.resize(head.record.contacts.size());
  head.absent_since = conversation.absent_since;
  conversation.packed.reset();
  head.recent = recent_.insert(recent_.begin(), &conversation);
  return head;
}

Head* Directory::Add(ConversationRecord record) {
  if (conversations_.contains(record.id)) return nullptr;
  const bool open = record.state == ConversationState::kOpen;
  if (open && FindByIdentity(record.tenant, record.identity) != nullptr) return nullptr;
  if (std::any_of(record.contacts.begin(), record.contacts.end(),
                  [this](const ContactRecord& contact) { return HasContact(contact.id); })) {
    return nullptr;
  }
  auto owned = std::make_unique<Conversation>();
  Conversation& conversation = *owned;
  conversation.id = record.id;
  conversation.identity_hash = HashOf(record.tenant, record.identity);
  conversation.head = std::make_unique<Head>(conversation);
  Head& head = *conversation.head;
  head.record = std::move(record);
  head.retries.resize(head.record.contacts.size());
  head.recent = recent_.insert(recent_.begin(), &conversation);
  conversations_.insert(std::move(owned));
  if (open) by_identity_.insert(&conversation);
  for (const ContactRecord& contact : head.record.contacts) by_contact_.emplace(contact.id, &conversation);
  return &head;
}

void Directory::AddContact(const ContactId& contact, Head& head) {
  MERIDIAN_CHECK(by_contact_.emplace(contact, &head.of).second);
}

void Directory::RemoveContact(const ContactId& contact) { MERIDIAN_CHECK(by_contact_.erase(contact) == 1); }

void Directory::ReleaseIdentity(Head& head) { MERIDIAN_CHECK(by_identity_.erase(&head.of) == 1); }

std::unique_ptr<Head> Directory::Remove(Head& head) {
  auto found = conversations_.find(head.record.id);
  MERIDIAN_CHECK(found != conversations_.end() && (*found)->head.get() == &head);
  recent_.erase(head.recent);
  std::unique_ptr<Head> owned = std::move((*found)->head);
  conversations_.erase(found);
  return owned;
}

bool Directory::MayRest(const Head& head) {
  return !head.dirty && head.connections.empty() &&
         std::none_of(head.record.contacts.begin(), head.record.contacts.end(), [](const ContactRecord& contact) {
           return contact.phase == ContactPhase::kPending || contact.HasUnansweredEdge();
         });
}

void Directory::Rest(Conversation& conversation, std::string_view packed) {
  const Head& head = *conversation.head;
  MERIDIAN_CHECK(MayRest(head));
  const std::string made = packed.empty() ? packing_.pack(head.record) : std::string();
  if (packed.empty()) packed = made;
  conversation.packed.reset(new char[packed.size()]);
  std::memcpy(conversation.packed.get(), packed.data(), packed.size());
  conversation.packed_bytes = static_cast<uint32_t>(packed.size());
  conversation.absent_since = head.absent_since;
  recent_.erase(head.recent);
  conversation.head.reset();
}

void Directory::LetRest() {
  if (!packing_.pack) return;
  int vain = 0;
  for (int i = 0; i < kRestsAtOnce && recent_.size() > max_awake_ && vain < kVainLooks; ++i) {
    Conversation& oldest = *recent_.back();
    if (MayRest(*oldest.head)) {
      Rest(oldest);
    } else {
      recent_.splice(recent_.begin(), recent_, std::prev(recent_.end()));
      ++vain;
    }
  }
}

void Directory::Clear() {
  by_contact_.clear();
  by_identity_.clear();
  recent_.clear();
  conversations_.clear();
}

}  // namespace meridian::conversation
