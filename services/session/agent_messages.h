// Agents' messages on their way to the core: those of one agent in one conversation one at a time and in order, those
// of others beside them. They wait until the shard knows all grants that have ended (catch_up_gate.h). Routing tells an
// agent of its assignment before its log has been followed to the grant, so one that is refused for want of a grant
// waits until everything that routing's logs hold by then has been applied, and is tried once more.
//
// Bounded: at most kMaxWaiting in all, then RESOURCE_EXHAUSTED. The shard's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "libs/conversation/command.h"
#include "services/session/catch_up_gate.h"
#include "services/session/session_client.h"

namespace meridian {

struct AgentMessagePorts {
  // To the core; the answer comes on the shard's thread, never inside the call.
  std::function<void(conversation::AppendMessage, SessionClient::Done<conversation::Appended>)> post;
  // Called back once all that routing's logs hold now has been applied; never when the shard stops before.
  std::function<void(absl::AnyInvocable<void()>)> await_logs;
  CatchUpGate* gate = nullptr;
};

class AgentMessages {
 public:
  using Done = SessionClient::Done<conversation::Appended>;
  static constexpr size_t kMaxWaiting = 65536;

  explicit AgentMessages(AgentMessagePorts ports) : ports_(std::move(ports)) {}

  void Append(conversation::AppendMessage command, Done done);
  // Answers all that wait: nothing will be served any more.
  void Fail(const absl::Status& why);

  size_t waiting() const { return waiting_; }

 private:
  using Line = std::pair<AgentId, ConversationId>;
  struct Message {
    uint64_t id = 0;
    conversation::AppendMessage command;
    Done done;
    bool tried = false;
  };

  // The line's first message if it is still this one.
  Message* First(const Line& line, uint64_t id);
  void Serve(const Line& line, uint64_t id);
  void Post(const Line& line, uint64_t id);
  void OnAnswer(const Line& line, uint64_t id, absl::StatusOr<conversation::Appended> appended);

  const AgentMessagePorts ports_;
  std::map<Line, std::deque<Message>> lines_;  // the first of each is being served
  size_t waiting_ = 0;
  uint64_t last_id_ = 0;
};

}  // namespace meridian
