// EventService: the tenant's events from its shard's log, as docs/events.md says.
#pragma once

#include "libs/rpc/method_table.h"
#include "libs/runtime/event_log.h"
#include "libs/runtime/shard_directory.h"
#include "libs/runtime/shard_store.h"

namespace meridian {

// All must outlive the servers.
struct EventPorts {
  EventLog* log = nullptr;
  ShardStore* store = nullptr;  // says where a shard's log ends now
  ShardDirectory* directory = nullptr;
};

void BindEvents(const EventPorts& ports, rpc::MethodTable& table);

}  // namespace meridian
