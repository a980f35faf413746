// Routing as its users' tests need it: it notes commands, answers at once as it is told (or later, when answers are
// held), and speaks to the gateway that registered. Any thread.
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "services/routing/routing_client.h"

namespace meridian {

class FakeRoutingClient : public RoutingClient {
 public:
  struct Sent {
    TenantId tenant;
    Command command;
    std::optional<RequestKey> key;
    Lane lane;
  };
  using AnswerTo = std::function<absl::StatusOr<Answer>(const Command&)>;

  void Send(const TenantId& tenant, Command command, std::optional<RequestKey> key, Lane lane,
            Done<Answer> done) override {
    AnswerTo answer;
    {
      std::lock_guard lock(mutex_);
      sent_.push_back({tenant, command, std::move(key), lane});
      changed_.notify_all();
      if (holding_) return held_.push_back(std::move(done));
      answer = answer_;
    }
    done(answer ? answer(command) : absl::StatusOr<Answer>(Answer()));
  }

  // The operators' calls: each is noted, and answered as the test set it.
  template <typename Request, typename Response>
  struct AdminCall {
    std::optional<TenantId> tenant;
    Request request;
    absl::StatusOr<Response> answer = absl::UnimplementedError("not in this test");
  };
  AdminCall<admin::v1::ApplyConfigRequest, admin::v1::ApplyConfigResponse> apply_config;
  CommandOrigin applied_by;
  AdminCall<admin::v1::GetConfigRequest, admin::v1::GetConfigResponse> get_config;
  AdminCall<admin::v1::ListAgentsRequest, admin::v1::ListAgentsResponse> list_agents;
  AdminCall<admin::v1::ListContactsRequest, admin::v1::ListContactsResponse> list_contacts;
  AdminCall<admin::v1::ExplainContactRequest, admin::v1::ExplainContactResponse> explain_contact;

  void ApplyConfig(const TenantId& tenant, CommandOrigin origin, admin::v1::ApplyConfigRequest request,
                   Done<admin::v1::ApplyConfigResponse> done) override {
    applied_by = std::move(origin);
    Take(apply_config, tenant, std::move(request), std::move(done));
  }
  void GetConfig(const TenantId& tenant, Done<admin::v1::GetConfigResponse> done) override {
    Take(get_config, tenant, {}, std::move(done));
  }
  void ListAgents(const TenantId& tenant, admin::v1::ListAgentsRequest request,
                  Done<admin::v1::ListAgentsResponse> done) override {
    Take(list_agents, tenant, std::move(request), std::move(done));
  }
  void ListContacts(const TenantId& tenant, admin::v1::ListContactsRequest request,
                    Done<admin::v1::ListContactsResponse> done) override {
    Take(list_contacts, tenant, std::move(request), std::move(done));
  }
  void ExplainContact(const TenantId& tenant, admin::v1::ExplainContactRequest request,
                      Done<admin::v1::ExplainContactResponse> done) override {
    Take(explain_contact, tenant, std::move(request), std::move(done));
  }

  std::shared_ptr<const admin::v1::TenantConfig> ConfigSnapshot(const TenantId& tenant) const override {
    std::lock_guard lock(mutex_);
    for (const auto& config : configs_) {
      if (config->tenant() == tenant.value) return config;
    }
    return nullptr;
  }
  std::vector<std::shared_ptr<const admin::v1::TenantConfig>> ConfigSnapshots() const override {
    std::lock_guard lock(mutex_);
    return configs_;
  }
  // In force from now on, instead of the tenant's last one.
  void Publish(admin::v1::TenantConfig config) {
    std::lock_guard lock(mutex_);
    std::erase_if(configs_, [&](const auto& other) { return other->tenant() == config.tenant(); });
    configs_.push_back(std::make_shared<const admin::v1::TenantConfig>(std::move(config)));
  }

  std::unique_ptr<Registration> RegisterGateway(GatewayKey gateway, GatewayCallbacks callbacks) override {
    std::lock_guard lock(delivering_);
    gateway_ = std::move(gateway);
    callbacks_ = std::move(callbacks);
    return std::make_unique<Held>(*this);
  }
  const GatewayKey& gateway() const { return gateway_; }
  void Deliver(const TenantId& tenant, const AgentId& agent, AttachmentNumber attachment, GatewayMessageBody body) {
    std::lock_guard lock(delivering_);
    if (callbacks_.on_message) callbacks_.on_message(tenant, {gateway_, agent, attachment, std::move(body)});
  }
  void BeginTerm() {
    std::lock_guard lock(delivering_);
    if (callbacks_.on_term) callbacks_.on_term();
  }

  // How commands are answered from now on; without it, each is accepted.
  void AnswerWith(AnswerTo answer) {
    std::lock_guard lock(mutex_);
    answer_ = std::move(answer);
  }
  void HoldAnswers() {
    std::lock_guard lock(mutex_);
    holding_ = true;
  }
  // Accepts what was held, and answers at once again.
  void ReleaseAnswers() {
    std::vector<Done<Answer>> held;
    {
      std::lock_guard lock(mutex_);
      holding_ = false;
      held.swap(held_);
    }
    for (Done<Answer>& done : held) done(Answer());
  }

  template <typename Body>
  std::vector<Body> AllOf() const {
    std::lock_guard lock(mutex_);
    std::vector<Body> bodies;
    for (const Sent& sent : sent_) {
      if (const auto* body = std::get_if<Body>(&sent.command.body)) bodies.push_back(*body);
    }
    return bodies;
  }
  // True when there are `count` commands of the kind within 10 s.
  template <typename Body>
  bool Await(size_t count) const {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(10), [&] {
      auto is_body = [](const Sent& sent) { return std::holds_alternative<Body>(sent.command.body); };
      return static_cast<size_t>(std::count_if(sent_.begin(), sent_.end(), is_body)) >= count;
    });
  }
  std::vector<Sent> sent() const {
    std::lock_guard lock(mutex_);
    return sent_;
  }

 private:
  template <typename Request, typename Response>
  static void Take(AdminCall<Request, Response>& call, const TenantId& tenant, Request request, Done<Response> done) {
    call.tenant = tenant;
    call.request = std::move(request);
    done(call.answer);
  }

  class Held : public Registration {
   public:
    explicit Held(FakeRoutingClient& routing) : routing_(routing) {}
    ~Held() override {
      std::lock_guard lock(routing_.delivering_);
      routing_.callbacks_ = {};
    }

   private:
    FakeRoutingClient& routing_;
  };

  std::mutex delivering_;  // one call to the gateway at a time, none after its registration
  GatewayKey gateway_;
  GatewayCallbacks callbacks_;

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::vector<Sent> sent_;
  std::vector<std::shared_ptr<const admin::v1::TenantConfig>> configs_;
  AnswerTo answer_;
  bool holding_ = false;
  std::vector<Done<Answer>> held_;
};

}  // namespace meridian
