// A routing engine with its surroundings as tests need them: time that only goes forward and never passes a deadline
// unseen, a store of records from which the engine can be made anew, and everything that the engine said.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "libs/routing/engine.h"

namespace meridian {

// The records as a store would hold them.
struct StoredRecords {
  std::map<ContactId, ContactRecord> contacts;
  std::map<AgentId, AgentRecord> agents;
  std::map<uint64_t, ConfigRecord> configs;
  std::map<AgentId, AgentRevisionRecord> agent_revisions;
  StreamHead head;

  void Apply(const RecordChanges& changes);
  // A new engine from these, in `order`: 0 as stored, 1 backwards.
  std::unique_ptr<Engine> Load(const TenantId& tenant, int order = 0) const;
};

class EngineWorld {
 public:
  explicit EngineWorld(Instant start = Instant::FromUnixSeconds(1'760'000'000));
  // An engine that goes on under the next term from what `other` stored, its records read in `order`.
  EngineWorld(const EngineWorld& other, int order);

  // Commands at the present instant.
  template <typename Body>
  Answer Do(Body body) {
    return Run(Command{.origin = {}, .body = std::move(body)});
  }
  Answer Run(const Command& command);
  // Time goes on; each deadline is served at its instant.
  void Pass(Duration time);
  void PassTo(Instant instant);
  // The process ends and comes back after `outage`, from the records alone.
  void Restart(Duration outage = Duration::Seconds(1));

  Instant now() const { return now_; }
  Engine& engine() { return *engine_; }
  const StoredRecords& stored() const { return stored_; }
  // Everything since the last Take…
  std::vector<Event> TakeEvents() { return std::exchange(events_, {}); }
  std::vector<GatewayMessage> TakeMessages() { return std::exchange(messages_, {}); }
  std::vector<std::string> TakeEventNames();  // without facts
  // Called with each event as it is made.
  std::function<void(const Event&)> on_event;

  // ---- short forms ----
  static ContactId Contact(uint64_t n);
  static ConversationId Conversation(uint64_t n);
  ContactSpec Spec(uint64_t n, const std::string& language = "es", const std::string& channel = "chat") const;
  Answer Enqueue(uint64_t n, const std::string& language = "es", const std::string& channel = "chat");
  Answer Attach(const std::string& agent, uint64_t attachment = 1);  // and available
  const ContactRecord& ContactAt(uint64_t n) const;                  // must be live
  AgentView AgentAt(const std::string& agent) const;
  // A command of the agent who has the contact, with its token.
  template <typename Body>
  Body Of(uint64_t n) const {
    const ContactRecord& record = ContactAt(n);
    Body body;
    body.agent = record.agent;
    body.attachment = AgentAt(record.agent.value).record->attachment;
    body.contact = record.spec.id;
    body.token = record.token;
    return body;
  }

 private:
  void Drain();

  Instant now_;
  uint64_t term_ = 1;
  std::unique_ptr<Engine> engine_;
  StoredRecords stored_;
  std::vector<Event> events_;
  std::vector<GatewayMessage> messages_;
};

// A tenant with zone UTC, channels chat (1 unit) and voice (alone, media joined apart), queue "main" and a plan of one
// rule with one step; agents are added by AddAgent.
TenantConfig SmallTenant();
AgentConfig MakeAgent(const std::string& id, const std::vector<std::pair<std::string, LanguageLevel>>& languages,
                      uint16_t capacity = 1);
PublishConfig Publication(TenantConfig config);

}  // namespace meridian
