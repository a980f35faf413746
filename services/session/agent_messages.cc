#include "services/session/agent_messages.h"

#include "libs/error/error.h"
#include "libs/runtime/refusal.h"
#include "services/session/session_errors.h"

namespace meridian {

void AgentMessages::Append(conversation::AppendMessage command, Done done) {
  if (waiting_ >= kMaxWaiting) {
    return done(MakeRefusal(absl::StatusCode::kResourceExhausted, refusal::kMailboxFull, "too many requests wait"));
  }
  ++waiting_;
  const uint64_t id = ++last_id_;
  const Line line{command.agent, command.conversation};
  std::deque<Message>& messages = lines_[line];
  messages.push_back({id, std::move(command), std::move(done)});
  if (messages.size() == 1) Serve(line, id);
}

void AgentMessages::Fail(const absl::Status& why) {
  waiting_ = 0;
  for (auto& [line, messages] : std::exchange(lines_, {})) {
    for (Message& message : messages) message.done(why);
  }
}

AgentMessages::Message* AgentMessages::First(const Line& line, uint64_t id) {
  auto found = lines_.find(line);
  return found == lines_.end() || found->second.front().id != id ? nullptr : &found->second.front();
}

void AgentMessages::Serve(const Line& line, uint64_t id) {
  ports_.gate->Run([this, line, id](const absl::Status& status) {
    if (status.ok()) return Post(line, id);
    OnAnswer(line, id, status);
  });
}

void AgentMessages::Post(const Line& line, uint64_t id) {
  const Message* message = First(line, id);
  if (message == nullptr) return;
  ports_.post(message->command, [this, line, id](absl::StatusOr<conversation::Appended> appended) {
    OnAnswer(line, id, std::move(appended));
  });
}

void AgentMessages::OnAnswer(const Line& line, uint64_t id, absl::StatusOr<conversation::Appended> appended) {
  Message* message = First(line, id);
  if (message == nullptr) return;
  const bool no_grant = IsNoGrant(appended.status());
  if (no_grant && !std::exchange(message->tried, true)) {
    return ports_.await_logs([this, line, id] { Serve(line, id); });
  }
  Done done = std::move(message->done);
  auto messages = lines_.find(line);
  messages->second.pop_front();
  --waiting_;
  const bool more = !messages->second.empty();
  const uint64_t next = more ? messages->second.front().id : 0;
  if (!more) lines_.erase(messages);
  done(std::move(appended));
  if (more) Serve(line, next);
}

}  // namespace meridian
