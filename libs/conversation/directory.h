// The conversations of a shard that are not closed, found by id, by the identity of an open one, and by a contact that
// lives in it. Owns them, and decides which are awake: whatever is found is, and so are all with something under way.
// While more than `max_awake` are awake in all, LetRest packs some of those with nothing under way, the ones that were
// not found for longest first. That is an aim and no bound: those with something under way count towards it and cannot
// be packed, and a call of LetRest gives up once it met some of them. The hash tables are never walked: their order
// means nothing.
// One thread at a time; a head is valid until it is removed, or LetRest or Rest is called.
#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "libs/base/entity_id.h"
#include "libs/conversation/head.h"

namespace meridian::conversation {

// A record's bytes while its conversation is at rest. `unpack` reads what `pack` wrote, or what the store gave, perhaps
// written by another release. Both empty: every conversation stays awake.
struct RecordPacking {
  std::function<std::string(const ConversationRecord&)> pack;
  std::function<ConversationRecord(std::string_view)> unpack;
};

class Directory {
 public:
  Directory(RecordPacking packing, size_t max_awake) : packing_(std::move(packing)), max_awake_(max_awake) {}
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;

  Head* Find(const ConversationId& id);
  Head* FindByContact(const ContactId& id);
  Head* FindByIdentity(const TenantId& tenant, const Identity& identity);
  bool HasContact(const ContactId& id) const { return by_contact_.contains(id); }  // wakes nobody
  Head& Wake(Conversation& conversation);

  // nullptr, and nothing is added, when the id, the identity of an open conversation or a contact is there already.
  Head* Add(ConversationRecord record);
  // The index of contacts follows the record's: call it beside each change of record.contacts.
  void AddContact(const ContactId& contact, Head& head);
  void RemoveContact(const ContactId& contact);
  // The identity is free for another conversation from now on.
  void ReleaseIdentity(Head& head);
  // Its contacts are gone already.
  std::unique_ptr<Head> Remove(Head& head);

  // Nothing is under way in it: what a rest forgets (retries and connections) is not there.
  static bool MayRest(const Head& head);
  // `packed` is what packing it would give, where that is known.
  void Rest(Conversation& conversation, std::string_view packed = {});
  // A few of those that were not found for longest, while more than `max_awake` are awake.
  void LetRest();

  size_t size() const { return conversations_.size(); }
  size_t awake() const { return recent_.size(); }
  void Clear();

 private:
  struct HashOfId {
    using is_transparent = void;
    size_t operator()(const ConversationId& id) const { return std::hash<ConversationId>()(id); }
    size_t operator()(const std::unique_ptr<Conversation>& conversation) const { return (*this)(conversation->id); }
  };
  struct SameId {
    using is_transparent = void;
    bool operator()(const std::unique_ptr<Conversation>& a, const std::unique_ptr<Conversation>& b) const {
      return a->id == b->id;
    }
    bool operator()(const std::unique_ptr<Conversation>& a, const ConversationId& id) const { return a->id == id; }
    bool operator()(const ConversationId& id, const std::unique_ptr<Conversation>& a) const { return a->id == id; }
  };
  // Identities are in the records: an equal hash has the conversation waken, to compare.
  struct IdentityKey {
    const TenantId& tenant;
    const Identity& identity;
    uint64_t hash;
  };
  struct HashOfIdentity {
    using is_transparent = void;
    size_t operator()(const Conversation* conversation) const { return conversation->identity_hash; }
    size_t operator()(const IdentityKey& key) const { return key.hash; }
  };
  struct SameIdentity {
    using is_transparent = void;
    Directory* directory;
    bool operator()(const Conversation* a, const Conversation* b) const { return a == b; }
    bool operator()(Conversation* a, const IdentityKey& key) const { return directory->HasIdentity(*a, key); }
    bool operator()(const IdentityKey& key, Conversation* a) const { return directory->HasIdentity(*a, key); }
  };
  using ByIdentity = absl::flat_hash_set<Conversation*, HashOfIdentity, SameIdentity>;  // looked up, never walked

  static uint64_t HashOf(const TenantId& tenant, const Identity& identity);
  bool HasIdentity(Conversation& conversation, const IdentityKey& key);

  const RecordPacking packing_;
  const size_t max_awake_;
  absl::flat_hash_set<std::unique_ptr<Conversation>, HashOfId, SameId> conversations_;  // looked up, never walked
  absl::flat_hash_map<ContactId, Conversation*> by_contact_;                            // looked up, never walked
  ByIdentity by_identity_{0, HashOfIdentity{}, SameIdentity{this}};                     // looked up, never walked
  std::list<Conversation*> recent_;  // those that are awake, found last first
};

}  // namespace meridian::conversation
