// Which gateways of other processes are connected, over which streams, and which agents they attached. A stream that
// ends takes its gateway's connections with it: their agents are detached, unless the gateway has registered over
// another stream meanwhile, over which it attaches again what it holds. Any thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include "libs/rpc/deadline_timer.h"
#include "services/routing/routing_client.h"

namespace meridian {

class GatewayDesk {
 public:
  // Both outlive the desk, and `routing` what the timer still has to do for it (Close).
  static std::shared_ptr<GatewayDesk> Create(RoutingClient* routing, rpc::DeadlineTimer* timer);

  // Names the registration; a later one of the same gateway takes its place.
  uint64_t Register(const GatewayKey& gateway, uint64_t peer);
  // The registration alone ended: the same as the end of the stream, unless another has taken its place.
  void Unregister(const GatewayKey& gateway, uint64_t registration);
  // UNAVAILABLE (GATEWAY_NOT_REGISTERED) unless the gateway is registered over the stream; else noted.
  absl::Status NoteAttach(uint64_t peer, const TenantId& tenant, const AttachAgent& attach);
  void NoteDetach(uint64_t peer, const TenantId& tenant, const DetachAgent& detach);
  void PeerClosed(uint64_t peer);
  // Nothing is asked of routing any more.
  void Close();

 private:
  struct Held {
    uint64_t peer = 0;  // 0: it went, and its agents are being detached
    uint64_t registration = 0;
    std::map<std::pair<TenantId, AgentId>, AttachmentNumber> agents;
  };

  GatewayDesk(RoutingClient* routing, rpc::DeadlineTimer* timer) : routing_(routing), timer_(timer) {}
  void DetachAll(const GatewayKey& gateway, Held& held);
  void Detach(const GatewayKey& gateway, const TenantId& tenant, const DetachAgent& detach, Duration waited);

  RoutingClient* routing_;  // null once closed
  rpc::DeadlineTimer* const timer_;
  std::weak_ptr<GatewayDesk> self_;
  std::mutex mutex_;
  uint64_t last_registration_ = 0;
  std::map<GatewayKey, Held> gateways_;
};

}  // namespace meridian
