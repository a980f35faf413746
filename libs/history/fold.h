// Entries of the shards' logs folded into what history keeps. Pure functions, any thread.
#pragma once

#include <string_view>
#include <unordered_map>

#include "absl/status/status.h"
#include "libs/history/history_store.h"
#include "libs/runtime/shard_id.h"

namespace meridian::history {

// What several entries add, with one update per contact and conversation.
class Fold {
 public:
  // `entry`: of the log of a shard of this kind. DATA_LOSS for bytes that are no such entry; nothing of it was added.
  absl::Status Add(ShardKind kind, std::string_view entry);
  bool empty() const { return contacts_.empty() && conversations_.empty(); }
  size_t size() const { return contacts_.size() + conversations_.size(); }
  // Into the batch; the fold starts anew.
  void MoveTo(Batch& batch);

 private:
  // An id is unique in all tenants, but nothing breaks where it should not be.
  template <typename Id>
  struct Key {
    TenantId tenant;
    Id id;
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct HashOfId {
    template <typename Id>
    size_t operator()(const Key<Id>& key) const {
      return std::hash<Id>()(key.id);
    }
  };
  template <typename Id, typename Update>
  using Updates = std::unordered_map<Key<Id>, Update, HashOfId>;

  template <typename Id, typename Update>
  static void Absorb(Updates<Id, Update>& updates, Update update);
  absl::Status AddRouting(std::string_view entry);
  absl::Status AddSession(std::string_view entry);

  Updates<ContactId, ContactUpdate> contacts_;
  Updates<ConversationId, ConversationUpdate> conversations_;
};

}  // namespace meridian::history
