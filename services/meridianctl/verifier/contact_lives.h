// The life of every contact, folded from the events: each step is one that docs/states.md knows, one agent at a time,
// and what the journal says was acknowledged is there. One thread.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "libs/base/time.h"
#include "services/meridianctl/verifier/event_order.h"
#include "services/meridianctl/verifier/evidence.h"
#include "services/meridianctl/verifier/report.h"

namespace meridian::verifier {

// An agent's time with a contact of a conversation.
struct Tenure {
  std::string agent;
  std::string conversation;
  Instant from;
  Instant until = Instant::Never();
};

struct ContactLife {
  std::string conversation;
  bool ended = false;
  std::set<std::string> assigned_tokens;   // of offers that were accepted
  std::set<std::string> completed_tokens;  // of assignments that went to wrapping or to the end
  Instant latest_place;                    // the worst place in line that the events ever named
};

// When a contact came, by the clock of its session's shard and by that of its routing shard.
struct Submission {
  std::string contact;
  Instant submitted;  // the session's time
  Instant queued;     // the routing shard's
};

struct ContactLives {
  std::map<std::string, ContactLife> contacts;
  std::vector<Tenure> tenures;
  std::vector<Submission> submissions;  // `submitted` is the place in line: earlier with priority, never after `queued`
};

ContactLives FoldContacts(const EventsInForce& events, const admin::v1::TenantConfig& config, Report& report);

// What the load client was told against what the events say.
void CheckAcknowledged(const ContactLives& lives, const Journal& journal, const Expectations& expectations,
                       bool trimmed, Report& report);

}  // namespace meridian::verifier
