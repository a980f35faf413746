#include "services/routing/gateway_desk.h"

#include <algorithm>

#include "libs/error/error.h"
#include "libs/runtime/refusal.h"

namespace meridian {
namespace {

constexpr Duration kFirstRetry = Duration::Milliseconds(50);
constexpr Duration kLongestRetry = Duration::Seconds(10);

// The shard's next term has every agent detached until it is attached again there.
bool WentElsewhere(const absl::Status& status) {
  const std::string reason = ErrorReason(status);
  return reason == refusal::kNotOwner || reason == refusal::kShuttingDown;
}

}  // namespace

std::shared_ptr<GatewayDesk> GatewayDesk::Create(RoutingClient* routing, rpc::DeadlineTimer* timer) {
  std::shared_ptr<GatewayDesk> desk(new GatewayDesk(routing, timer));
  desk->self_ = desk;
  return desk;
}

uint64_t GatewayDesk::Register(const GatewayKey& gateway, uint64_t peer) {
  std::lock_guard lock(mutex_);
  Held& held = gateways_[gateway];
  // What was sent over the stream before may be lost: agents that were not detached would not be told of it again when
  // they are attached anew.
  if (held.peer != 0) DetachAll(gateway, held);
  held = {peer, ++last_registration_, {}};
  return last_registration_;
}

absl::Status GatewayDesk::NoteAttach(uint64_t peer, const TenantId& tenant, const AttachAgent& attach) {
  std::lock_guard lock(mutex_);
  const auto found = gateways_.find(attach.gateway);
  if (found == gateways_.end() || found->second.peer != peer) {
    return MakeError(absl::StatusCode::kUnavailable, "GATEWAY_NOT_REGISTERED",
                     "the gateway that holds the connection is not registered over this stream");
  }
  found->second.agents[{tenant, attach.agent}] = attach.attachment;
  return absl::OkStatus();
}

void GatewayDesk::NoteDetach(uint64_t peer, const TenantId& tenant, const DetachAgent& detach) {
  std::lock_guard lock(mutex_);
  for (auto& [gateway, held] : gateways_) {
    if (held.peer != peer) continue;
    const auto found = held.agents.find({tenant, detach.agent});
    if (found != held.agents.end() && found->second <= detach.attachment) held.agents.erase(found);
  }
}

void GatewayDesk::Unregister(const GatewayKey& gateway, uint64_t registration) {
  std::lock_guard lock(mutex_);
  const auto found = gateways_.find(gateway);
  if (found == gateways_.end() || found->second.registration != registration || found->second.peer == 0) return;
  DetachAll(gateway, found->second);
  if (found->second.agents.empty()) gateways_.erase(found);
}

void GatewayDesk::PeerClosed(uint64_t peer) {
  std::lock_guard lock(mutex_);
  for (auto& [gateway, held] : gateways_) {
    if (held.peer == peer) DetachAll(gateway, held);
  }
  std::erase_if(gateways_, [](const auto& entry) { return entry.second.peer == 0 && entry.second.agents.empty(); });
}

void GatewayDesk::Close() {
  std::lock_guard lock(mutex_);
  routing_ = nullptr;
}

// Under the lock, so that they stand in the shards' mailboxes before what the gateway attaches after it has registered
// anew.
void GatewayDesk::DetachAll(const GatewayKey& gateway, Held& held) {
  held.peer = 0;
  const auto agents = std::exchange(held.agents, {});
  for (const auto& [agent, attachment] : agents) {
    held.agents.emplace(agent, attachment);
    Detach(gateway, agent.first, {agent.second, attachment, DetachCause::kConnectionLost}, Duration::Zero());
  }
}

// The answer may come on this thread, under the lock: it only asks for a timer, which takes note of it too.
void GatewayDesk::Detach(const GatewayKey& gateway, const TenantId& tenant, const DetachAgent& detach,
                         Duration waited) {
  if (routing_ == nullptr) return;
  routing_->Send(tenant, {{{ActorRole::kService, "routing"}, {}}, detach}, std::nullopt, Lane::kLiveWork,
                 [weak = self_, timer = timer_, gateway, tenant, detach, waited](absl::StatusOr<Answer> answer) {
                   const bool is_done = answer.ok() || WentElsewhere(answer.status());
                   const Duration next =
                       is_done ? Duration::Zero() : std::clamp(waited * 2, kFirstRetry, kLongestRetry);
                   timer->After(next, [weak, gateway, tenant, detach, next, done = is_done] {
                     const auto desk = weak.lock();
                     if (desk == nullptr) return;
                     std::lock_guard lock(desk->mutex_);
                     const auto found = desk->gateways_.find(gateway);
                     if (found == desk->gateways_.end() || found->second.peer != 0) return;  // it is back
                     if (!done) return desk->Detach(gateway, tenant, detach, next);
                     found->second.agents.erase({tenant, detach.agent});
                     if (found->second.agents.empty()) desk->gateways_.erase(found);
                   });
                 });
}

}  // namespace meridian
