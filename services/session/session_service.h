// The session in this process: its shards, reached as SessionClient says. A tenant's conversations are all on one of
// them, since a customer is found by an identity before its conversation is known. Which one: where all shards are
// here, a stable hash of the tenant's name says it; where they are placed, whoever places them (placed_sessions.h).
// Owned by whoever assembled it, who also steps the shards (a ShardThread, or a test).
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "services/session/session_client.h"
#include "services/session/session_shard.h"

namespace meridian {

class SessionService final : public SessionClient {
 public:
  using Finder = std::function<absl::StatusOr<std::shared_ptr<SessionShard>>(const TenantId&)>;

  explicit SessionService(std::vector<std::unique_ptr<SessionShard>> shards) : shards_(std::move(shards)) {}
  // `find`: any thread; never blocks.
  explicit SessionService(Finder find) : find_(std::move(find)) {}

  void Start();
  const std::vector<std::unique_ptr<SessionShard>>& shards() const { return shards_; }

  void Submit(conversation::SubmitContact command, Done<conversation::Submitted> done) override;
  void Append(conversation::AppendMessage command, Done<conversation::Appended> done) override;
  void Cancel(conversation::CancelContact command, Done<conversation::Done> done) override;
  void Close(conversation::CloseConversation command, Done<conversation::Done> done) override;
  void ListMessages(const TenantId& tenant, session::v1::ListMessagesRequest request,
                    Done<session::v1::ListMessagesResponse> done) override;
  std::unique_ptr<Reading> ReadAsCustomer(const TenantId& tenant, const ConversationId& conversation,
                                          uint64_t after_number, std::shared_ptr<Reader> reader) override;
  std::unique_ptr<Reading> ReadAsAgent(const TenantId& tenant, const ConversationId& conversation, const AgentId& agent,
                                       uint64_t after_number, std::shared_ptr<Reader> reader) override;

 private:
  absl::StatusOr<std::shared_ptr<SessionShard>> ShardOf(const TenantId& tenant) const;
  std::unique_ptr<Reading> Read(conversation::OpenReading what, std::shared_ptr<Reader> reader);

  const std::vector<std::unique_ptr<SessionShard>> shards_;
  const Finder find_;
  std::atomic<uint64_t> next_reading_{1};
};

}  // namespace meridian
