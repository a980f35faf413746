#include "tests/simulation/worlds/routing_owner.h"

#include <algorithm>
#include <utility>

#include "tests/simulation/worlds/tenant.h"

namespace meridian::worlds {

Stepped* RoutingOwner::Build() {
  gateways_ = std::make_unique<GatewayRegistry>();
  ShardLoopOptions options;
  options.identity = {kRoutingShard, OwnerName(), schedule().Pick(UINT64_MAX), kLease};
  ShardHooks<RoutingProgram> hooks;
  hooks.on_message = [this](RoutingMessage&& message) {
    judge_.Answered(kRoutingShard, name());
    if (auto* sent = std::get_if<MessageToGateway>(&message)) {
      gateways_->Deliver(sent->tenant, std::move(sent->message));
    }
  };
  hooks.on_state = [this](ShardState state, const absl::Status& why) {
    Note("is " + std::string(ToString(state)) + (why.ok() ? "" : ": " + std::string(why.message())));
    if (state == ShardState::kServing) gateways_->TellTerm();
  };
  shard_ = std::make_unique<RoutingShard>(kRegion, std::move(options), ports(), std::move(hooks));
  return &shard_->loop();
}

void RoutingOwner::Launch() {
  shard_->loop().Start();
  if (on_start) on_start();
}

void RoutingOwner::Destroy() {
  if (shard_ == nullptr) return;
  if (on_crash) on_crash();
  shard_.reset();
  gateways_.reset();
}

void RoutingOwner::Serve(RoutingCommand command, Lane lane, RoutingClient::Done<Answer> done) {
  shard_->Send(std::move(command), lane,
               [this, life = life(), done = std::move(done)](absl::StatusOr<Answer> answer) mutable {
                 if (!life->alive) return;
                 if (answer.ok()) judge_.Answered(kRoutingShard, name());
                 done(std::move(answer));
               });
}

bool RoutingOwner::serving() const { return shard_ != nullptr && shard_->loop().state() == ShardState::kServing; }

const Engine* RoutingOwner::engine() const {
  if (!serving()) return nullptr;
  const auto engine = shard_->loop().program().FindEngine(kTenant);
  return engine.ok() ? *engine : nullptr;
}

void RoutingOwner::CheckInside() {
  const Engine* found = engine();
  const uint64_t now = shard_->loop().chain().next_number();
  if (found == nullptr || found->config_revision() == 0 || std::exchange(checked_, now) == now) return;
  found->CheckInvariants(shard_->loop().program().now());
}

// ---- from afar ----

void RoutingFromAfar::Send(const TenantId& tenant, Command command, std::optional<RequestKey> key, Lane lane,
                           Done<Answer> done) {
  RoutingOwner& owner = *owners_[believed_];
  auto serve = [&owner, tenant, command = std::move(command), key = std::move(key), lane](Done<Answer> back) {
    owner.Serve({tenant, key, command}, lane, std::move(back));
  };
  auto heard = [this, asked = believed_, done = std::move(done)](absl::StatusOr<Answer> answer) mutable {
    if (absl::IsUnavailable(answer.status()) && believed_ == asked) believed_ = (asked + 1) % owners_.size();
    done(std::move(answer));
  };
  network_.Ask<Answer>(from_, owner, std::move(serve), std::move(heard));
}

void RoutingFromAfar::Believe(const RoutingOwner& owner) {
  const auto found = std::ranges::find(owners_, &owner);
  if (found != owners_.end()) believed_ = static_cast<size_t>(found - owners_.begin());
}

std::shared_ptr<const admin::v1::TenantConfig> RoutingFromAfar::ConfigSnapshot(const TenantId&) const {
  static const auto config = std::make_shared<const admin::v1::TenantConfig>(Config());
  return config;
}

}  // namespace meridian::worlds
