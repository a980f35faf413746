// The gateways of this process: each message goes to the one whose key it names. Register and the end of a
// registration: any thread; the others: the shards' thread.
#pragma once

#include <map>
#include <memory>
#include <mutex>

#include "services/routing/routing_client.h"

namespace meridian {

class GatewayRegistry {
 public:
  // Of two registrations of one key the newer gets the messages. The end of one waits for a call that is running, so it
  // must not come from inside its own callback.
  std::unique_ptr<RoutingClient::Registration> Register(GatewayKey gateway, RoutingClient::GatewayCallbacks callbacks);

  // A message for a gateway that is not here any more is dropped: its agents are detached by whoever sees them gone.
  void Deliver(const TenantId& tenant, GatewayMessage message);
  void TellTerm();

 private:
  struct Entry {
    std::mutex mutex;  // held during a call
    bool ended = false;
    RoutingClient::GatewayCallbacks callbacks;
  };
  class Held;
  // Outlives the registry as long as registrations are held.
  struct State {
    std::mutex mutex;
    std::map<GatewayKey, std::shared_ptr<Entry>> entries;
  };

  const std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace meridian
