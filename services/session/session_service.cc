#include "services/session/session_service.h"

#include <utility>

#include "libs/error/error.h"
#include "libs/wire/messages.h"

namespace meridian {
namespace {

constexpr uint64_t kDefaultPage = 100;
constexpr int32_t kMaxPage = 200;

}  // namespace

void SessionService::Start() {
  for (const auto& shard : shards_) shard->Start();
}

absl::StatusOr<std::shared_ptr<SessionShard>> SessionService::ShardOf(const TenantId& tenant) const {
  if (find_) return find_(tenant);
  SessionShard* const shard = shards_[StableHash(tenant.value) % shards_.size()].get();
  return std::shared_ptr<SessionShard>(std::shared_ptr<void>(), shard);  // not its owner
}

void SessionService::Submit(conversation::SubmitContact command, Done<conversation::Submitted> done) {
  const auto shard = ShardOf(command.tenant);
  if (!shard.ok()) return done(shard.status());
  (*shard)->Submit(std::move(command), std::move(done));
}

void SessionService::Append(conversation::AppendMessage command, Done<conversation::Appended> done) {
  const auto shard = ShardOf(command.tenant);
  if (!shard.ok()) return done(shard.status());
  (*shard)->Append(std::move(command), std::move(done));
}

void SessionService::Cancel(conversation::CancelContact command, Done<conversation::Done> done) {
  const auto shard = ShardOf(command.tenant);
  if (!shard.ok()) return done(shard.status());
  (*shard)->DoInTurn<conversation::Done>(std::move(command), std::move(done));
}

void SessionService::Close(conversation::CloseConversation command, Done<conversation::Done> done) {
  const auto shard = ShardOf(command.tenant);
  if (!shard.ok()) return done(shard.status());
  (*shard)->DoInTurn<conversation::Done>(std::move(command), std::move(done));
}

void SessionService::ListMessages(const TenantId& tenant, session::v1::ListMessagesRequest request,
                                  Done<session::v1::ListMessagesResponse> done) {
  const auto conversation = ConversationId::Parse(request.conversation_id());
  std::vector<FieldViolation> violations;
  if (!conversation) violations.push_back({"conversation_id", "must be the id of a conversation"});
  if (request.page_size() < 0 || request.page_size() > kMaxPage) {
    violations.push_back({"page_size", "must be between 1 and 200"});
  }
  if (!violations.empty()) return done(FieldErrors(violations));
  const uint64_t count = request.page_size() == 0 ? kDefaultPage : static_cast<uint64_t>(request.page_size());
  const auto shard = ShardOf(tenant);
  if (!shard.ok()) return done(shard.status());
  (*shard)->List(tenant, *conversation, request.after_number(), count,
                 [done = std::move(done)](absl::StatusOr<SessionShard::MessageList> list) mutable {
                   if (!list.ok()) return done(list.status());
                   session::v1::ListMessagesResponse response;
                   response.set_last_number(list->last_number);
                   for (const conversation::MessageRecord& record : list->messages) {
                     *response.add_messages() = ToProto(record.message);
                   }
                   done(std::move(response));
                 });
}

std::unique_ptr<SessionClient::Reading> SessionService::Read(conversation::OpenReading what,
                                                             std::shared_ptr<Reader> reader) {
  const auto shard = ShardOf(what.tenant);
  if (shard.ok()) return (*shard)->Read(next_reading_++, std::move(what), std::move(reader));
  reader->OnEnded(shard.status());
  return nullptr;
}

std::unique_ptr<SessionClient::Reading> SessionService::ReadAsCustomer(const TenantId& tenant,
                                                                       const ConversationId& conversation,
                                                                       uint64_t after_number,
                                                                       std::shared_ptr<Reader> reader) {
  return Read({tenant, conversation, {}, after_number}, std::move(reader));
}

std::unique_ptr<SessionClient::Reading> SessionService::ReadAsAgent(const TenantId& tenant,
                                                                    const ConversationId& conversation,
                                                                    const AgentId& agent, uint64_t after_number,
                                                                    std::shared_ptr<Reader> reader) {
  return Read({tenant, conversation, agent, after_number}, std::move(reader));
}

}  // namespace meridian
