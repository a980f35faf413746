// One routing shard in this process: its loop, and what it acknowledged to callers here, kept where the store may lose
// it and sent again in the next term. Any thread; the loop is stepped by whoever owns the shard (a ShardThread, or a
// test).
#pragma once

#include "libs/runtime/command_replayer.h"
#include "libs/runtime/shard_loop.h"
#include "services/routing/routing_client.h"
#include "services/routing/routing_program.h"

namespace meridian {

class RoutingShard {
 public:
  using Loop = ShardLoop<RoutingProgram>;

  // `hooks.on_term` is the shard's own.
  RoutingShard(RegionCode region, ShardLoopOptions options, ShardPorts ports, ShardHooks<RoutingProgram> hooks);

  // As RoutingClient::Send, for a tenant of this shard.
  void Send(RoutingCommand command, Lane lane, RoutingClient::Done<Answer> done);

  Loop& loop() { return loop_; }
  const Loop& loop() const { return loop_; }

 private:
  CommandReplayer<RoutingProgram> replayer_;
  Loop loop_;
};

}  // namespace meridian
