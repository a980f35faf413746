// The session in this process: its shards, reached as SessionClient says. A tenant's conversations are all on one of
// them, chosen by a stable hash of the tenant's name, since a customer is found by an identity before its conversation
// is known: the number of shards of an installation is therefore fixed when its first tenant comes.
// Owned by whoever assembled it, who also steps the shards (a ShardThread, or a test).
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "services/session/session_client.h"
#include "services/session/session_shard.h"

namespace meridian {

class SessionService final : public SessionClient {
 public:
  explicit SessionService(std::vector<std::unique_ptr<SessionShard>> shards) : shards_(std::move(shards)) {}

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
  SessionShard& ShardOf(const TenantId& tenant) const;

  const std::vector<std::unique_ptr<SessionShard>> shards_;
  std::atomic<uint64_t> next_reading_{1};
};

}  // namespace meridian
