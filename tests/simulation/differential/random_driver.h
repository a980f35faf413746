// Drives an engine with random commands, as the world around it would: gateways that deliver, agents who accept, reject
// and vanish, customers who come and go, operators who publish, processes that die. About one command in ten is wrong
// on purpose (old tokens, old connections, contacts that ended).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tests/simulation/differential/random_tenant.h"
#include "tests/unit/routing/engine_world.h"

namespace meridian {

class RandomDriver {
 public:
  RandomDriver(EngineWorld& world, uint64_t seed);

  // Called before a command that publishes.
  std::function<void(const TenantConfig&)> on_publish;
  std::function<void(const AgentId&, const std::optional<AgentConfig>&)> on_revise;
  // Called before a contact is asked for, and with the answer.
  std::function<void()> on_enqueue;
  std::function<void(const Answer&)> on_enqueued;

  // Publishes the first configuration, or the next one.
  void Start();
  // Lets some time pass and gives one command, or restarts the engine.
  void Step();
  uint64_t accepted() const { return accepted_; }  // commands that were not refused
  uint64_t restarts() const { return restarts_; }

 private:
  void PassTime();
  void Give(CommandBody body);
  void Publish();
  void ReviseOneAgent();
  void EnqueueOne();
  void AttachOne();
  void ActOnContact(uint64_t dice);
  void ActOnAgent();
  void ActLate();
  const ContactRecord* PickContact();
  std::optional<AgentView> PickAgent();
  template <typename Body>
  Body Fill(const ContactRecord& record);

  EngineWorld& world_;
  Dice dice_;
  TenantConfig config_;
  uint64_t revision_ = 0;
  uint64_t next_contact_;  // each seed has numbers of its own
  uint64_t next_attachment_ = 1;
  std::vector<AcceptOffer> old_;  // tokens that were once right
  uint64_t accepted_ = 0;
  uint64_t restarts_ = 0;
};

}  // namespace meridian
