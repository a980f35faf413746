// Session in other processes, reached over links: SessionClient for the services that run apart from it. A reading goes
// on by itself after its stream broke or its shard moved: its reader sees a pause, and nothing lost or doubled. Any
// thread, as SessionClient says; callbacks on the links' threads, or inside the call that cannot be made.
#pragma once

#include <memory>
#include <string>

#include "libs/link/link_router.h"
#include "libs/link/standing_feed.h"
#include "services/session/session_client.h"

namespace meridian {

class RemoteSessionClient final : public SessionClient {
 public:
  // `map` and what `options` names outlive the client.
  RemoteSessionClient(ShardMap* map, LinkOptions options) : router_(ShardKind::kSession, map, std::move(options)) {}

  LinkRouter::Reach Probe() { return router_.Probe(); }
  // Breaks every stream, for tests.
  void Break() { router_.Break(); }

  void Submit(conversation::SubmitContact command, Done<conversation::Submitted> done) override;
  void Append(conversation::AppendMessage command, Done<conversation::Appended> done) override;
  void Cancel(conversation::CancelContact command, Done<conversation::Done> done) override;
  void Close(conversation::CloseConversation command, Done<conversation::Done> done) override;
  void ListMessages(const TenantId& tenant, session::v1::ListMessagesRequest request,
                    Done<session::v1::ListMessagesResponse> done) override;
  // End readings before the client.
  std::unique_ptr<Reading> ReadAsCustomer(const TenantId& tenant, const ConversationId& conversation,
                                          uint64_t after_number, std::shared_ptr<Reader> reader) override;
  std::unique_ptr<Reading> ReadAsAgent(const TenantId& tenant, const ConversationId& conversation, const AgentId& agent,
                                       uint64_t after_number, std::shared_ptr<Reader> reader) override;

 private:
  class RemoteReading;

  template <class Answer, class Command>
  void Ask(internal::link::v1::Method method, Lane lane, Duration timeout, const Command& command, Done<Answer> done);

  LinkRouter router_;
};

}  // namespace meridian
