#include "services/history/assemble.h"

#include <utility>

#include "libs/base/status_macros.h"
#include "libs/history/sqlite_history.h"
#include "services/history/handlers.h"

namespace meridian {
namespace {

// Enough for the entries of `gather` under load.
constexpr size_t kMaxInFlight = 16384;

RecorderPorts RecorderPortsFor(const HistoryPorts& ports, history::HistoryStore* store) {
  return {store, ports.event_log, ports.monotonic, ports.wall, ports.metrics, ports.log};
}

std::unique_ptr<LogFollower> MakeFollower(ShardId source, const HistoryPorts& ports, Recorder& recorder) {
  LogFollowerOptions options{source, "history"};
  options.max_in_flight = kMaxInFlight;
  LogFollowerPorts follower_ports;
  follower_ports.log = ports.event_log;
  follower_ports.clock = ports.monotonic;
  follower_ports.stored_position = [&recorder, source](auto done) { recorder.StoredPosition(source, std::move(done)); };
  follower_ports.deliver = [&recorder](FollowedEntry entry, auto done) {
    recorder.Deliver(std::move(entry), std::move(done));
  };
  follower_ports.on_error = [log = ports.log, source](const absl::Status& why) {
    if (log == nullptr) return;
    log->Warning("history could not follow a log",
                 {{"shard", source.number}, {"session", source.kind == ShardKind::kSession}, {"code", why.code()}});
  };
  return std::make_unique<LogFollower>(std::move(options), std::move(follower_ports));
}

}  // namespace

AssembledHistory::AssembledHistory(const AssembleHistoryOptions& options, const HistoryPorts& ports,
                                   std::unique_ptr<history::HistoryStore> store)
    : store_(std::move(store)),
      recorder_(options.recorder, RecorderPortsFor(ports, store_.get())),
      thread_(ports.monotonic, "history") {
  for (const ShardId source : options.sources) {
    followers_.push_back(MakeFollower(source, ports, recorder_));
    thread_.Add(followers_.back().get());
  }
  thread_.Add(&recorder_);
}

void AssembledHistory::Start() {
  thread_.Start();
  for (const auto& follower : followers_) follower->Start();
}

void AssembledHistory::Bind(rpc::MethodTable& table) { BindHistory(*store_, reader_, table); }

absl::StatusOr<std::unique_ptr<AssembledHistory>> AssembleHistory(const AssembleHistoryOptions& options,
                                                                  const HistoryPorts& ports) {
  MERIDIAN_ASSIGN_OR_RETURN(auto store, history::SqliteHistory::Open({options.file, options.owner, {}}));
  return std::make_unique<AssembledHistory>(options, ports, std::move(store));
}

}  // namespace meridian
