// The agent gateway of one process: which agents are attached over which streams, and the way between them and routing
// and session. Owned by whoever assembles the process; destroyed after the servers and before routing, session and then
// the timer. Any thread. Nothing is sent to a stream, and no reading begun or ended, under a lock of the gateway's or
// of an attachment's: both wait for session's thread, which asks for those locks in a reader's calls.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>
#include <vector>

#include "libs/rpc/server_stream.h"
#include "meridian/agent/v1/agent_service.pb.h"
#include "services/agent_gateway/ports.h"

namespace meridian {

// One agent on one stream.
struct Attachment {
  using Stream = rpc::ServerStream<agent::v1::ConnectResponse>;

  TenantId tenant;
  AgentId agent;
  AttachmentNumber number;
  Stream stream;
  std::map<std::string, uint64_t> positions;  // by conversation: how far the agent had read; never changed
  std::atomic<bool> confirmed{false};         // routing has it

  // The readings of the conversations that the agent takes part in.
  struct Reading {
    std::shared_ptr<bool> ended;
    std::unique_ptr<SessionClient::Reading> reading;
  };
  std::mutex mutex;   // for all below
  bool over = false;  // forgotten: no reading begins any more
  std::map<std::string, Reading> readings;
};

class AgentGateway {
 public:
  explicit AgentGateway(const AgentGatewayPorts& ports);
  ~AgentGateway();

  struct Wish {
    TenantId tenant;
    AgentId agent;
    std::optional<Activity> activity;
    std::map<std::string, uint64_t> positions;
    Attachment::Stream stream;
    std::shared_ptr<Attachment>
        earlier;  // of the same agent on the same stream, which the new one replaces; may be null
  };
  // Makes a new attachment, above every earlier one of the agent, and asks routing for it; `done` brings the answer,
  // before anything of the attachment is sent. What fails is forgotten again, and the agent is then detached: the
  // earlier attachment ends in any case.
  std::shared_ptr<Attachment> Attach(Wish wish, CommandOrigin origin,
                                     absl::AnyInvocable<void(absl::StatusOr<AttachmentNumber>)> done);
  // The stream is gone: routing is told why until it has heard.
  void ConnectionLost(const std::shared_ptr<Attachment>& attachment, DetachCause cause);
  // The agent leaves in order; `done` brings routing's first answer. Without one, routing is told until it has heard.
  void SignOff(const Attachment& attachment, CommandOrigin origin, absl::AnyInvocable<void(absl::Status)> done);
  // The agent was replaced or removed: nothing more is sent to it.
  void Forget(const Attachment& attachment);
  // False once it was lost, signed off, forgotten or superseded.
  bool Holds(const Attachment& attachment);

  void Send(const Attachment& attachment, CommandBody body, CommandOrigin origin, std::optional<RequestKey> key,
            absl::AnyInvocable<void(absl::Status)> done);
  // The same for a command that may be sent again as it is. Routing that was started anew does not know the agent until
  // the gateway has attached it again: `done` then brings UNAVAILABLE (ATTACHING).
  void SendAttached(const std::shared_ptr<Attachment>& attachment, CommandBody body, CommandOrigin origin,
                    absl::AnyInvocable<void(absl::Status)> done);
  // (Re)starts reading a conversation for the agent; goes on by itself where its shard is away for a while. `waited`
  // since anything of it was read.
  void Read(const std::shared_ptr<Attachment>& attachment, const ConversationId& conversation, uint64_t after_number,
            Duration waited = Duration::Zero());

  const AgentGatewayPorts& ports() const { return ports_; }

 private:
  class ConversationReader;
  using Key = std::tuple<TenantId, AgentId, uint64_t>;

  // How callbacks that may come late reach the gateway: null once it is being destroyed, which waits for one that runs.
  struct Lifeline {
    std::mutex mutex;
    AgentGateway* gateway;
  };
  template <typename Call>
  static void IfAlive(const std::shared_ptr<Lifeline>& lifeline, Call call) {
    std::lock_guard lock(lifeline->mutex);
    if (lifeline->gateway != nullptr) call(*lifeline->gateway);
  }

  void OnMessage(const TenantId& tenant, GatewayMessage&& message);
  void OnTerm();
  void ReadAssigned(const std::shared_ptr<Attachment>& attachment, const AssignmentStarted& started);
  static bool IsNewestReading(Attachment& attachment, const ConversationId& conversation,
                              const std::shared_ptr<bool>& ended);
  // Until routing has answered; `waited` before this time.
  void TellDetached(TenantId tenant, DetachAgent command, Duration waited);
  std::shared_ptr<Attachment> Find(const TenantId& tenant, const AgentId& agent, AttachmentNumber number);
  AttachmentNumber NextNumber();

  const AgentGatewayPorts ports_;
  const GatewayKey key_;
  const std::shared_ptr<Lifeline> lifeline_;
  std::mutex mutex_;
  uint64_t last_number_ = 0;
  std::map<Key, std::shared_ptr<Attachment>> attachments_;
  std::unique_ptr<RoutingClient::Registration> registration_;
};

}  // namespace meridian
