// The requests of IngressService, once each: unary calls and the frames of Converse both come here. Any thread; `done`
// is called once, on a thread of session or routing.
#pragma once

#include <memory>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "libs/rpc/call_context.h"
#include "libs/security/token.h"
#include "meridian/ingress/v1/ingress_service.pb.h"
#include "services/ingress/ports.h"
#include "services/ingress/quotas.h"

namespace meridian {

class IngressRequests {
 public:
  template <typename T>
  using Done = absl::AnyInvocable<void(absl::StatusOr<T>)>;

  explicit IngressRequests(const IngressPorts& ports)
      : ports_(ports), quotas_(std::make_shared<Quotas>(ports.metrics)) {}

  void Submit(const rpc::CallContext& context, const ingress::v1::SubmitContactRequest& request,
              Done<ingress::v1::SubmitContactResponse> done) const;
  void Send(const security::TokenClaims& claims, const ingress::v1::SendMessageRequest& request,
            Done<ingress::v1::SendMessageResponse> done) const;
  void Cancel(const rpc::CallContext& context, const ingress::v1::CancelContactRequest& request,
              Done<ingress::v1::CancelContactResponse> done) const;
  // The same by an operator, who is no customer: routing is told who, and ends the contact as canceled by an operator.
  void CancelAsOperator(const rpc::CallContext& context, const ingress::v1::CancelContactRequest& request,
                        Done<ingress::v1::CancelContactResponse> done) const;
  // The customer closes the conversation.
  void Leave(const rpc::CallContext& context, const ingress::v1::LeaveConversationRequest& request,
             Done<conversation::Done> done) const;
  absl::StatusOr<std::unique_ptr<SessionClient::Reading>> Watch(const security::TokenClaims& claims,
                                                                const ingress::v1::WatchContactRequest& request,
                                                                std::shared_ptr<SessionClient::Reader> reader) const;

  const IngressPorts& ports() const { return ports_; }

 private:
  const IngressPorts ports_;
  const std::shared_ptr<Quotas> quotas_;
};

// The conversation named, when the caller may take part in it as its customer: a visitor only in its own.
absl::StatusOr<ConversationId> CustomersConversation(const security::TokenClaims& claims, const std::string& id);

}  // namespace meridian
