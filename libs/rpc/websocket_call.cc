#include "libs/rpc/websocket_call.h"

#include <google/protobuf/util/json_util.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "libs/base/check.h"
#include "libs/error/error.h"
#include "libs/rpc/call_observation.h"
#include "libs/rpc/error.h"

namespace meridian::rpc {
namespace {

std::string EncodeJson(const Message& message) {
  std::string json;
  auto status = google::protobuf::util::MessageToJsonString(message, &json);
  MERIDIAN_CHECK(status.ok());  // our own messages can always be written
  return json;
}

absl::StatusOr<std::unique_ptr<Message>> ParseJson(const Message& prototype, std::string_view frame) {
  std::unique_ptr<Message> message(prototype.New());
  auto status = google::protobuf::util::JsonStringToMessage({frame.data(), frame.size()}, message.get());
  if (!status.ok()) {
    return MakeError(absl::StatusCode::kInvalidArgument, "MALFORMED_MESSAGE", status.message().as_string());
  }
  return message;
}

uint16_t CloseCodeOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return websocket_close::kNormal;
    case absl::StatusCode::kResourceExhausted:
      return websocket_close::kTryAgainLater;
    case absl::StatusCode::kUnavailable:
      return websocket_close::kGoingAway;
    default:
      return websocket_close::kPolicy;
  }
}

// How a stream ended whose connection was closed by the client, or cut by the server.
absl::Status StatusOfClose(uint16_t code) {
  if (code == websocket_close::kAbnormal) return absl::CancelledError("the client is gone");
  if (code == websocket_close::kTryAgainLater) {
    return MakeError(absl::StatusCode::kResourceExhausted, kSlowReader, "what was sent was not read in time");
  }
  return absl::OkStatus();
}

// One call, owned by its connection's handler. Frames are sent on whichever thread sends; OnClosed, on the server's
// thread, waits the moment until the last of them has left, and only then ends the session. So a handler's OnClosed
// never runs inside a Send of somebody else, and nobody is in here when the call is destroyed.
class WebSocketCall : public FrameSink {
 public:
  WebSocketCall(const Method& method, std::shared_ptr<WebSocketConnection> connection,
                const CallObservation& observation)
      : method_(method), connection_(std::move(connection)), observation_(observation) {}

  void Start(const WebSocketCalls& calls, CallContext context) {
    session_ = StreamSession::Create(calls.stream, calls.gate, calls.timer, std::move(context), EncodeJson, this);
    session_->Open(method_);
    {
      std::lock_guard lock(mutex_);
      opened_ = true;
    }
    Pump();
  }

  void OnText(std::string_view frame) {
    auto message = ParseJson(*method_.request, frame);
    if (!message.ok()) return session_->Finish(message.status());
    session_->OnRead(*std::move(message));
  }

  void OnDrained() {
    {
      std::lock_guard lock(mutex_);
      blocked_ = false;
      ++drains_;
    }
    Pump();
  }

  void OnClosed(uint16_t code) {
    session_->Finish(StatusOfClose(code));  // unless the stream is ending already
    {
      std::lock_guard lock(mutex_);
      closed_ = true;
      blocked_ = false;
    }
    Pump();  // what waited for room fails now
    session_->OnBroken();
    {
      // Short: a frame on its way fails at once, and then the session says its last word.
      std::unique_lock lock(mutex_);
      left_.wait(lock, [this] { return finished_ && senders_ == 0; });
    }
    session_->OnDone();
    observation_.End(session_->final_status());
  }

  // ---- FrameSink ----
  void StartWrite(std::string frame, bool) override {
    {
      std::lock_guard lock(mutex_);
      ++senders_;
      waiting_ = std::move(frame);
    }
    Pump();
    Leave();
  }

  void StartFinish(const absl::Status& status) override {
    {
      std::lock_guard lock(mutex_);
      ++senders_;
    }
    connection_->Close(CloseCodeOf(status), status.ok() ? "" : ShownReason(status));
    {
      std::lock_guard lock(mutex_);
      finished_ = true;
    }
    Leave();
  }

  void Abort() override { connection_->Close(websocket_close::kTryAgainLater, "not read in time"); }

 private:
  // Hands frames to the connection one after the other. OnWriteDone brings the next one (StartWrite, which finds the
  // pump running), so that a long backlog costs no depth of calls.
  void Pump() {
    std::unique_lock lock(mutex_);
    if (pumping_ || !opened_) return;
    pumping_ = true;
    while (waiting_ && !blocked_) {
      const bool sent = SendWaiting(lock);
      if (waiting_) continue;
      lock.unlock();
      session_->OnWriteDone(sent);
      lock.lock();
    }
    pumping_ = false;
  }

  // Whether the connection took the frame. When it has no room the frame waits on, blocked until OnDrained: unless that
  // came before the lock was taken again.
  bool SendWaiting(std::unique_lock<std::mutex>& lock) {
    std::string frame = *std::exchange(waiting_, std::nullopt);
    if (closed_) return false;
    const uint64_t drains = drains_;
    lock.unlock();
    SendResult result = connection_->Send(frame);
    lock.lock();
    if (result == SendResult::kFull && !closed_) {
      waiting_ = std::move(frame);
      blocked_ = drains == drains_;
    }
    return result == SendResult::kQueued;
  }

  void Leave() {
    std::lock_guard lock(mutex_);
    if (--senders_ == 0) left_.notify_all();
  }

  const Method& method_;
  const std::shared_ptr<WebSocketConnection> connection_;
  const CallObservation observation_;
  std::shared_ptr<StreamSession> session_;

  std::mutex mutex_;
  std::condition_variable left_;
  std::optional<std::string> waiting_;  // the write in flight, until the connection takes it
  bool opened_ = false;                 // the handler is there; nothing is reported to the session before
  bool pumping_ = false;
  bool blocked_ = false;  // the connection's backlog is full
  uint64_t drains_ = 0;
  size_t senders_ = 0;     // threads in StartWrite or StartFinish
  bool closed_ = false;    // OnClosed came
  bool finished_ = false;  // the session's last word
};

class Handler : public WebSocketHandler {
 public:
  explicit Handler(std::unique_ptr<WebSocketCall> call) : call_(std::move(call)) {}
  void OnText(std::string_view frame) override { call_->OnText(frame); }
  void OnDrained() override { call_->OnDrained(); }
  void OnClosed(uint16_t code) override { call_->OnClosed(code); }

 private:
  const std::unique_ptr<WebSocketCall> call_;
};

CallHead HeadOf(const std::string& method, const WebSocketOpening& opening) {
  CallHead head;
  head.method = method;
  head.bearer_token = opening.bearer_token.value_or("");
  head.traceparent = std::string(opening.request.Header("traceparent").value_or(""));
  head.peer = opening.request.remote_address;
  head.origin = std::string(opening.request.OnlyHeader("origin").value_or(""));
  return head;
}

}  // namespace

WebSocketRoute RouteForMethod(const WebSocketCalls& calls, std::string_view name, std::string path,
                              std::string subprotocol, std::function<bool(std::string_view origin)> origin_allowed) {
  const Method* method = calls.methods.Find(name);
  MERIDIAN_CHECK(method != nullptr && method->kind == MethodKind::kBidiStreaming);
  WebSocketRoute route;
  route.path = std::move(path);
  route.subprotocols = {std::move(subprotocol)};
  route.origin_allowed = std::move(origin_allowed);
  route.open = [calls, method](std::shared_ptr<WebSocketConnection> connection,
                               const WebSocketOpening& opening) -> absl::StatusOr<std::unique_ptr<WebSocketHandler>> {
    const CallObservation observation(calls.observer, method->name);
    auto context = calls.gate.Admit(HeadOf(method->name, opening), method->access);
    if (!context.ok()) {
      observation.End(context.status());
      return context.status();
    }
    auto call = std::make_unique<WebSocketCall>(*method, std::move(connection), observation);
    call->Start(calls, *std::move(context));
    return std::make_unique<Handler>(std::move(call));
  };
  return route;
}

}  // namespace meridian::rpc
