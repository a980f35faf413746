// Session and routing as they are, on threads of their own over one store, and what customers and agents hear of them.
#pragma once

#include <gtest/gtest.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "libs/runtime/clock.h"
#include "services/routing/routing_service.h"
#include "services/session/assemble.h"

namespace meridian {

// What other threads said, to be waited for.
class Heard final : public SessionClient::Reader {
 public:
  void OnMessage(const type::v1::Message& message) override { Add(message.parts(0).text().text()); }
  void OnCaughtUp(uint64_t) override {}
  void OnStatus(const ingress::v1::ContactStatus& status) override {
    Add(type::v1::ContactState_Name(status.state()) + " " + status.agent_name());
  }
  void OnEnded(const absl::Status& status) override { Add("ended " + status.ToString()); }
  void Add(std::string line);
  bool Waits(const std::string& line, int times = 1);

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> lines_;
};

struct InstallationStores {
  ShardStore* store = nullptr;
  ShardLeases* leases = nullptr;
  ShardDirectory* directory = nullptr;
  EventLog* log = nullptr;
};

// Of the tenant "demo", which has one queue, chat, and ana, who takes two contacts at once.
class Installation {
 public:
  static inline const TenantId kTenant{"demo"};
  static inline const AgentId kAna{"ana"};
  static inline const GatewayKey kGateway{"gateway-1"};

  // `stores` must outlive it. `seed` differs between the starts on one store.
  Installation(const InstallationStores& stores, uint64_t seed);
  ~Installation();

  RoutingService& routing() { return *routing_; }
  SessionClient& session() { return session_->client(); }
  Instant Now() const { return wall_.Now(); }
  // Waits until the shard has begun to serve so often.
  bool AwaitServing(ShardId shard, int times) { return served_.Waits(shard.ToString(), times); }

  void PublishConfig();
  absl::StatusOr<Answer> TryDo(CommandBody body);
  Answer Do(CommandBody body);  // must not fail
  absl::StatusOr<conversation::Submitted> Submit(conversation::SubmitContact command);
  absl::StatusOr<conversation::Appended> Append(conversation::AppendMessage command);
  std::vector<std::string> Texts(const ConversationId& conversation);  // all, or the error

 private:
  SystemMonotonicClock monotonic_;
  SystemWallClock wall_;
  Heard served_;
  std::unique_ptr<RoutingService> routing_;
  std::unique_ptr<AssembledSession> session_;
};

std::vector<conversation::MessagePart> Text(std::string text);
// The first words of customer `n`, in Spanish.
conversation::SubmitContact Submission(Instant now, uint64_t n = 1);

}  // namespace meridian
