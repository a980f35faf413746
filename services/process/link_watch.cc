#include "services/process/link_watch.h"

#include <mutex>

namespace meridian {
namespace {

constexpr Duration kInterval = Duration::Milliseconds(250);

std::string NameOf(const std::string& kind) { return "link to " + kind; }

}  // namespace

struct LinkWatch::State {
  void Look(const std::shared_ptr<State>& self) {
    std::lock_guard lock(mutex);
    if (closed) return;
    for (const auto& [kind, probe] : kinds) {
      const LinkRouter::Reach reach = probe();
      readiness->Tell(NameOf(kind), reach.connected > 0,
                      std::to_string(reach.connected) + " of " + std::to_string(reach.known) + " processes reached",
                      absl::OkStatus());
    }
    timer->After(kInterval, [weak = std::weak_ptr<State>(self)] {
      if (const auto state = weak.lock()) state->Look(state);
    });
  }

  rpc::DeadlineTimer* timer = nullptr;
  Readiness* readiness = nullptr;
  std::vector<std::pair<std::string, Probe>> kinds;
  std::mutex mutex;
  bool closed = false;  // under mutex
};

LinkWatch::LinkWatch(rpc::DeadlineTimer* timer, Readiness* readiness, std::vector<std::pair<std::string, Probe>> kinds)
    : state_(std::make_shared<State>()) {
  state_->timer = timer;
  state_->readiness = readiness;
  state_->kinds = std::move(kinds);
  for (const auto& [kind, probe] : state_->kinds) readiness->Expect(NameOf(kind));
  state_->Look(state_);
}

LinkWatch::~LinkWatch() {
  std::lock_guard lock(state_->mutex);
  state_->closed = true;
}

}  // namespace meridian
