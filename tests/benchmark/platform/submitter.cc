#include "tests/benchmark/platform/submitter.h"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/impl/codegen/proto_utils.h>
#include <grpcpp/support/client_callback.h>

#include <array>
#include <chrono>
#include <utility>

#include "libs/rpc/error.h"
#include "libs/rpc/grpc_status.h"
#include "meridian/ingress/v1/ingress_service.pb.h"

namespace meridian::load {
namespace {

struct Voice {
  const char* locale;
  const char* text;  // 60 bytes
};
constexpr std::array<Voice, kLanguages> kVoices = {{
    {"en", "Hello, my order has not arrived and I would like to know why"},
    {"es", "Hola, mi pedido no ha llegado y quiero saber por favor donde"},
    {"fr", "Bonjour, ma commande est en retard et je voudrais comprendre"},
    {"de", "Guten Tag, meine Bestellung ist noch nicht da, warum ist das"},
}};
constexpr size_t kTextBytes = 60;
static_assert([] {
  for (const Voice& voice : kVoices) {
    if (std::char_traits<char>::length(voice.text) != kTextBytes) return false;
  }
  return true;
}());

}  // namespace

struct Submitter::Call {
  grpc::ClientContext context;
  ingress::v1::SubmitContactRequest request;
  ingress::v1::SubmitContactResponse response;
};

struct Submitter::Stubs {
  using Stub = grpc::TemplatedGenericStub<ingress::v1::SubmitContactRequest, ingress::v1::SubmitContactResponse>;
  std::vector<Stub> all;
};

Submitter::Submitter(const std::vector<std::shared_ptr<grpc::Channel>>& channels, const std::string& token,
                     uint64_t seed, IdSource& ids, Scoreboard& scoreboard, Duration timeout)
    : authorization_("Bearer " + token),
      timeout_(timeout),
      ids_(ids),
      scoreboard_(scoreboard),
      stubs_(new Stubs),
      random_(seed) {
  for (const auto& channel : channels) stubs_->all.emplace_back(channel);
}

Submitter::~Submitter() = default;

void Submitter::Submit(int64_t arrival_ns) {
  auto* call = new Call;
  call->context.AddMetadata("authorization", authorization_);
  call->context.set_deadline(std::chrono::system_clock::now() + std::chrono::nanoseconds(timeout_.ns));
  Fill(call->request);
  size_t stub = 0;
  {
    std::lock_guard lock(mutex_);
    stub = next_stub_++ % stubs_->all.size();
  }
  scoreboard_.Arrived(arrival_ns);
  stubs_->all[stub].UnaryCall(
      &call->context, "/meridian.ingress.v1.IngressService/SubmitContact", {}, &call->request, &call->response,
      [this, call, arrival_ns](const grpc::Status& status) {
        const std::unique_ptr<Call> owned(call);
        if (status.ok()) {
          acknowledged_(call->request.request_id(), call->response.contact_id(), call->response.conversation_id());
          scoreboard_.Acknowledged(call->response.contact_id(), arrival_ns);
        } else {
          const absl::Status failure = rpc::FromGrpcStatus(status);
          scoreboard_.Refused(rpc::ShownReason(failure) + ": " + std::string(failure.message()), arrival_ns);
        }
      });
}

void Submitter::Fill(ingress::v1::SubmitContactRequest& request) {
  uint64_t dice = 0;
  {
    std::lock_guard lock(mutex_);
    dice = random_();
  }
  const Voice& voice = kVoices[dice % kLanguages];
  const uint64_t line = dice / kLanguages % kLines;
  request.set_request_id(ids_.NextUuid().ToString());
  request.mutable_identity()->set_kind("crm");
  request.mutable_identity()->set_address("customer-" + request.request_id());
  request.set_channel("chat");
  request.set_locale(voice.locale);
  request.add_parts()->mutable_text()->set_text(voice.text);
  (*request.mutable_attributes())["line"] = "line-" + std::to_string(line);
}

}  // namespace meridian::load
