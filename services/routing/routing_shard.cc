#include "services/routing/routing_shard.h"

#include <utility>

namespace meridian {
namespace {

ShardHooks<RoutingProgram> WithReplay(ShardHooks<RoutingProgram> hooks, CommandReplayer<RoutingProgram>& replayer) {
  hooks.on_term = replayer.OnTermHook();
  return hooks;
}

}  // namespace

RoutingShard::RoutingShard(RegionCode region, ShardLoopOptions options, ShardPorts ports,
                           ShardHooks<RoutingProgram> hooks)
    : replayer_("callers", ports.store->MayLoseAcknowledgedTail(), ports.monotonic),
      loop_(std::make_unique<RoutingProgram>(region), std::move(options), ports,
            WithReplay(std::move(hooks), replayer_)) {
  replayer_.Serve(&loop_);
}

void RoutingShard::Send(RoutingCommand command, Lane lane, RoutingClient::Done<Answer> done) {
  auto shared = std::make_shared<RoutingClient::Done<Answer>>(std::move(done));
  Loop::Done answered = [shared](RoutingAnswer&& answer) {
    if (!answer.status.ok()) return (*shared)(answer.status);
    (*shared)(std::move(answer.answer));
  };
  answered = replayer_.Keeping(command, std::move(answered));
  const absl::Status posted = loop_.Post(std::move(command), lane, std::move(answered));
  if (!posted.ok()) (*shared)(posted);
}

}  // namespace meridian
