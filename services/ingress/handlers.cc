#include "services/ingress/handlers.h"

#include <memory>
#include <utility>

#include "services/ingress/converse.h"
#include "services/ingress/requests.h"
#include "services/ingress/watcher.h"

namespace meridian {
namespace {

namespace pb = ingress::v1;
using security::Permission;
using security::Role;

constexpr char kService[] = "/meridian.ingress.v1.IngressService/";

// A WatchContact call: holds the reading until the call is over.
class WatchCall : public rpc::StreamWatcher {
 public:
  explicit WatchCall(std::unique_ptr<SessionClient::Reading> reading) : reading_(std::move(reading)) {}
  void OnClosed(const absl::Status&) override { reading_.reset(); }

 private:
  std::unique_ptr<SessionClient::Reading> reading_;
};

}  // namespace

void BindIngress(const IngressPorts& ports, rpc::MethodTable& table) {
  auto requests = std::make_shared<const IngressRequests>(ports);
  auto name = [](const char* method) { return std::string(kService) + method; };
  const std::vector<Role> callers = {Role::kCustomer, Role::kIntegrator};

  table.Unary<pb::SubmitContactRequest, pb::SubmitContactResponse>(
      name("SubmitContact"), {callers, Permission::kContactsSubmit},
      [requests](const rpc::CallContext& context, pb::SubmitContactRequest request,
                 rpc::Reply<pb::SubmitContactResponse> reply) { requests->Submit(context, request, reply); });
  table.Unary<pb::SendMessageRequest, pb::SendMessageResponse>(
      name("SendMessage"), {callers, Permission::kContactsTalk},
      [requests](const rpc::CallContext& context, pb::SendMessageRequest request,
                 rpc::Reply<pb::SendMessageResponse> reply) { requests->Send(*context.claims, request, reply); });
  table.Unary<pb::CancelContactRequest, pb::CancelContactResponse>(
      name("CancelContact"),
      {{Role::kCustomer, Role::kIntegrator, Role::kSupervisor, Role::kAdmin}, Permission::kContactsCancel},
      [requests](const rpc::CallContext& context, pb::CancelContactRequest request,
                 rpc::Reply<pb::CancelContactResponse> reply) {
        const Role role = context.claims->role;
        if (role == Role::kAdmin || role == Role::kSupervisor)
          return requests->CancelAsOperator(context, request, reply);
        requests->Cancel(context, request, reply);
      });
  table.ServerStreaming<pb::WatchContactRequest, pb::WatchContactResponse>(
      name("WatchContact"), {callers, Permission::kContactsTalk},
      [requests](
          const rpc::CallContext& context, pb::WatchContactRequest request,
          rpc::ServerStream<pb::WatchContactResponse> stream) -> absl::StatusOr<std::unique_ptr<rpc::StreamWatcher>> {
        auto reading = requests->Watch(*context.claims, request, WatcherOf(stream, request.conversation_id()));
        if (!reading.ok()) return reading.status();
        return std::make_unique<WatchCall>(*std::move(reading));
      });
  table.Bidi<pb::ConverseRequest, pb::ConverseResponse>(
      kConverseMethod, {callers, Permission::kContactsTalk},
      [requests](const rpc::CallContext&, rpc::ServerStream<pb::ConverseResponse> stream)
          -> absl::StatusOr<std::unique_ptr<rpc::StreamHandler<pb::ConverseRequest>>> {
        return OpenConverse(requests, std::move(stream));
      });
}

}  // namespace meridian
