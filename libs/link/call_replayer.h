// The client side of replay over links: keeps the calls that shards of other processes acknowledged and may yet lose,
// and sends them again, in their order, when a term begins without them (replay_desk.h asks). What was kept for a shard
// goes to whoever owns it by then. While nothing was ever acknowledged so, nothing is followed.
//
// Bounded (link_limits.h). Owned by the LinkRouter. Any thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "libs/link/link_client.h"
#include "libs/link/link_limits.h"
#include "libs/link/standing_feed.h"
#include "libs/runtime/acknowledged_commands.h"
#include "libs/runtime/shard_id.h"

namespace meridian {

struct CallReplayerPorts {
  std::function<LinkClient&(const std::string& address)> link_to;
  std::function<std::vector<std::string>()> addresses;  // of all processes that serve shards of the kind, sorted
  rpc::DeadlineTimer* timer = nullptr;
  const MonotonicClock* clock = nullptr;
};

class CallReplayer {
 public:
  CallReplayer(ShardKind kind, CallReplayerPorts ports);
  // What is under way has been answered, or will not be.
  ~CallReplayer();

  // `call.shard` acknowledged it.
  void Keep(LinkCall call, const Acknowledgement& answered);
  // What `addresses` says has changed.
  void FollowServers();
  // Follows nothing any more; not within a callback of a link.
  void Stop();

 private:
  using Calls = AcknowledgedCommands<LinkCall>;
  struct Shard {
    Calls kept{{.count = kKeptCalls, .bytes = kKeptBytes}};
    uint64_t term = 0;  // the newest that asked
  };

  std::unique_ptr<StandingFeed> Follow(const std::string& address);
  void OnTerm(const std::string& address, std::string_view bytes);
  void SendAgain(LinkClient& link, Calls::Kept lost, uint64_t term);
  void KeepLost(Calls::Kept lost);

  const ShardKind kind_;
  const CallReplayerPorts ports_;
  std::mutex mutex_;
  bool following_ = false;            // under mutex_
  std::map<uint32_t, Shard> shards_;  // under mutex_
  std::mutex feeds_mutex_;
  bool stopped_ = false;                                        // under feeds_mutex_
  std::map<std::string, std::unique_ptr<StandingFeed>> feeds_;  // under feeds_mutex_, by address
};

}  // namespace meridian
