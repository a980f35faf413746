// A session core among customers, agents and a routing, over a network that loses, doubles and reorders, in a process
// that crashes: driven by a seed, judged by what the others saw.
#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "tests/unit/conversation/routing_model.h"
#include "tests/unit/conversation/session_harness.h"

namespace meridian::conversation {

class ModelWorld {
 public:
  explicit ModelWorld(uint64_t seed);

  // One random thing happens.
  void Step();
  // No more faults; everything comes to its end.
  void Heal();
  // After Heal: what was acknowledged against what is stored.
  void ExpectNothingLostDoubledOrReordered();

  // Everything that left, in words: equal for equal seeds.
  const std::vector<std::string>& trace() const { return trace_; }

 private:
  struct Customer {
    uint64_t next_number = 1;
    ConversationId conversation;
    ContactId contact;
    std::map<uint64_t, bool> sent;  // own number → by SubmitContact
  };
  struct View {  // of one agent on one contact
    bool granted = false;
    uint64_t seen = 0;
    uint64_t from = 1;
  };
  using JournalKey = std::tuple<ConversationId, std::string, uint64_t>;

  uint64_t Roll(uint64_t sides) { return random_() % sides; }
  static std::string TextBy(const std::string& author, uint64_t number) {
    return author + " says " + std::to_string(number);
  }

  void CustomerWrites();
  void AgentWrites();
  void CustomerMoves();
  void RoutingActs();
  void NetworkDelivers(bool faulty);
  void FollowLog(bool faulty);
  void Crash();

  Answer Tell(Command command);  // may stay uncommitted for a while
  void Release();                // commits, and all that was held leaves
  void Journal(const JournalKey& key, uint64_t number, const std::string& text);

  void Receive(const EnqueueContact& message);
  void Receive(const TellRouting& message);
  void Receive(const ContactAcknowledged& message);
  void Receive(const Deliver& message);
  void Receive(const GrantChanged& message);
  void Receive(const ContactChanged& message) {}
  void Receive(const ConversationClosed& message) {}
  void Receive(const FollowerAdvanced& message);
  void SendToRouting(std::variant<EnqueueContact, TellRouting> message);
  void ReadAgain();
  void CatchUp(View& view, const ReadRange& range, const ConversationId& conversation);
  uint64_t LiveEntry() {
    return session_.core().FollowedTo(SessionHarness::kRoutingShard).value_or(RoutingPosition{}).number;
  }
  bool WasWithdrawn(const ContactId& contact) const;

  std::mt19937_64 random_;
  SessionHarness session_;
  RoutingModel routing_;
  std::vector<Customer> customers_;
  uint64_t next_id_ = 1;
  std::vector<std::pair<Instant, std::variant<EnqueueContact, TellRouting>>> to_routing_;
  std::vector<std::variant<EnqueueAnswered, EdgeAnswered>> from_routing_;

  std::vector<std::tuple<JournalKey, uint64_t, std::string>> held_;  // answers not released yet
  std::map<JournalKey, std::pair<uint64_t, std::string>> journal_;
  std::map<std::pair<AgentId, ConversationId>, uint64_t> agent_numbers_;
  std::map<std::pair<AgentId, ContactId>, View> views_;
  std::map<ConversationId, uint64_t> customer_saw_;
  std::map<ContactId, ContactStanding> outcomes_;
  uint64_t released_entry_ = 0;
  std::vector<std::string> trace_;
};

}  // namespace meridian::conversation
