#include "services/process/link_watch.h"

namespace meridian {
namespace {

constexpr Duration kInterval = Duration::Milliseconds(250);

}  // namespace

LinkWatch::LinkWatch(rpc::DeadlineTimer* timer, Readiness* readiness, Kinds kinds)
    : readiness_(*readiness), kinds_(std::move(kinds)), look_(timer, kInterval, [this] { Look(); }) {}

void LinkWatch::Look() {
  for (const auto& [kind, probe] : kinds_) {
    const LinkRouter::Reach reach = probe();
    const std::string state =
        std::to_string(reach.connected) + " of " + std::to_string(reach.known) + " processes reached";
    readiness_.Tell("link to " + kind, reach.connected > 0, state, absl::OkStatus());
  }
}

}  // namespace meridian
