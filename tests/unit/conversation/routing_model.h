// Routing as the session sees it, small and naive: takes what it is told once, answers, and writes facts to a log.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "libs/conversation/command.h"
#include "libs/conversation/effects.h"

namespace meridian::conversation {

// Who may take part in a contact after some of the log: an independent reading of the facts.
struct OracleContact {
  bool closed = false;
  std::map<AgentId, Participant> participants;

  bool Has(const AgentId& agent) const { return participants.count(agent) != 0; }
  bool MayWrite(const AgentId& agent) const;
};

class RoutingModel {
 public:
  // As routing does; nullopt: no answer.
  EnqueueAnswered On(const EnqueueContact& message, bool refuse);
  EdgeAnswered On(const TellRouting& message);

  bool IsClosed(const ContactId& contact) const { return contacts_.at(contact).closed; }
  bool IsLive(const ContactId& contact) const;
  std::vector<ContactId> Live() const;
  void SetParticipants(const ContactId& contact, std::vector<Participant> participants);
  // The talk is over; who takes part stays until SetParticipants empties it.
  void Close(const ContactId& contact, EndReason reason);
  // Everybody goes, whatever state the contact is in.
  void Finish(const ContactId& contact);
  bool Queued(const ContactId& contact) const { return contacts_.count(contact) != 0; }

  size_t log_size() const { return log_.size(); }
  // `n` from 1.
  ApplyRoutingFacts Entry(uint64_t n) const;
  // Folded from the begin up to and with entry `n`.
  const OracleContact& After(uint64_t n, const ContactId& contact) const;

 private:
  void Log(const ContactId& contact, RoutingFact fact);

  struct Routed {
    bool closed = false;
    uint64_t revision = 0;
    std::vector<Participant> participants;
    uint32_t edge = 0;
  };

  std::map<ContactId, Routed> contacts_;
  std::map<Uuid, std::optional<std::string>> answers_;
  std::vector<RoutingFact> log_;                                    // one fact an entry
  std::map<ContactId, std::map<uint64_t, OracleContact>> history_;  // by the entry since which it is so
};

}  // namespace meridian::conversation
