// An opened store: its ports and whoever owns them. A value that is handed to the service that is assembled over it;
// the owner goes with it. Shared by processes where it is Redis.
#pragma once

#include <memory>
#include <utility>

#include "libs/runtime/event_log.h"
#include "libs/runtime/shard_directory.h"
#include "libs/runtime/shard_leases.h"
#include "libs/runtime/shard_placement.h"
#include "libs/runtime/shard_store.h"

namespace meridian {

struct SharedStore {
  ShardStore* store = nullptr;
  ShardLeases* leases = nullptr;
  ShardDirectory* directory = nullptr;
  EventLog* log = nullptr;
  std::shared_ptr<void> owner;          // null: somebody else holds it
  ShardPlacement* placement = nullptr;  // where processes share the store

  template <class Store>
  static SharedStore Of(Store* store, ShardLeases* leases, std::shared_ptr<void> owner = nullptr) {
    return {store, leases, store, store, std::move(owner), nullptr};
  }
};

}  // namespace meridian
