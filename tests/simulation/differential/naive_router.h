// The engine's twin without an index: it knows of contacts and agents what the public events tell, and finds each
// decision by looking at everybody. It shares the rules of libs/domain and the score with the engine, and nothing else.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "libs/routing/effects.h"
#include "libs/routing/score.h"

namespace meridian {

struct NaiveAgent {
  std::optional<AgentConfig> config;  // nullopt: not in the configuration
  bool attached = false;
  bool offline = true;
  Activity activity;
  Instant idle_since;
  Instant cool_down_until = {0};
  uint32_t load = 0;
  uint32_t exclusive = 0;
  std::map<ChannelId, uint32_t> loads;
};

struct NaiveContact {
  ContactSpec spec;
  ContactState state = ContactState::kQueued;
  std::shared_ptr<const TenantConfig> config;
  Instant published_at;
  RuleIndex rule;
  uint16_t first_step = 0;
  uint16_t offer_step = 0;
  Instant steps_since;
  Instant virtual_start;
  Instant preferred_until = {0};
  std::vector<Decline> declines;
  AgentId agent;
  uint16_t units = 0;
  bool exclusive = false;
};

struct NaiveCandidate {
  uint8_t band = 0;
  int32_t load_order = 0;
  Instant idle_since;
  uint64_t tie = 0;
  AgentId agent;

  friend auto operator<=>(const NaiveCandidate&, const NaiveCandidate&) = default;
};

struct NaiveDecision {
  ContactId contact;
  std::vector<NaiveCandidate> ranked;  // the best first
};

class NaiveRouter {
 public:
  // What a command is about to publish; counts from its event on.
  void Expect(const TenantConfig& config);
  void Expect(const AgentId& agent, std::optional<AgentConfig> config);
  void Fold(const Event& event);
  // The next offer, or nullopt: nobody waits for whom there is an agent.
  std::optional<NaiveDecision> Decide(Instant now) const;

  const std::map<ContactId, NaiveContact>& contacts() const { return contacts_; }
  // Whether the tenant's quota lets one more contact wait.
  bool MayTakeOneMore() const;
  const std::map<AgentId, NaiveAgent>& agents() const { return agents_; }
  const TenantConfig* config() const { return config_.get(); }

 private:
  const Rule& RuleOf(const NaiveContact& contact) const;
  void FoldContact(const Event& event);
  void FoldAgent(const Event& event);
  void SetRule(NaiveContact& contact);
  void Take(NaiveContact& contact, const AgentId& agent);
  void Release(NaiveContact& contact, bool worked, Instant at);
  void ReadAgents();
  bool OnShiftAt(const AgentConfig& agent, Instant now) const;
  bool Takes(const NaiveAgent& agent, Instant now) const;
  bool HasRoom(const NaiveAgent& agent, const ChannelConfig& channel) const;
  std::optional<NaiveCandidate> Rate(const NaiveContact& contact, const NaiveAgent& agent, Instant now) const;
  std::vector<NaiveCandidate> Rank(const NaiveContact& contact, Instant now) const;

  std::shared_ptr<const TenantConfig> expected_;
  std::shared_ptr<const TenantConfig> config_;
  Instant published_at_;
  std::map<AgentId, std::optional<AgentConfig>> expected_agent_;
  std::map<ContactId, NaiveContact> contacts_;
  std::map<AgentId, NaiveAgent> agents_;
};

}  // namespace meridian
