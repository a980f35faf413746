// An agent gateway of a world: holds agents' connections and does what services/agent_gateway does, over the network
// and without gRPC. It dies without a word; its agents come back through another.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/simulation/worlds/routing_owner.h"
#include "tests/simulation/worlds/session_owner.h"

namespace meridian::worlds {

// An agent's client, as its gateway knows it.
class AgentClient {
 public:
  virtual ~AgentClient() = default;
  virtual void OnMessage(const GatewayMessageBody& message) = 0;
  // The connection is gone: connect again.
  virtual void OnLost() = 0;
};

class Gateway final : public Party {
 public:
  Gateway(Schedule& schedule, Network& network, const std::vector<RoutingOwner*>& routing,
          const std::vector<SessionOwner*>& session, std::string name);

  void Start();
  void Die(Duration down);

  // ---- for agents ----
  void Attach(AgentClient& client, const AgentId& agent, std::optional<Activity> activity,
              absl::AnyInvocable<void(absl::StatusOr<AttachmentNumber>)> done);
  // The agent's connection broke; routing is told until it has heard.
  void ConnectionLost(const AgentId& agent);
  // Of an attached agent. A refusal is an answer.
  void Send(CommandBody body, std::optional<RequestKey> key, RoutingClient::Done<Answer> done);
  SessionFromAfar& session() { return session_; }
  WorldClock& clock() { return clock_; }

  // ---- for the world ----
  // An owner has started, or died.
  void OnOwnerStarted(RoutingOwner& owner);
  void OnOwnerDied(const RoutingOwner& owner);

 private:
  struct Held {
    AgentClient* client;
    AttachmentNumber number;
  };

  void Connect(RoutingOwner& owner);
  void Break(RoutingOwner& owner);
  void OnMessage(const GatewayMessage& message);
  void AttachAgain();
  void TellDetached(const AgentId& agent, AttachmentNumber number, Duration waited);
  void Lose(AgentId agent);
  AttachmentNumber NextNumber();

  Network& network_;
  const std::vector<RoutingOwner*> owners_;
  WorldClock clock_;
  RoutingFromAfar routing_;
  SessionFromAfar session_;
  GatewayKey key_;
  uint64_t last_number_ = 0;
  std::map<AgentId, Held> held_;
  std::map<std::string, std::unique_ptr<RoutingClient::Registration>> registrations_;  // by the owner's name
};

}  // namespace meridian::worlds
