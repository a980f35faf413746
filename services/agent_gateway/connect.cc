#include "services/agent_gateway/connect.h"

#include <map>
#include <utility>
#include <vector>

#include "libs/base/status_macros.h"
#include "libs/error/error.h"
#include "libs/wire/messages.h"
#include "libs/wire/trace_context.h"
#include "services/agent_gateway/agent_commands.h"
#include "services/agent_gateway/frames.h"

namespace meridian {
namespace {

namespace pb = agent::v1;

constexpr size_t kMaxAgentsPerStream = 10000;

CommandOrigin OriginOf(const rpc::CallContext& context) {
  return {{ActorRole::kAgent, context.subject()}, TraceContextFrom(context.traceparent)};
}

// The agent that a frame is for: named, or the only one that the token may attach.
absl::StatusOr<AgentId> AgentOf(const pb::ConnectRequest& frame, const security::TokenClaims& claims) {
  std::string name = frame.agent();
  if (name.empty() && claims.agents.size() <= 1) name = claims.agents.empty() ? claims.subject : claims.agents.front();
  if (name.empty()) return FieldError("agent", "must be set: the token may attach several");
  if (!claims.MayAttach(name)) {
    return MakeError(absl::StatusCode::kPermissionDenied, "AGENT_DENIED", "the token may not act for this agent");
  }
  return AgentId{name};
}

// The same violations, as fields of `part`.
absl::Status Within(const std::string& part, const absl::Status& status) {
  std::vector<FieldViolation> violations = FieldViolations(status);
  for (FieldViolation& violation : violations) violation.field = part + "." + violation.field;
  return FieldErrors(violations);
}

class ConnectHandler : public rpc::StreamHandler<pb::ConnectRequest> {
 public:
  ConnectHandler(AgentGateway& gateway, Attachment::Stream stream) : gateway_(gateway), stream_(std::move(stream)) {
    stream_.SetMarker([](const std::string& key, uint64_t after_number) {
      size_t slash = key.find('/');
      return MakeResync({key.substr(0, slash)}, key.substr(slash + 1), after_number);
    });
  }

  void OnMessage(pb::ConnectRequest frame) override {
    if (frame.has_heartbeat()) {
      pb::ConnectResponse answer;
      answer.mutable_heartbeat();
      stream_.Send(answer);
      return;
    }
    absl::Status status = Handle(frame);
    if (!status.ok()) stream_.Send(MakeResult({frame.agent()}, frame.request_id(), status));
  }

  void OnHalfClosed() override { stream_.Finish(absl::OkStatus()); }

  void OnClosed(const absl::Status& status) override {
    const DetachCause cause =
        ErrorReason(status) == rpc::kSlowReader ? DetachCause::kSlowReader : DetachCause::kConnectionLost;
    for (const auto& [agent, attachment] : attachments_) gateway_.ConnectionLost(attachment, cause);
  }

 private:
  // What is answered later answers by itself; a failed status is the answer.
  absl::Status Handle(const pb::ConnectRequest& frame) {
    auto request_id = Uuid::Parse(frame.request_id());
    if (!request_id || request_id->Version() != 7) return FieldError("request_id", "must be a version 7 UUID");
    if (frame.has_refresh_token()) {
      MERIDIAN_RETURN_IF_ERROR(stream_.RenewToken(frame.refresh_token().token()));
      stream_.Send(MakeResult({frame.agent()}, frame.request_id(), absl::OkStatus()));
      return absl::OkStatus();
    }
    const rpc::CallContext context = stream_.context();
    MERIDIAN_ASSIGN_OR_RETURN(AgentId agent, AgentOf(frame, *context.claims));
    if (frame.has_attach()) return HandleAttach(context, agent, frame);
    auto found = attachments_.find(agent);
    if (found == attachments_.end() || !gateway_.Holds(*found->second)) {
      return MakeError(absl::StatusCode::kFailedPrecondition, "NOT_ATTACHED", "attach the agent on this stream first");
    }
    if (frame.has_send_message()) return HandleSend(*found->second, frame);
    if (frame.has_read_conversation()) return HandleRead(found->second, frame);
    if (frame.command_case() == pb::ConnectRequest::COMMAND_NOT_SET) return FieldError("command", "must be set");
    return HandleRouting(context, found->second, frame, *request_id);
  }

  absl::Status HandleAttach(const rpc::CallContext& context, const AgentId& agent, const pb::ConnectRequest& frame) {
    std::optional<Activity> activity;
    if (!frame.attach().activity().empty()) {
      MERIDIAN_ASSIGN_OR_RETURN(activity, ActivityFrom(frame.attach().activity(), "attach.activity"));
    }
    if (!attachments_.contains(agent) && attachments_.size() >= kMaxAgentsPerStream) {
      return MakeError(absl::StatusCode::kResourceExhausted, "TOO_MANY_AGENTS",
                       "a stream attaches at most 10,000 agents");
    }
    std::map<std::string, uint64_t> positions;
    for (int i = 0; i < frame.attach().positions_size(); ++i) {
      const pb::ReadPosition& position = frame.attach().positions(i);
      auto conversation = ConversationId::Parse(position.conversation_id());
      if (!conversation) {
        return FieldError("attach.positions[" + std::to_string(i) + "].conversation_id", "must be a conversation's id");
      }
      positions[conversation->ToString()] = position.after_number();
    }
    auto done = [stream = stream_, agent, id = frame.request_id(),
                 activity = frame.attach().activity()](absl::StatusOr<AttachmentNumber> number) {
      stream.Send(MakeResult(agent, id, number.status()));
      if (!number.ok()) return;
      pb::ConnectResponse attached;
      attached.set_agent(agent.value);
      attached.mutable_attached()->set_attachment(number->value);
      attached.mutable_attached()->set_activity(activity);
      stream.Send(attached);
    };
    std::shared_ptr<Attachment>& attachment = attachments_[agent];
    attachment =
        gateway_.Attach({{context.tenant()}, agent, std::move(activity), std::move(positions), stream_, attachment},
                        OriginOf(context), std::move(done));
    return absl::OkStatus();
  }

  absl::Status HandleSend(const Attachment& attachment, const pb::ConnectRequest& frame) {
    const pb::SendMessage& send = frame.send_message();
    auto conversation = ConversationId::Parse(send.conversation_id());
    auto parts = MessagePartsFromProto(send.parts());
    std::vector<FieldViolation> violations;
    if (!conversation) violations.push_back({"conversation_id", "must be a conversation's id"});
    if (send.client_number() == 0) violations.push_back({"client_number", "must be 1 or more"});
    if (send.parts().empty()) violations.push_back({"parts", "must hold at least one part"});
    const absl::Status bad = WithMoreFields(parts.status(), violations);
    if (!bad.ok()) return Within("send_message", bad);
    conversation::AppendMessage command;
    command.tenant = attachment.tenant;
    command.conversation = *conversation;
    command.author = conversation::AuthorKind::kAgent;
    command.agent = attachment.agent;
    command.client_number = send.client_number();
    command.parts = *std::move(parts);
    gateway_.ports().session.Append(std::move(command),
                                    [stream = stream_, agent = attachment.agent,
                                     id = frame.request_id()](absl::StatusOr<conversation::Appended> appended) {
                                      pb::ConnectResponse result = MakeResult(agent, id, appended.status());
                                      if (appended.ok()) result.mutable_result()->set_message_number(appended->number);
                                      stream.Send(result);
                                    });
    return absl::OkStatus();
  }

  absl::Status HandleRead(const std::shared_ptr<Attachment>& attachment, const pb::ConnectRequest& frame) {
    auto conversation = ConversationId::Parse(frame.read_conversation().conversation_id());
    if (!conversation) return FieldError("read_conversation.conversation_id", "must be a conversation's id");
    gateway_.Read(attachment, *conversation, frame.read_conversation().after_number());
    stream_.Send(MakeResult(attachment->agent, frame.request_id(), absl::OkStatus()));
    return absl::OkStatus();
  }

  absl::Status HandleRouting(const rpc::CallContext& context, const std::shared_ptr<Attachment>& attachment,
                             const pb::ConnectRequest& frame, const Uuid& request_id) {
    auto answer = [stream = stream_, agent = attachment->agent, id = frame.request_id()](const absl::Status& status) {
      stream.Send(MakeResult(agent, id, status));
    };
    if (frame.has_detach()) {
      gateway_.SignOff(*attachment, OriginOf(context), std::move(answer));
      attachments_.erase(AgentId(attachment->agent));
      return absl::OkStatus();
    }
    MERIDIAN_ASSIGN_OR_RETURN(CommandBody body, RoutingCommandOf(frame, attachment->agent, attachment->number));
    const CommandOrigin origin = OriginOf(context);
    // The other commands name a token and are idempotent by it; an activity sent twice could undo a later one.
    if (frame.has_set_activity()) {
      RequestKey key{
          attachment->tenant.value, request_id,
          DigestOfRequest(origin.actor.subject, attachment->agent.value + " " + frame.set_activity().activity())};
      gateway_.Send(*attachment, std::move(body), origin, std::move(key), std::move(answer));
    } else {
      gateway_.SendAttached(attachment, std::move(body), origin, std::move(answer));
    }
    return absl::OkStatus();
  }

  AgentGateway& gateway_;
  const Attachment::Stream stream_;
  std::map<AgentId, std::shared_ptr<Attachment>> attachments_;  // of this stream
};

}  // namespace

std::unique_ptr<rpc::StreamHandler<pb::ConnectRequest>> OpenConnect(AgentGateway& gateway, Attachment::Stream stream) {
  return std::make_unique<ConnectHandler>(gateway, std::move(stream));
}

}  // namespace meridian
