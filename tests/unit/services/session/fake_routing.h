// Routing as the session sees it, for tests: it takes contacts, refuses them when told to, can be unreachable, and
// writes its log (shard r0) into a store of its own. It lives on while the session's process dies. One thread.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "libs/store/memory_store.h"
#include "services/routing/routing_client.h"

namespace meridian {

class FakeRouting final : public RoutingClient {
 public:
  enum class Mode {
    kAnswers,
    kUnreachable,  // nothing is done; UNAVAILABLE
    kNoSpace,      // nothing is done; RESOURCE_EXHAUSTED (NO_SPACE)
    kFull,         // nothing is done; RESOURCE_EXHAUSTED (MAILBOX_FULL)
    kLosesAnswer,  // done, but the answer is UNAVAILABLE
    kSlow,         // done when CatchUp is called; the answer is lost with the session's process
  };

  FakeRouting();

  void Send(const TenantId& tenant, Command command, std::optional<RequestKey> key, Lane lane,
            Done<Answer> done) override;
  std::shared_ptr<const admin::v1::TenantConfig> ConfigSnapshot(const TenantId&) const override { return config_; }
  std::vector<std::shared_ptr<const admin::v1::TenantConfig>> ConfigSnapshots() const override { return {config_}; }

  // The session has no need of these.
  void ApplyConfig(const TenantId&, CommandOrigin, admin::v1::ApplyConfigRequest,
                   Done<admin::v1::ApplyConfigResponse> done) override {
    done(absl::UnimplementedError(""));
  }
  void GetConfig(const TenantId&, Done<admin::v1::GetConfigResponse> done) override {
    done(absl::UnimplementedError(""));
  }
  void ListAgents(const TenantId&, admin::v1::ListAgentsRequest, Done<admin::v1::ListAgentsResponse> done) override {
    done(absl::UnimplementedError(""));
  }
  void ListContacts(const TenantId&, admin::v1::ListContactsRequest,
                    Done<admin::v1::ListContactsResponse> done) override {
    done(absl::UnimplementedError(""));
  }
  void ExplainContact(const TenantId&, admin::v1::ExplainContactRequest,
                      Done<admin::v1::ExplainContactResponse> done) override {
    done(absl::UnimplementedError(""));
  }
  std::unique_ptr<Registration> RegisterGateway(GatewayKey, GatewayCallbacks) override { return nullptr; }

  // ---- what it decides ----

  Mode mode = Mode::kAnswers;
  Refusal refuse_contacts = Refusal::kNone;
  uint64_t newest_session_term = 0;  // what is sent under an earlier one is refused

  // Who takes part now, the first as primary.
  void SetParticipants(const ContactId& contact, std::vector<std::string> agents, bool may_send = true);
  void CloseContact(const ContactId& contact, EndReason reason);
  // The configuration has no agents any more.
  void RemoveAgents() { config_ = std::make_shared<admin::v1::TenantConfig>(); }
  void CatchUp();
  // The session's process died: what it has sent still arrives.
  void LoseAnswers();

  // ---- what it has seen ----

  bool IsLive(const ContactId& contact) const { return live_.contains(contact); }
  std::vector<ContactId> live() const {
    std::vector<ContactId> ids;
    for (const auto& [id, contact] : live_) ids.push_back(id);
    return ids;
  }
  const std::map<ContactId, int>& times_queued() const { return queued_; }
  int TimesQueued(const ContactId& contact) const;
  const std::vector<Command>& received() const { return received_; }
  template <typename Body>
  std::vector<Body> Received() const {
    std::vector<Body> bodies;
    for (const Command& command : received_) {
      if (const Body* body = std::get_if<Body>(&command.body)) bodies.push_back(*body);
    }
    return bodies;
  }
  MemoryStore& log() { return log_; }

 private:
  Answer Apply(const TenantId& tenant, const Command& command);
  Answer Enqueue(const TenantId& tenant, const EnqueueContact& command);
  void Log(const TenantId& tenant, const ContactId& contact, EventBody body);

  MemoryStore log_;
  std::shared_ptr<admin::v1::TenantConfig> config_;
  uint64_t term_ = 0;
  uint64_t last_number_ = 0;
  struct Live {
    TenantId tenant;
    ConversationId conversation;
    uint32_t grants_revision = 0;
    bool has_grants = false;
  };
  std::map<ContactId, Live> live_;
  std::map<ContactId, int> queued_;
  std::vector<Command> received_;
  struct Waiting {
    TenantId tenant;
    Command command;
    Done<Answer> done;  // null: nobody waits any more
  };
  std::deque<Waiting> waiting_;
};

}  // namespace meridian
