// The server side of replay over links: asks the clients that are connected for what a new term lacks (a feed of
// terms), and hears from each that it has sent everything. The commands themselves come as calls of their methods
// (replay_of). A client that connects after a term began is asked as well, as long as callers keep what was
// acknowledged.
//
// Made where a process is assembled, before the shards that it is given to. Any thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <utility>

#include "libs/link/link_server.h"
#include "libs/runtime/remote_callers.h"

namespace meridian {

class ReplayDesk final : public RemoteCallers {
 public:
  // While callers come and go (the process has started, a network was cut) more may come; so long nothing has changed
  // when the last word is said, and so long with nobody there.
  static constexpr Duration kQuiet = Duration::Milliseconds(500);
  static constexpr Duration kEmptyQuiet = Duration::Seconds(2);
  static constexpr Duration kKept = Duration::Seconds(30);

  // `clock` outlives the desk and its feeds.
  ReplayDesk(ShardKind kind, const MonotonicClock* clock);

  // Once.
  void Bind(LinkServer& server);

  void Ask(ShardId shard, uint64_t term, uint64_t survived) override;
  bool HaveReplayed(ShardId shard, uint64_t term) override;

 private:
  class Source;
  struct Term {
    uint64_t number = 0;
    uint64_t survived = 0;
    MonotonicInstant began;
  };
  struct State {
    explicit State(const MonotonicClock* given) : clock(given), last_change(given->Now()) {}

    const MonotonicClock* const clock;
    std::mutex mutex;
    std::map<uint32_t, Term> terms;                    // by shard: the newest that asked
    std::map<uint64_t, Source*> callers;               // by stream
    MonotonicInstant last_change;                      // of `callers`
    std::set<std::pair<uint64_t, uint32_t>> replayed;  // stream and shard: for its newest term
  };

  absl::Status OnReplayed(const IncomingCall& call);

  const ShardKind kind_;
  const std::shared_ptr<State> state_;
};

}  // namespace meridian
