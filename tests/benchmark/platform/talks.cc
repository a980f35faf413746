#include "tests/benchmark/platform/talks.h"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/impl/codegen/proto_utils.h>
#include <grpcpp/support/client_callback.h>

#include <chrono>
#include <utility>

#include "libs/rpc/error.h"
#include "libs/rpc/grpc_status.h"
#include "meridian/ingress/v1/ingress_service.pb.h"
#include "tests/benchmark/platform/pace.h"

namespace meridian::load {
namespace {

constexpr std::chrono::seconds kTimeout{30};

}  // namespace

struct Talks::Call {
  grpc::ClientContext context;
  ingress::v1::SendMessageRequest request;
  ingress::v1::SendMessageResponse response;
};

struct Talks::Stub {
  explicit Stub(std::shared_ptr<grpc::Channel> channel) : stub(std::move(channel)) {}

  grpc::TemplatedGenericStub<ingress::v1::SendMessageRequest, ingress::v1::SendMessageResponse> stub;
};

Talks::Talks(std::shared_ptr<grpc::Channel> channel, const std::string& token, Scoreboard& scoreboard,
             soak::Journal* journal)
    : authorization_("Bearer " + token),
      scoreboard_(scoreboard),
      journal_(journal),
      stub_(new Stub(std::move(channel))) {}

Talks::~Talks() = default;

void Talks::Add(const std::string& conversation) {
  std::lock_guard lock(mutex_);
  talks_.push_back({conversation});
}

void Talks::Say(int64_t due_ns) {
  auto* call = new Call;
  ingress::v1::SendMessageRequest& request = call->request;
  {
    std::lock_guard lock(mutex_);
    Talk& talk = talks_[next_++ % talks_.size()];
    request.set_conversation_id(talk.conversation);
    request.set_client_number(++talk.last);
    ++unanswered_;
  }
  const std::string text = "Message " + std::to_string(request.client_number()) + " of " + request.conversation_id();
  request.add_parts()->mutable_text()->set_text(text);
  call->context.AddMetadata("authorization", authorization_);
  call->context.set_deadline(std::chrono::system_clock::now() + kTimeout);
  stub_->stub.UnaryCall(&call->context, "/meridian.ingress.v1.IngressService/SendMessage", {}, &call->request,
                        &call->response, [this, call, due_ns, text](const grpc::Status& status) {
                          const std::unique_ptr<Call> owned(call);
                          if (status.ok()) {
                            scoreboard_.Said(due_ns);
                            if (journal_ != nullptr) {
                              journal_->MessageSent(call->request.conversation_id(), {}, call->request.client_number(),
                                                    call->response.number(), text);
                            }
                          } else {
                            scoreboard_.Mishap("message: " + rpc::ShownReason(rpc::FromGrpcStatus(status)));
                          }
                          std::lock_guard lock(mutex_);
                          --unanswered_;
                          if (status.ok()) ++said_;
                        });
}

bool Talks::AwaitAnswered(Duration limit) {
  return AwaitTrue(limit.ns, [this] {
    std::lock_guard lock(mutex_);
    return unanswered_ == 0;
  });
}

int64_t Talks::said() const {
  std::lock_guard lock(mutex_);
  return said_;
}

}  // namespace meridian::load
