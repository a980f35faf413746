#include "libs/rpc/client.h"

#include <google/protobuf/message_lite.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/impl/client_unary_call.h>
#include <grpcpp/impl/codegen/proto_utils.h>
#include <grpcpp/impl/rpc_method.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/proto_buffer_reader.h>
#include <grpcpp/support/proto_buffer_writer.h>
#include <grpcpp/support/sync_stream.h>

#include <chrono>
#include <utility>

#include "libs/rpc/grpc_status.h"
#include "libs/rpc/tls_credentials.h"

namespace meridian::rpc {
namespace {

using google::protobuf::MessageLite;
using grpc::internal::RpcMethod;

// Also over plaintext, where gRPC's call credentials refuse to work.
void AddToken(const std::string& token, grpc::ClientContext* context) {
  if (!token.empty()) context->AddMetadata("authorization", "Bearer " + token);
}

std::shared_ptr<grpc::ChannelCredentials> CredentialsOf(const ClientOptions& options) {
  if (options.tls) return ChannelTls(*options.tls);
  if (!options.tls_roots_pem) return grpc::InsecureChannelCredentials();
  grpc::SslCredentialsOptions tls;
  tls.pem_root_certs = *options.tls_roots_pem;
  return grpc::SslCredentials(tls);
}

class GrpcClientStream : public ClientStream {
 public:
  GrpcClientStream(std::shared_ptr<grpc::Channel> channel, std::string method, const std::string& token)
      : channel_(std::move(channel)), name_(std::move(method)) {
    AddToken(token, &context_);
    RpcMethod rpc(name_.c_str(), RpcMethod::BIDI_STREAMING, channel_);
    stream_.reset(
        grpc::internal::ClientReaderWriterFactory<MessageLite, MessageLite>::Create(channel_.get(), rpc, &context_));
  }
  ~GrpcClientStream() override {
    if (finished_) return;
    context_.TryCancel();
    stream_->Finish();
  }

  bool Write(const MessageLite& message) override { return stream_->Write(message); }
  bool Read(MessageLite* message) override { return stream_->Read(message); }
  void HalfClose() override { stream_->WritesDone(); }
  void Cancel() override { context_.TryCancel(); }
  absl::Status Finish() override {
    finished_ = true;
    return FromGrpcStatus(stream_->Finish());
  }

 private:
  std::shared_ptr<grpc::Channel> channel_;
  const std::string name_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<MessageLite, MessageLite>> stream_;
  bool finished_ = false;
};

class GrpcClient : public Client {
 public:
  explicit GrpcClient(ClientOptions options)
      : options_(std::move(options)), channel_(grpc::CreateChannel(options_.target, CredentialsOf(options_))) {}

  absl::Status Call(const std::string& method, const MessageLite& request, MessageLite* response) override {
    grpc::ClientContext context;
    AddToken(options_.token, &context);
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::nanoseconds(options_.timeout.ns));
    RpcMethod rpc(method.c_str(), RpcMethod::NORMAL_RPC, channel_);
    return FromGrpcStatus(
        grpc::internal::BlockingUnaryCall<MessageLite, MessageLite>(channel_.get(), rpc, &context, request, response));
  }

  std::unique_ptr<ClientStream> OpenStream(const std::string& method) override {
    return std::make_unique<GrpcClientStream>(channel_, method, options_.token);
  }

 private:
  const ClientOptions options_;
  const std::shared_ptr<grpc::Channel> channel_;
};

}  // namespace

std::unique_ptr<Client> Client::Connect(ClientOptions options) {
  return std::make_unique<GrpcClient>(std::move(options));
}

}  // namespace meridian::rpc
