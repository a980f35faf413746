// HistoryService: ended contacts and conversations of the token's tenant.
#pragma once

#include "libs/history/history_store.h"
#include "libs/rpc/method_table.h"
#include "libs/runtime/worker_thread.h"

namespace meridian {

// `reader` does the reading, which blocks; both must outlive the servers.
void BindHistory(history::HistoryStore& store, WorkerThread& reader, rpc::MethodTable& table);

}  // namespace meridian
