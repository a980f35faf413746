#include "services/ingress/converse.h"

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "libs/error/error.h"
#include "libs/rpc/error.h"
#include "libs/security/access_policy.h"
#include "libs/security/token_issuer.h"
#include "services/ingress/watcher.h"

namespace meridian {
namespace {

namespace pb = ingress::v1;
using Stream = rpc::ServerStream<pb::ConverseResponse>;

constexpr size_t kMaxWatches = 4;

pb::ConverseResponse ResultFor(const std::string& request_id, const absl::Status& status) {
  pb::ConverseResponse response;
  response.mutable_result()->set_request_id(request_id);
  if (!status.ok()) rpc::ToErrorMessage(status, response.mutable_result()->mutable_error());
  return response;
}

template <typename Response>
auto Answer(const Stream& stream, const std::string& id, Response* (pb::CommandResult::*field)()) {
  return [stream, id, field](absl::StatusOr<Response> result) {
    pb::ConverseResponse frame = ResultFor(id, result.status());
    if (result.ok()) *(frame.mutable_result()->*field)() = *std::move(result);
    stream.Send(frame);
  };
}

// The stream was admitted for talking; each frame needs what its unary call needs.
absl::Status Authorize(const security::TokenClaims& claims, pb::ConverseRequest::CommandCase command) {
  security::Permission needed = security::Permission::kContactsTalk;
  if (command == pb::ConverseRequest::kSubmitContact) needed = security::Permission::kContactsSubmit;
  if (command == pb::ConverseRequest::kCancelContact) needed = security::Permission::kContactsCancel;
  return security::Authorize(claims, {{claims.role}, needed});
}

class ConverseHandler : public rpc::StreamHandler<pb::ConverseRequest> {
 public:
  ConverseHandler(std::shared_ptr<const IngressRequests> requests, Stream stream)
      : requests_(std::move(requests)), stream_(std::move(stream)) {
    stream_.SetMarker([](const std::string& conversation, uint64_t after_number) {
      pb::ConverseResponse response;
      *response.mutable_watch() = MakeResync(conversation, after_number);
      return response;
    });
  }

  void OnMessage(pb::ConverseRequest frame) override {
    const rpc::CallContext context = stream_.context();
    const security::TokenClaims& claims = *context.claims;
    RenewVisitorToken(claims);
    const std::string& id = frame.request_id();
    if (absl::Status status = Authorize(claims, frame.command_case()); !status.ok()) {
      stream_.Send(ResultFor(id, status));
      return;
    }
    switch (frame.command_case()) {
      case pb::ConverseRequest::kSubmitContact:
        if (frame.submit_contact().request_id().empty()) frame.mutable_submit_contact()->set_request_id(id);
        return requests_->Submit(context, frame.submit_contact(),
                                 Answer(stream_, id, &pb::CommandResult::mutable_submit_contact));
      case pb::ConverseRequest::kSendMessage:
        return requests_->Send(claims, frame.send_message(),
                               Answer(stream_, id, &pb::CommandResult::mutable_send_message));
      case pb::ConverseRequest::kCancelContact:
        return requests_->Cancel(context, frame.cancel_contact(),
                                 Answer(stream_, id, &pb::CommandResult::mutable_cancel_contact));
      case pb::ConverseRequest::kLeaveConversation:
        return requests_->Leave(context, frame.leave_conversation(),
                                [stream = stream_, id](absl::StatusOr<conversation::Done> done) {
                                  stream.Send(ResultFor(id, done.status()));
                                });
      case pb::ConverseRequest::kWatchContact:
        return Watch(claims, id, frame.watch_contact());
      case pb::ConverseRequest::kRefreshToken:
        stream_.Send(ResultFor(id, stream_.RenewToken(frame.refresh_token().token())));
        return;
      case pb::ConverseRequest::kHeartbeat: {
        pb::ConverseResponse response;
        response.mutable_heartbeat();
        stream_.Send(response);
        return;
      }
      case pb::ConverseRequest::COMMAND_NOT_SET:
        stream_.Send(ResultFor(id, FieldError("command", "must be set")));
    }
  }

  void OnHalfClosed() override { stream_.Finish(absl::OkStatus()); }
  void OnClosed(const absl::Status&) override { watches_.clear(); }

 private:
  // A new watch of the same conversation takes the place of the last one. The command is answered when the watch
  // begins; one that fails later is told by a second result, with its error.
  void Watch(const security::TokenClaims& claims, const std::string& id, const pb::WatchContactRequest& request) {
    const std::string& conversation = request.conversation_id();
    std::erase_if(watches_, [&](const auto& watch) { return *watch.second.ended || watch.first == conversation; });
    if (watches_.size() >= kMaxWatches) {
      stream_.Send(ResultFor(id, MakeError(absl::StatusCode::kResourceExhausted, "TOO_MANY_WATCHES",
                                           "a stream watches at most 4 conversations")));
      return;
    }
    if (auto allowed = CustomersConversation(claims, conversation); !allowed.ok()) {
      stream_.Send(ResultFor(id, allowed.status()));
      return;
    }
    stream_.Send(ResultFor(id, absl::OkStatus()));
    auto has_ended = std::make_shared<std::atomic<bool>>(false);
    auto reading = requests_->Watch(claims, request, WatcherFor(conversation, id, has_ended));
    if (reading.ok()) watches_[conversation] = {std::move(has_ended), *std::move(reading)};
  }

  std::shared_ptr<SessionClient::Reader> WatcherFor(const std::string& conversation, const std::string& id,
                                                    std::shared_ptr<std::atomic<bool>> has_ended) const {
    auto send = [stream = stream_, conversation](pb::WatchContactResponse response, bool droppable,
                                                 uint64_t resume_after) {
      pb::ConverseResponse frame;
      *frame.mutable_watch() = std::move(response);
      if (droppable) {
        stream.Send(frame, rpc::Droppable{conversation, resume_after});
      } else {
        stream.Send(frame);
      }
    };
    auto ended = [stream = stream_, id, has_ended = std::move(has_ended)](const absl::Status& status) {
      *has_ended = true;
      if (!status.ok()) stream.Send(ResultFor(id, status));
    };
    return std::make_shared<CustomerWatcher>(std::move(send), std::move(ended));
  }

  // A conversation that is watched and has not ended lives; one that has not begun is given the life of a first token.
  bool SessionLives(const security::TokenClaims& claims, Instant now) const {
    auto watch = watches_.find(claims.session);
    if (watch != watches_.end() && !*watch->second.ended) return true;
    const auto session = ConversationId::Parse(claims.session);
    if (!session) return false;
    const Instant named_at = Instant::FromUnixMilliseconds(session->uuid.UnixMilliseconds());
    return now - named_at <= requests_->ports().visitor_token_life;
  }

  // The visitor's token is renewed for as long as its session lives; any frame in the last third of its life, a
  // heartbeat too, is an occasion.
  void RenewVisitorToken(const security::TokenClaims& claims) {
    const IngressPorts& ports = requests_->ports();
    const Instant now = ports.clock.Now();
    if (claims.role != security::Role::kCustomer) return;
    if (claims.expires_at - now > ports.visitor_token_life / 3) return;
    if (!SessionLives(claims, now)) return;
    security::TokenClaims renewed = claims;
    renewed.expires_at = now + ports.visitor_token_life;
    auto token = security::IssueToken(ports.key, renewed, now);
    if (!token.ok() || !stream_.RenewToken(*token).ok()) return;
    pb::ConverseResponse response;
    response.mutable_token_renewed()->set_token(*std::move(token));
    stream_.Send(response);
  }

  const std::shared_ptr<const IngressRequests> requests_;
  const Stream stream_;
  struct Watched {
    std::shared_ptr<std::atomic<bool>> ended;
    std::unique_ptr<SessionClient::Reading> reading;
  };
  std::map<std::string, Watched> watches_;  // by conversation
};

}  // namespace

std::unique_ptr<rpc::StreamHandler<pb::ConverseRequest>> OpenConverse(std::shared_ptr<const IngressRequests> requests,
                                                                      Stream stream) {
  return std::make_unique<ConverseHandler>(std::move(requests), std::move(stream));
}

}  // namespace meridian
