// A session service of one shard over a stepped memory store and a fake routing, in virtual time on one thread. A crash
// drops the process and the calls that had not reached the store.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "libs/testing/fake_clock.h"
#include "libs/testing/fault_store.h"
#include "services/session/session_service.h"
#include "tests/unit/services/session/fake_routing.h"

namespace meridian {

// What a reader was told, as text: "1 hola", "caught up 1", "assigned ana", "ended OK".
class RecordingReader final : public SessionClient::Reader {
 public:
  void OnMessage(const type::v1::Message& message) override;
  void OnCaughtUp(uint64_t last_number) override { lines.push_back("caught up " + std::to_string(last_number)); }
  void OnStatus(const ingress::v1::ContactStatus& status) override;
  void OnEnded(const absl::Status& status) override;

  // Of messages alone.
  std::vector<uint64_t> Numbers() const;
  bool Has(const std::string& line) const;
  bool ended() const { return ended_; }

  std::vector<std::string> lines;

 private:
  std::vector<uint64_t> numbers_;
  bool ended_ = false;
};

class SessionWorld {
 public:
  // With `may_lose_tail` the session's store can lose its last commits (LoseTail), and says so.
  explicit SessionWorld(bool may_lose_tail = false, bool says_so = true,
                        Duration keep_closed = conversation::SessionOptions().keep_closed);
  ~SessionWorld() { Crash(); }

  void Boot();
  void Crash();
  // Everything that can happen without time passing.
  void Settle();
  // Steps of the shard alone: what it asks of the store does not arrive.
  void StepShard();
  void Pass(Duration time);

  // ---- the customers, agents and their words; `n` names customer, conversation and contact alike ----
  static TenantId Tenant() { return TenantId{"acme"}; }
  static ContactId Contact(uint64_t n);
  static ConversationId Conversation(uint64_t n);
  conversation::SubmitContact Submission(uint64_t n, uint64_t client_number, std::string text);
  // Answers arrive in `answers` as "label: OK 1" (the message's number) or "label: REASON".
  void Submit(const std::string& label, conversation::SubmitContact command);
  void Say(const std::string& label, uint64_t n, uint64_t client_number, std::string text, std::string agent = "");
  // Blocks until it is answered.
  absl::StatusOr<session::v1::ListMessagesResponse> List(uint64_t n, uint64_t after = 0, int32_t page_size = 0,
                                                         TenantId tenant = Tenant());

  struct OpenReader {
    std::shared_ptr<RecordingReader> reader;
    std::unique_ptr<SessionClient::Reading> reading;
    RecordingReader* operator->() const { return reader.get(); }
  };
  OpenReader Watch(uint64_t n, uint64_t after = 0);
  OpenReader Follow(uint64_t n, const std::string& agent, uint64_t after = 0);

  SessionService& service() { return *service_; }
  SessionShard& shard() { return *service_->shards().front(); }
  bool running() const { return service_ != nullptr; }
  MemoryStore& store() { return store_; }
  testing::FakeClock& clock() { return clock_; }

  FakeRouting routing;
  std::map<std::string, std::string> answers;

 private:
  testing::FakeClock clock_;
  MemoryStore store_;
  testing::FaultStore way_{store_};  // in between only where the session is told that its store may lose a tail
  const Duration keep_closed_;
  uint64_t nonce_ = 0;
  bool woken_ = false;
  std::unique_ptr<SessionService> service_;
};

}  // namespace meridian
