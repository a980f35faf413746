#include "libs/rpc/grpc_call.h"

#include <grpc/support/time.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/impl/rpc_service_method.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/proto_buffer_reader.h>
#include <grpcpp/support/server_callback.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <optional>
#include <utility>

#include "libs/base/status_macros.h"
#include "libs/error/error.h"
#include "libs/rpc/call_observation.h"
#include "libs/rpc/grpc_status.h"

namespace meridian::rpc {
namespace {

// --- What is read from a call, and messages to bytes and back ---

std::string HeaderOf(const grpc::CallbackServerContext& context, const char* name) {
  const auto& headers = context.client_metadata();
  // Two of one kind are as good as none: which one would count?
  if (headers.count(name) != 1) return "";
  const grpc::string_ref& value = headers.find(name)->second;
  return std::string(value.data(), value.size());
}

std::string BearerToken(const grpc::CallbackServerContext& context) {
  static constexpr std::string_view kScheme = "bearer ";
  std::string value = HeaderOf(context, "authorization");
  if (value.size() <= kScheme.size()) return "";
  for (size_t i = 0; i < kScheme.size(); ++i) {
    if ((value[i] | 0x20) != (kScheme[i] | 0x20)) return "";
  }
  return value.substr(kScheme.size());
}

// "ipv4:127.0.0.1:52034" → "127.0.0.1", "ipv6:[::1]:52034" (its brackets percent-encoded or not) → as it stands, less
// the port.
std::string AddressOf(const std::string& peer) {
  size_t begin = peer.find(':');
  size_t end = peer.rfind(':');
  if (begin == std::string::npos || end <= begin) return peer;
  return peer.substr(begin + 1, end - begin - 1);
}

CallHead ReadHead(const grpc::CallbackServerContext& context, const Method& method) {
  return {method.name, BearerToken(context), HeaderOf(context, "traceparent"), AddressOf(context.peer()), std::nullopt};
}

// None when the caller set no deadline, or one so far away that a count of nanoseconds might not hold it.
std::optional<Duration> PatienceOf(const grpc::CallbackServerContext& context) {
  constexpr int64_t kLongest = 24 * 3600;
  const gpr_timespec deadline = context.raw_deadline();
  const gpr_timespec left = gpr_time_sub(deadline, gpr_now(deadline.clock_type));
  if (left.tv_sec >= kLongest) return std::nullopt;
  return std::max(Duration::Seconds(left.tv_sec) + Duration::Nanoseconds(left.tv_nsec), Duration::Zero());
}

absl::StatusOr<std::unique_ptr<Message>> Parse(const Message& prototype, const grpc::ByteBuffer& bytes) {
  std::unique_ptr<Message> message(prototype.New());
  grpc::ByteBuffer copy(bytes);  // shares the slices; the reader wants a mutable one
  grpc::ProtoBufferReader reader(&copy);
  if (!reader.status().ok() || !message->ParseFromZeroCopyStream(&reader)) {
    return MakeError(absl::StatusCode::kInvalidArgument, "MALFORMED_MESSAGE", "the message cannot be parsed");
  }
  return message;
}

grpc::ByteBuffer BytesOf(const Message& message) {
  size_t size = message.ByteSizeLong();
  grpc::Slice slice(size);
  message.SerializeWithCachedSizesToArray(const_cast<uint8_t*>(slice.begin()));
  return grpc::ByteBuffer(&slice, 1);
}

std::string Encode(const Message& message) { return message.SerializeAsString(); }

// Moves the string into the buffer instead of copying its bytes.
grpc::ByteBuffer BytesOf(std::string frame) {
  auto* owned = new std::string(std::move(frame));
  grpc::Slice slice(
      owned->data(), owned->size(), [](void* string) { delete static_cast<std::string*>(string); }, owned);
  return grpc::ByteBuffer(&slice, 1);
}

// --- Unary ---

class UnaryCall : public grpc::ServerUnaryReactor {
 public:
  UnaryCall(CallEnvironment* environment, const Method& method, grpc::ByteBuffer* response)
      : gate_(environment->gate),
        method_(method),
        observation_(environment->observer, method.name),
        response_(response) {}

  void Start(const grpc::CallbackServerContext& context, const grpc::ByteBuffer& request) {
    absl::Status status = Dispatch(context, request);
    if (!status.ok() && !ended_->exchange(true)) End(status);
  }

  // Nobody waits for the answer any more: the caller went, or the server's patience is over.
  void OnCancel() override {
    if (!ended_->exchange(true)) End(absl::CancelledError("the call was cancelled"));
  }

  void OnDone() override { delete this; }

 private:
  absl::Status Dispatch(const grpc::CallbackServerContext& head, const grpc::ByteBuffer& bytes) {
    MERIDIAN_ASSIGN_OR_RETURN(CallContext context, gate_.Admit(ReadHead(head, method_), method_.access));
    context.patience = PatienceOf(head);
    MERIDIAN_ASSIGN_OR_RETURN(std::unique_ptr<Message> request, Parse(*method_.request, bytes));
    MERIDIAN_RETURN_IF_ERROR(CallGate::CheckTenant(*request, *context.claims));
    method_.answer(context, std::move(request), RawReply([this, ended = ended_](const auto& result) {
                     if (!ended->exchange(true)) Answer(result);
                   }));
    return absl::OkStatus();
  }

  void Answer(const absl::StatusOr<const Message*>& result) {
    if (result.ok()) *response_ = BytesOf(**result);
    End(result.status());
  }

  void End(const absl::Status& status) {
    observation_.End(status);
    Finish(ToGrpcStatus(status));  // the last thing: `this` may be gone after it
  }

  const CallGate& gate_;
  const Method& method_;
  CallObservation observation_;
  grpc::ByteBuffer* const response_;
  // Shared with the reply, which may outlive the call: whoever sets it ends the call.
  const std::shared_ptr<std::atomic<bool>> ended_ = std::make_shared<std::atomic<bool>>(false);
};

// --- Streams ---

class StreamCall : public grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>, private FrameSink {
 public:
  StreamCall(CallEnvironment* environment, const Method& method, grpc::CallbackServerContext* context)
      : environment_(environment),
        method_(method),
        server_context_(context),
        observation_(environment->observer, method.name) {}

  void Start() {
    auto admitted = environment_->gate.Admit(ReadHead(*server_context_, method_), method_.access);
    if (!admitted.ok()) return Refuse(admitted.status());
    session_ = StreamSession::Create(environment_->stream, environment_->gate, environment_->timer,
                                     *std::move(admitted), Encode, this);
    if (!environment_->open_streams.Add(session_)) {
      session_.reset();
      return Refuse(MakeError(absl::StatusCode::kUnavailable, "DRAINING", "the server is stopping"));
    }
    session_->Open(method_);
    StartRead(&incoming_);
  }

  void OnReadDone(bool ok) override {
    if (session_ == nullptr) return;
    if (!ok) return server_context_->IsCancelled() ? session_->OnBroken() : session_->OnHalfClosed();
    auto message = Parse(*method_.request, incoming_);
    incoming_.Clear();
    if (!message.ok()) return session_->Finish(message.status());
    if (session_->OnRead(*std::move(message))) StartRead(&incoming_);
  }

  void OnWriteDone(bool ok) override {
    outgoing_.Clear();
    session_->OnWriteDone(ok);
  }

  void OnCancel() override {
    if (session_ != nullptr) session_->OnBroken();
  }

  void OnDone() override {
    if (session_ != nullptr) {
      environment_->open_streams.Remove(session_.get());
      session_->OnDone();
      observation_.End(session_->final_status());
    }
    delete this;
  }

 private:
  void Refuse(const absl::Status& status) {
    observation_.End(status);
    Finish(ToGrpcStatus(status));
  }

  void StartWrite(std::string frame, bool more) override {
    outgoing_ = BytesOf(std::move(frame));
    grpc::WriteOptions options;
    if (more) options.set_buffer_hint();
    ServerBidiReactor::StartWrite(&outgoing_, options);
  }
  void StartFinish(const absl::Status& status) override { Finish(ToGrpcStatus(status)); }
  void Abort() override { server_context_->TryCancel(); }

  CallEnvironment* const environment_;
  const Method& method_;
  grpc::CallbackServerContext* const server_context_;
  CallObservation observation_;
  std::shared_ptr<StreamSession> session_;  // null when the call was refused
  grpc::ByteBuffer incoming_;
  grpc::ByteBuffer outgoing_;
};

// --- The service ---

class TableService : public grpc::Service {
 public:
  TableService(const std::vector<const Method*>& methods, CallEnvironment* environment) {
    for (int i = 0; i < static_cast<int>(methods.size()); ++i) Add(i, *methods[i], environment);
  }

 private:
  using Rpc = grpc::internal::RpcMethod;

  void Add(int index, const Method& method, CallEnvironment* environment) {
    bool unary = method.kind == MethodKind::kUnary;
    // gRPC keeps the pointer to the name: the table outlives the server. A server stream is read like a bidirectional
    // one.
    AddMethod(new grpc::internal::RpcServiceMethod(method.name.c_str(), unary ? Rpc::NORMAL_RPC : Rpc::BIDI_STREAMING,
                                                   nullptr));
    MarkMethodRawCallback(index, unary ? UnaryHandlerOf(method, environment) : StreamHandlerOf(method, environment));
  }

  static grpc::internal::MethodHandler* UnaryHandlerOf(const Method& method, CallEnvironment* environment) {
    return new grpc::internal::CallbackUnaryHandler<grpc::ByteBuffer, grpc::ByteBuffer>(
        [&method, environment](grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                               grpc::ByteBuffer* response) -> grpc::ServerUnaryReactor* {
          auto* call = new UnaryCall(environment, method, response);
          call->Start(*context, *request);
          return call;
        });
  }

  static grpc::internal::MethodHandler* StreamHandlerOf(const Method& method, CallEnvironment* environment) {
    return new grpc::internal::CallbackBidiHandler<grpc::ByteBuffer, grpc::ByteBuffer>(
        [&method, environment](grpc::CallbackServerContext* context) {
          auto* call = new StreamCall(environment, method, context);
          call->Start();
          return call;
        });
  }
};

}  // namespace

bool OpenStreams::Add(const std::shared_ptr<StreamSession>& session) {
  std::lock_guard lock(mutex_);
  if (!draining_) sessions_.emplace(session.get(), session);
  return !draining_;
}

void OpenStreams::Remove(const StreamSession* session) {
  std::lock_guard lock(mutex_);
  sessions_.erase(session);
}

void OpenStreams::FinishAll(const absl::Status& status) {
  std::vector<std::shared_ptr<StreamSession>> open;
  {
    std::lock_guard lock(mutex_);
    draining_ = true;
    for (const auto& [pointer, weak] : sessions_) {
      if (auto session = weak.lock()) open.push_back(std::move(session));
    }
  }
  for (const auto& session : open) session->Finish(status);
}

std::unique_ptr<grpc::Service> MakeService(const std::vector<const Method*>& methods, CallEnvironment* environment) {
  return std::make_unique<TableService>(methods, environment);
}

}  // namespace meridian::rpc
