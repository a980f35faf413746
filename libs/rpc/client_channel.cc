#include "libs/rpc/client_channel.h"

#include <google/protobuf/message_lite.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/impl/codegen/proto_utils.h>
#include <grpcpp/impl/rpc_method.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>
#include <grpcpp/support/client_callback.h>
#include <grpcpp/support/proto_buffer_reader.h>
#include <grpcpp/support/proto_buffer_writer.h>

#include <condition_variable>
#include <mutex>
#include <utility>

#include "libs/rpc/grpc_status.h"

namespace meridian::rpc {
namespace {

using google::protobuf::MessageLite;
using grpc::internal::RpcMethod;

// The calls of a channel, for which its destructor waits: the last channel of a process joins gRPC's own threads, so it
// must not be destroyed on one of them.
struct LiveCalls {
  std::mutex mutex;
  std::condition_variable none;
  int count = 0;
};

class CountedCall {
 public:
  explicit CountedCall(std::shared_ptr<LiveCalls> live) : live_(std::move(live)) {
    std::lock_guard lock(live_->mutex);
    ++live_->count;
  }
  ~CountedCall() {
    std::lock_guard lock(live_->mutex);
    if (--live_->count == 0) live_->none.notify_all();
  }

 private:
  const std::shared_ptr<LiveCalls> live_;
};

// Lives until OnDone, whoever else has let go of it.
class StreamCall : public grpc::ClientBidiReactor<MessageLite, MessageLite> {
 public:
  StreamCall(std::shared_ptr<LiveCalls> live, std::string method, const std::string& token,
             const MessageLite& prototype, std::shared_ptr<StreamEvents> events)
      : counted_(std::move(live)), name_(std::move(method)), incoming_(prototype.New()), events_(std::move(events)) {
    // Also over plaintext, where gRPC's call credentials refuse to work.
    if (!token.empty()) context_.AddMetadata("authorization", "Bearer " + token);
  }

  void Start(const std::shared_ptr<grpc::Channel>& channel, const std::shared_ptr<StreamCall>& self) {
    self_ = self;
    const RpcMethod rpc(name_.c_str(), RpcMethod::BIDI_STREAMING, channel);
    grpc::internal::ClientCallbackReaderWriterFactory<MessageLite, MessageLite>::Create(channel.get(), rpc, &context_,
                                                                                        this);
    AddHold();  // for writes from outside, until the server's side has ended
    StartRead(incoming_.get());
    StartCall();
  }

  bool Write(const MessageLite& message) {
    {
      std::lock_guard lock(mutex_);
      if (closing_) return false;
      AddHold();
    }
    StartWrite(&message);
    RemoveHold();
    return true;
  }

  // Only while the hold keeps gRPC's side of the call.
  void Cancel() {
    std::lock_guard lock(mutex_);
    if (!closing_) context_.TryCancel();
  }

  void OnReadDone(bool ok) override {
    if (!ok) {
      {
        std::lock_guard lock(mutex_);
        closing_ = true;
      }
      return RemoveHold();
    }
    events_->OnMessage(*incoming_);
    incoming_->Clear();
    StartRead(incoming_.get());
  }

  void OnWriteDone(bool ok) override {
    if (ok) events_->OnWritten();
  }

  void OnDone(const grpc::Status& status) override {
    const std::shared_ptr<StreamCall> last = std::move(self_);
    events_->OnClosed(FromGrpcStatus(status));
  }

 private:
  const CountedCall counted_;  // goes last, after the context, which holds the channel
  const std::string name_;
  const std::unique_ptr<MessageLite> incoming_;
  const std::shared_ptr<StreamEvents> events_;
  grpc::ClientContext context_;
  std::shared_ptr<StreamCall> self_;
  std::mutex mutex_;
  bool closing_ = false;  // under mutex_
};

class GrpcOpenedStream : public OpenedStream {
 public:
  explicit GrpcOpenedStream(std::shared_ptr<StreamCall> call) : call_(std::move(call)) {}
  ~GrpcOpenedStream() override { call_->Cancel(); }
  bool Write(const MessageLite& message) override { return call_->Write(message); }
  void Cancel() override { call_->Cancel(); }

 private:
  const std::shared_ptr<StreamCall> call_;
};

class GrpcClientChannel : public ClientChannel {
 public:
  GrpcClientChannel(const std::string& target, const ChannelCredentials& credentials) {
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(-1);  // of our own services, whose batches are bounded where they are made
    arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
    arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 100);
    arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 2000);
    // A peer that is gone without a word is noticed within 11 s, within 5 s where something was sent to it (gRPC makes
    // the timeout the socket's TCP_USER_TIMEOUT too). Our servers allow a ping every 5 s.
    arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 6000);
    arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 5000);
    arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // a connection of its own, also beside another link
    channel_ = grpc::CreateCustomChannel(target, credentials, arguments);
  }

  ~GrpcClientChannel() override {
    std::unique_lock lock(live_->mutex);
    live_->none.wait(lock, [this] { return live_->count == 0; });
  }

  std::unique_ptr<OpenedStream> OpenStream(const std::string& method, const std::string& token,
                                           const MessageLite& prototype,
                                           std::shared_ptr<StreamEvents> events) override {
    auto call = std::make_shared<StreamCall>(live_, method, token, prototype, std::move(events));
    call->Start(channel_, call);
    return std::make_unique<GrpcOpenedStream>(std::move(call));
  }

 private:
  const std::shared_ptr<LiveCalls> live_ = std::make_shared<LiveCalls>();
  std::shared_ptr<grpc::Channel> channel_;
};

}  // namespace

ChannelCredentials PlaintextCredentials() { return grpc::InsecureChannelCredentials(); }

std::unique_ptr<ClientChannel> ClientChannel::Create(const std::string& target, const ChannelCredentials& credentials) {
  return std::make_unique<GrpcClientChannel>(target, credentials);
}

}  // namespace meridian::rpc
