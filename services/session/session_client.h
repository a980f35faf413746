// How other services reach session. In standalone a call is posted to the shard's loop in this process; over several
// processes the same port is served by batched streams. Owned by whoever assembled session; outlives its users.
// Any thread; `done` is called exactly once, on a thread of session, and must not block. Every command is idempotent:
// after UNAVAILABLE send it again.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/base/entity_id.h"
#include "libs/conversation/answer.h"
#include "libs/conversation/command.h"
#include "meridian/ingress/v1/ingress_service.pb.h"
#include "meridian/session/v1/session_service.pb.h"
#include "meridian/type/v1/message.pb.h"

namespace meridian {

class SessionClient {
 public:
  template <typename T>
  using Done = absl::AnyInvocable<void(absl::StatusOr<T>)>;

  virtual ~SessionClient() = default;

  // Answered when session and routing have the contact durably. Refusals of session and routing are failed statuses
  // with their reasons (INVALID_ARGUMENT with the field, FAILED_PRECONDITION, RESOURCE_EXHAUSTED QUEUE_FULL …);
  // UNAVAILABLE (NOT_QUEUED) when routing did not answer within 4 minutes; routing's NO_SPACE, READ_ONLY, STORE_FAILED
  // or LOAD_FAILED when it cannot take it now: the contact is kept and tried on, and a repeat waits for it again.
  // One whose turn comes after its `patience` is not begun: DEADLINE_EXCEEDED (DEADLINE_PASSED). One that was begun
  // goes on, whoever waits.
  virtual void Submit(conversation::SubmitContact command, Done<conversation::Submitted> done) = 0;
  virtual void Append(conversation::AppendMessage command, Done<conversation::Appended> done) = 0;
  virtual void Cancel(conversation::CancelContact command, Done<conversation::Done> done) = 0;
  virtual void Close(conversation::CloseConversation command, Done<conversation::Done> done) = 0;

  // The messages of a conversation after a position, for readers with the right to all of it.
  virtual void ListMessages(const TenantId& tenant, session::v1::ListMessagesRequest request,
                            Done<session::v1::ListMessagesResponse> done) = 0;

  // What a reader is told, in order. Called on session's threads, one call at a time, must not block.
  class Reader {
   public:
    virtual ~Reader() = default;
    virtual void OnMessage(const type::v1::Message& message) = 0;
    // The messages up to `last_number` have all been given; what follows is live.
    virtual void OnCaughtUp(uint64_t last_number) = 0;
    // Customers only: the state of the conversation's contact changed, or is told for the first time.
    virtual void OnStatus(const ingress::v1::ContactStatus& status) = 0;
    // The last call: OK when the conversation closed or the agent's grant ended; NOT_FOUND (CONVERSATION_NOT_FOUND);
    // UNAVAILABLE when the shard is not served here any more.
    virtual void OnEnded(const absl::Status& status) = 0;
  };
  // Ends the reading when destroyed; no call comes after that (it waits for one that is running, so it must not be
  // destroyed inside a call of its own reader).
  class Reading {
   public:
    virtual ~Reading() = default;
  };
  // Messages after `after_number` in order, then live ones. The connection counts as the customer's presence.
  virtual std::unique_ptr<Reading> ReadAsCustomer(const TenantId& tenant, const ConversationId& conversation,
                                                  uint64_t after_number, std::shared_ptr<Reader> reader) = 0;
  // The same under the agent's current grant: waits until there is one (routing's answer may be faster than its log),
  // gives no message before the grant's first or after its end.
  virtual std::unique_ptr<Reading> ReadAsAgent(const TenantId& tenant, const ConversationId& conversation,
                                               const AgentId& agent, uint64_t after_number,
                                               std::shared_ptr<Reader> reader) = 0;
};

}  // namespace meridian
