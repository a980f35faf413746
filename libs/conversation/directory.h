// The conversations of a shard that are not closed, found by id, by the identity of an open one, and by a contact that
// lives in it. Owns the heads. The maps are never iterated: their order means nothing.
// One thread at a time; pointers are valid until the head is removed.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <unordered_map>

#include "libs/base/entity_id.h"
#include "libs/base/uuid.h"
#include "libs/conversation/head.h"

namespace meridian::conversation {

class Directory {
 public:
  Head* Find(const ConversationId& id) const;
  Head* FindByContact(const ContactId& id) const;
  Head* FindByIdentity(const TenantId& tenant, const Identity& identity) const;

  // nullptr, and nothing is added, when the id, the identity of an open conversation or a contact is there already.
  Head* Add(ConversationRecord record);
  // The index of contacts follows the record's: call it beside each change of record.contacts.
  void AddContact(const ContactId& contact, Head& head);
  void RemoveContact(const ContactId& contact);
  // The identity is free for another conversation from now on.
  void ReleaseIdentity(Head& head);
  // Its contacts are gone already.
  std::unique_ptr<Head> Remove(Head& head);

  size_t size() const { return heads_.size(); }
  void Clear();

 private:
  struct IdentityKey {
    TenantId tenant;
    Identity identity;
    friend bool operator==(const IdentityKey&, const IdentityKey&) = default;
  };
  struct IdentityHash {
    size_t operator()(const IdentityKey& key) const noexcept;
  };

  std::unordered_map<ConversationId, std::unique_ptr<Head>> heads_;   // lookup only
  std::unordered_map<ContactId, Head*> by_contact_;                   // lookup only
  std::unordered_map<IdentityKey, Head*, IdentityHash> by_identity_;  // lookup only
};

}  // namespace meridian::conversation
