// Entries of the shards' logs folded into what history keeps. Pure functions, any thread.
#pragma once

#include <map>
#include <string_view>
#include <utility>

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
  absl::Status AddRouting(std::string_view entry);
  absl::Status AddSession(std::string_view entry);

  std::map<std::pair<TenantId, ContactId>, ContactUpdate> contacts_;
  std::map<std::pair<TenantId, ConversationId>, ConversationUpdate> conversations_;
};

}  // namespace meridian::history
