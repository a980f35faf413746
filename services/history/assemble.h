// History, put together: options and ports → followers of the shards' logs, the recorder, and a thread that steps them.
//
//   MERIDIAN_ASSIGN_OR_RETURN(auto history, AssembleHistory(options, ports));
//   history->Start();
//   history->Bind(methods);
//   history->Drain(Duration::Seconds(5));
//
// A history that is stopped delays itself and loses nothing: each log keeps what history has not recorded.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/rpc/method_table.h"
#include "libs/runtime/shard_thread.h"
#include "libs/runtime/worker_thread.h"
#include "services/history/recorder.h"

namespace meridian {

struct AssembleHistoryOptions {
  std::string file;   // of the history; its folder must exist
  std::string owner;  // the process, as a second one on the same file is told
  std::vector<ShardId> sources;
  RecorderOptions recorder;
};

struct HistoryPorts {
  EventLog* event_log = nullptr;  // of all sources
  const MonotonicClock* monotonic = nullptr;
  const WallClock* wall = nullptr;
  Metrics* metrics = nullptr;
  Log* log = nullptr;
};

class AssembledHistory {
 public:
  AssembledHistory(const AssembleHistoryOptions& options, const HistoryPorts& ports,
                   std::unique_ptr<history::HistoryStore> store);

  void Start();
  void Bind(rpc::MethodTable& table);
  const history::HistoryStore& store() const { return *store_; }
  // Records what was read, and joins. False when `patience` was not enough. Once.
  bool Drain(Duration patience) { return thread_.Drain(patience); }

 private:
  const std::unique_ptr<history::HistoryStore> store_;
  Recorder recorder_;
  std::vector<std::unique_ptr<LogFollower>> followers_;
  ShardThread thread_;
  WorkerThread reader_{"history-reads"};
};

// Fails as SqliteHistory::Open does. The ports must outlive it.
absl::StatusOr<std::unique_ptr<AssembledHistory>> AssembleHistory(const AssembleHistoryOptions& options,
                                                                  const HistoryPorts& ports);

}  // namespace meridian
