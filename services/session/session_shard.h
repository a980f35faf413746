// One session shard in this process: its loop, the followers of the routing shards' logs, the readings, and what goes
// to routing and back. All of it runs on the thread that steps the shard; the functions named "any thread" post to it.
// Owned by the service.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "libs/runtime/command_replayer.h"
#include "libs/runtime/log_follower.h"
#include "libs/runtime/shard_loop.h"
#include "services/session/agent_directory.h"
#include "services/session/agent_messages.h"
#include "services/session/catch_up_gate.h"
#include "services/session/eraser.h"
#include "services/session/language_watch.h"
#include "services/session/readings.h"
#include "services/session/routing_sender.h"
#include "services/session/session_client.h"
#include "services/session/session_errors.h"
#include "services/session/session_program.h"
#include "services/session/submissions.h"

namespace meridian {

struct SessionShardOptions {
  ShardIdentity identity;
  std::vector<ShardId> routing_shards;  // whose logs it follows
  conversation::SessionOptions core;
};

struct SessionPorts {
  ShardPorts shard;
  EventLog* log = nullptr;  // of the routing shards
  RoutingClient* routing = nullptr;
  // For the process's log and metrics; on the shard's thread. The status says why, OK when nothing went wrong.
  std::function<void(ShardId, ShardState, const absl::Status&)> on_state;
  std::function<void(ShardId routing_shard, const absl::Status&)> on_follower_error;
  std::function<void(ShardId, const ErasureTrouble&)> on_erasure_trouble;
};

class SessionShard final : public Stepped {
 public:
  SessionShard(SessionShardOptions options, SessionPorts ports);
  ~SessionShard() override;

  // ---- any thread ----

  void Start();
  // What customers ask of one conversation is done in the order in which it was asked (submissions.h).
  void Submit(conversation::SubmitContact command, SessionClient::Done<conversation::Submitted> done);
  template <typename T, typename Command>
  void DoInTurn(Command command, SessionClient::Done<T> done) {
    tasks_->Post([this, command = std::move(command), done = std::move(done)]() mutable {
      const ConversationId conversation = command.conversation;
      submissions_.InTurn(conversation, [this, command = std::move(command),
                                         done = std::move(done)](const absl::Status& status) mutable {
        if (!status.ok()) return done(status);
        Do<T>(std::move(command), std::move(done));
      });
    });
  }
  // Of an agent: see agent_messages.h.
  void Append(conversation::AppendMessage command, SessionClient::Done<conversation::Appended> done);
  // At most `count` messages after a position, fewer when they are large, and the conversation's last number.
  struct MessageList {
    std::vector<conversation::MessageRecord> messages;
    uint64_t last_number = 0;
  };
  void List(TenantId tenant, ConversationId conversation, uint64_t after, uint64_t count,
            SessionClient::Done<MessageList> done);
  // `id` is unique among the readings of all shards.
  std::unique_ptr<SessionClient::Reading> Read(uint64_t id, conversation::OpenReading what,
                                               std::shared_ptr<SessionClient::Reader> reader);

  ShardId id() const { return options_.identity.shard; }
  ShardState state() const { return loop_.state(); }

  // ---- Stepped ----

  void SetWaker(std::function<void()> waker) override;
  bool Step() override;
  MonotonicInstant NextWake() override;
  void RequestStop() override;
  bool stopped() const override;

  // ---- the owner's thread, for tests and counters ----

  const SessionProgram& program() const { return loop_.program(); }
  const LanguageWatch& languages() const { return languages_; }
  size_t readings() const { return readings_.size(); }

 private:
  class Handle;
  // `done` on the shard's thread, also when the loop does not take the command.
  void Post(conversation::Command command, Lane lane, absl::AnyInvocable<void(SessionAnswer&&)> done,
            MonotonicInstant deadline = MonotonicInstant::Never());
  template <typename T>
  void Do(conversation::Command command, SessionClient::Done<T> done) {
    Post(std::move(command), Lane::kLiveWork,
         [done = std::move(done)](SessionAnswer&& answer) mutable { done(Expect<T>(std::move(answer))); });
  }
  void PostPresence(conversation::Command command);
  void OnState(ShardState state, const absl::Status& why);
  void OpenGateWhenCaughtUp();
  // Once all that routing's logs hold now has been applied; never when the shard stops before.
  void AwaitLogs(absl::AnyInvocable<void()> done);
  void End(const absl::Status& why);
  void ReadRecords(std::vector<RecordKey> keys, absl::AnyInvocable<void(ReadingPorts::Values)> done);
  void ListEnded(TenantId tenant, ConversationId conversation, uint64_t after, uint64_t count,
                 SessionClient::Done<MessageList> done);
  void ListFrom(const ConversationId& conversation, uint64_t after, uint64_t count, uint64_t last_number,
                SessionClient::Done<MessageList> done);
  // Of the ended conversation of this tenant: its last number.
  void FindEnded(TenantId tenant, ConversationId conversation, SessionClient::Done<uint64_t> done);

  void OnMessage(conversation::OutgoingMessage&& message);
  void On(conversation::ContactAcknowledged& acknowledged);
  void On(conversation::EnqueueContact& enqueue);
  void On(conversation::TellRouting& tell) { sender_.On(tell); }
  void On(conversation::Deliver& delivered);
  void On(conversation::GrantChanged& changed) { readings_.On(changed); }
  void On(conversation::ContactChanged& changed);
  void On(conversation::ConversationClosed& closed);
  void On(conversation::FollowerAdvanced& advanced) { sender_.On(advanced); }
  ingress::v1::ContactStatus ToStatus(const conversation::ContactChanged& changed);

  std::unique_ptr<LogFollower> MakeFollower(ShardId routing_shard);
  void Deliver(FollowedEntry entry, absl::AnyInvocable<void(absl::Status)> done);
  ReadingPorts MakeReadingPorts();
  RoutingSenderPorts MakeSenderPorts();
  SubmissionPorts MakeSubmissionPorts();
  AgentMessagePorts MakeAgentMessagePorts();
  EraserPorts MakeEraserPorts();

  const SessionShardOptions options_;
  const SessionPorts ports_;
  const std::shared_ptr<CompletionQueue> tasks_;
  CatchUpGate gate_;
  uint64_t times_closed_ = 0;  // the gate
  AgentDirectory agents_;
  LanguageWatch languages_;
  Submissions submissions_;
  AgentMessages agent_messages_;
  std::vector<conversation::Command> presence_;  // that the loop's mailbox had no room for
  MonotonicInstant presence_at_ = MonotonicInstant::Never();
  size_t reads_under_way_ = 0;  // somebody waits for each
  bool told_lost_ = false;      // what the shard said may have been lost: it stopped serving
  bool unserved_ = false;       // it stopped for good, or another process owns the shard
  Readings readings_;
  RoutingSender sender_;
  Eraser eraser_;
  // What the core acknowledged, whoever asked: customers, agents, routing and its log. Messages get their numbers again
  // only when all of it comes again in one order.
  CommandReplayer<SessionProgram> replayer_;
  ShardLoop<SessionProgram> loop_;
  std::vector<std::unique_ptr<LogFollower>> followers_;
};

}  // namespace meridian
