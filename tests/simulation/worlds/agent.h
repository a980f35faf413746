// An agent with its client: takes offers, talks, completes; and, as often as the mix says, does not: rejects, lets an
// offer pass, accepts twice, late or by an old token, goes away, vanishes, connects a second time. What it had when its
// connection broke it reclaims.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/simulation/worlds/gateway.h"
#include "tests/simulation/worlds/judge.h"

namespace meridian::worlds {

class Agent final : public Party, public AgentClient {
 public:
  Agent(Schedule& schedule, Judge& judge, const Mix& mix, std::vector<Gateway*> gateways, std::string name);

  void Start();
  // From now on it does the right thing, and comes back if it was away.
  void Behave();

  void OnMessage(const GatewayMessageBody& message) override;
  void OnLost() override;

 private:
  using Reading = SessionFromAfar::Connection;
  struct Work {
    ConversationId conversation;
    OfferToken token;
    ContactState state = ContactState::kAssigned;
    uint64_t to_say = 0;
    bool begun = false;
    std::unique_ptr<Reading> reading;
  };

  bool Misbehaves() { return !behaves_ && schedule().Happens(mix_.agent_mischief); }
  void Mischief();
  void Connect();
  void OnConnected(AttachmentNumber number);
  void Vanish();
  void SetAvailable(bool available);

  void OnOffer(const OfferMade& offer);
  void Accept(const ContactId& contact, const OfferToken& token);
  void Reject(const ContactId& contact, const OfferToken& token);
  void BeginWork(const AssignmentStarted& started);
  void Read(const ContactId& contact);
  void GoOn(const ContactId& contact);
  void Say(const ContactId& contact);
  void SayAgain(const ContactId& contact, const OfferToken& token, conversation::AppendMessage message);
  void Complete(const ContactId& contact);
  void EndWrap(const ContactId& contact);
  // Sends until it is answered, while the contact is worked on under this token.
  void Insist(const ContactId& contact, const OfferToken& token, CommandBody body,
              std::function<void(const Answer&)> answered);
  Work* Find(const ContactId& contact, const OfferToken& token);

  Judge& judge_;
  const Mix& mix_;
  const std::vector<Gateway*> gateways_;
  const AgentId id_;
  bool behaves_ = false;
  bool wanted_ = true;  // it wants to be connected
  bool connecting_ = false;
  bool connected_ = false;
  Gateway* gateway_ = nullptr;
  std::shared_ptr<Life> gateway_life_;
  AttachmentNumber number_;
  uint64_t connections_ = 0;
  std::map<ContactId, OfferToken> last_offer_;
  std::map<ContactId, Work> works_;
  std::map<ConversationId, uint64_t> said_;  // its own newest number there
  std::map<ConversationId, uint64_t> seen_;
};

}  // namespace meridian::worlds
