#include "tests/simulation/worlds/gateway.h"

#include <algorithm>
#include <utility>

#include "tests/simulation/worlds/tenant.h"

namespace meridian::worlds {
namespace {

constexpr Duration kFirstRetry = Duration::Milliseconds(50);
constexpr Duration kLongestRetry = Duration::Seconds(10);

}  // namespace

Gateway::Gateway(Schedule& schedule, Network& network, const std::vector<RoutingOwner*>& routing,
                 const std::vector<SessionOwner*>& session, std::string name)
    : Party(schedule, std::move(name)),
      network_(network),
      owners_(routing),
      clock_(schedule, Duration::Hours(1)),
      routing_(*this, network, routing),
      session_(*this, network, session) {}

void Gateway::Start() {
  Begin();
  Note("starts");
  key_ = {name() + "-" + std::to_string(schedule().Pick(UINT64_MAX))};
  last_number_ = 0;
  for (RoutingOwner* owner : owners_) {
    if (owner->alive()) Connect(*owner);
  }
}

void Gateway::Die(Duration down) {
  if (!alive()) return;
  Note("dies");
  End(false);
  registrations_.clear();
  for (auto& [agent, held] : std::exchange(held_, {})) {
    schedule().After(schedule().Between(Duration::Milliseconds(10), Duration::Seconds(2)),
                     [client = held.client] { client->OnLost(); });
  }
  schedule().After(down, [this] {
    if (!alive()) Start();
  });
}

// ---- the way to routing ----

void Gateway::OnOwnerStarted(RoutingOwner& owner) {
  if (!alive()) return;
  After(schedule().Between(Duration::Milliseconds(1), Duration::Milliseconds(300)), [this, &owner] { Connect(owner); });
}

void Gateway::OnOwnerDied(const RoutingOwner& owner) { registrations_.erase(owner.name()); }

void Gateway::Connect(RoutingOwner& owner) {
  if (registrations_.contains(owner.name()) || !owner.alive()) return;
  auto there = [this, &owner, mine = life()] {
    if (!mine->alive || registrations_.contains(owner.name())) return;
    const auto pass_on = [this, &owner, mine, broken = std::make_shared<bool>(false)](Schedule::Call deliver) {
      if (!mine->alive || *broken) return;
      *broken = !network_.Send(owner, *this, std::move(deliver), [this, &owner, mine] {
        if (mine->alive) Break(owner);
      });
    };
    RoutingClient::GatewayCallbacks callbacks;
    callbacks.on_message = [this, pass_on](const TenantId&, GatewayMessage&& message) {
      pass_on([this, message = std::move(message)] { OnMessage(message); });
    };
    callbacks.on_term = [this, &owner, pass_on] {
      pass_on([this, &owner] {
        routing_.Believe(owner);
        AttachAgain();
      });
    };
    registrations_[owner.name()] = owner.gateways()->Register(key_, std::move(callbacks));
    if (!owner.serving()) return;
    pass_on([this, &owner] {
      routing_.Believe(owner);
      AttachAgain();
    });
  };
  network_.Send(*this, owner, there, [this, &owner, mine = life()] {
    if (mine->alive) Break(owner);
  });
}

// What was lost on the way is not sent again under the same attachments: the agents attach anew.
void Gateway::Break(RoutingOwner& owner) {
  const bool told_of_agents = registrations_.erase(owner.name()) > 0;
  while (told_of_agents && !held_.empty()) Lose(held_.begin()->first);
  OnOwnerStarted(owner);
}

void Gateway::OnMessage(const GatewayMessage& message) {
  const auto found = held_.find(message.agent);
  if (found == held_.end() || found->second.number != message.attachment) return;
  AgentClient* client = found->second.client;
  if (const auto* offer = std::get_if<OfferMade>(&message.body)) {
    Send(OfferDelivered{message.agent, message.attachment, offer->contact, offer->token}, std::nullopt,
         [](const absl::StatusOr<Answer>&) {});
  }
  if (std::holds_alternative<AttachmentEnded>(message.body)) {
    held_.erase(found);
    return client->OnLost();
  }
  client->OnMessage(message.body);
}

void Gateway::Send(CommandBody body, std::optional<RequestKey> key, RoutingClient::Done<Answer> done) {
  routing_.Send(kTenant, Command{{{ActorRole::kService, name()}, {}}, std::move(body)}, std::move(key), Lane::kLiveWork,
                std::move(done));
}

// ---- agents ----

AttachmentNumber Gateway::NextNumber() {
  last_number_ = std::max(last_number_ + 1, static_cast<uint64_t>(clock_.WallNow().ns / 1000));
  return {last_number_};
}

void Gateway::Attach(AgentClient& client, const AgentId& agent, std::optional<Activity> activity,
                     absl::AnyInvocable<void(absl::StatusOr<AttachmentNumber>)> done) {
  // What routing says to agents of a gateway that it does not know is lost.
  if (!registrations_.contains(routing_.believed().name())) {
    return After(kFirstRetry, [done = std::move(done)]() mutable { done(absl::UnavailableError("no routing")); });
  }
  const AttachmentNumber number = NextNumber();
  held_[agent] = {&client, number};
  Send(AttachAgent{agent, number, key_, std::move(activity)}, std::nullopt,
       [this, agent, number, done = std::move(done)](absl::StatusOr<Answer> answer) mutable {
         const bool ok = answer.ok() && answer->ok();
         if (ok) return done(number);
         const auto found = held_.find(agent);
         if (found != held_.end() && found->second.number == number) held_.erase(found);
         if (absl::IsUnavailable(answer.status())) TellDetached(agent, number, Duration::Zero());
         done(answer.ok() ? absl::FailedPreconditionError(answer->text) : answer.status());
       });
}

void Gateway::ConnectionLost(const AgentId& agent) {
  const auto found = held_.find(agent);
  if (found == held_.end()) return;
  const AttachmentNumber number = found->second.number;
  held_.erase(found);
  TellDetached(agent, number, Duration::Zero());
}

void Gateway::TellDetached(const AgentId& agent, AttachmentNumber number, Duration waited) {
  Send(DetachAgent{agent, number, DetachCause::kConnectionLost}, std::nullopt,
       [this, agent, number, waited](const absl::StatusOr<Answer>& answer) {
         if (answer.ok()) return;
         const Duration next = std::clamp(waited * 2, kFirstRetry, kLongestRetry);
         After(next, [this, agent, number, next] { TellDetached(agent, number, next); });
       });
}

void Gateway::AttachAgain() {
  for (const auto& [agent, held] : held_) {
    Send(AttachAgent{agent, held.number, key_, std::nullopt}, std::nullopt,
         [this, agent = agent, number = held.number](const absl::StatusOr<Answer>& answer) {
           const auto found = held_.find(agent);
           const bool holds = found != held_.end() && found->second.number == number;
           if (answer.ok() && answer->ok()) {
             if (!holds) TellDetached(agent, number, Duration::Zero());
           } else if (holds) {
             Lose(agent);
           }
         });
  }
}

void Gateway::Lose(AgentId agent) {
  AgentClient* client = held_.at(agent).client;
  held_.erase(agent);
  client->OnLost();
}

}  // namespace meridian::worlds
