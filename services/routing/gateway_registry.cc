#include "services/routing/gateway_registry.h"

#include <utility>
#include <vector>

namespace meridian {

class GatewayRegistry::Held final : public RoutingClient::Registration {
 public:
  Held(std::shared_ptr<State> state, GatewayKey gateway, std::shared_ptr<Entry> entry)
      : state_(std::move(state)), gateway_(std::move(gateway)), entry_(std::move(entry)) {}
  ~Held() override {
    {
      std::lock_guard<std::mutex> lock(state_->mutex);
      const auto found = state_->entries.find(gateway_);
      if (found != state_->entries.end() && found->second == entry_) state_->entries.erase(found);
    }
    std::lock_guard<std::mutex> lock(entry_->mutex);
    entry_->ended = true;
  }

 private:
  const std::shared_ptr<State> state_;
  const GatewayKey gateway_;
  const std::shared_ptr<Entry> entry_;
};

std::unique_ptr<RoutingClient::Registration> GatewayRegistry::Register(GatewayKey gateway,
                                                                       RoutingClient::GatewayCallbacks callbacks) {
  auto entry = std::make_shared<Entry>();
  entry->callbacks = std::move(callbacks);
  std::lock_guard<std::mutex> lock(state_->mutex);
  state_->entries[gateway] = entry;
  return std::make_unique<Held>(state_, std::move(gateway), std::move(entry));
}

void GatewayRegistry::Deliver(const TenantId& tenant, GatewayMessage message) {
  std::shared_ptr<Entry> entry;
  {
    std::lock_guard<std::mutex> lock(state_->mutex);
    const auto found = state_->entries.find(message.gateway);
    if (found == state_->entries.end()) return;
    entry = found->second;
  }
  std::lock_guard<std::mutex> lock(entry->mutex);
  if (!entry->ended && entry->callbacks.on_message) entry->callbacks.on_message(tenant, std::move(message));
}

void GatewayRegistry::TellTerm() {
  std::vector<std::shared_ptr<Entry>> entries;
  {
    std::lock_guard<std::mutex> lock(state_->mutex);
    for (const auto& [gateway, entry] : state_->entries) entries.push_back(entry);
  }
  for (const auto& entry : entries) {
    std::lock_guard<std::mutex> lock(entry->mutex);
    if (!entry->ended && entry->callbacks.on_term) entry->callbacks.on_term();
  }
}

}  // namespace meridian
