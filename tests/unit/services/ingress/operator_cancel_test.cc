// CancelContact by an operator: who may, what routing is asked, and how its refusals are told.
#include "libs/error/error.h"
#include "libs/wire/trace_context.h"
#include "services/ingress/handlers.h"
#include "tests/unit/services/ingress/ingress_world.h"

namespace meridian {
namespace {

constexpr char kCancel[] = "/meridian.ingress.v1.IngressService/CancelContact";

class OperatorCancelTest : public IngressWorld {
 protected:
  OperatorCancelTest() {
    BindIngress(ports_, methods_);
    request_.set_contact_id(contact_.ToString());
    request_.set_conversation_id(ids_.Next<ConversationId>().ToString());
  }
  security::TokenClaims Operator() const {
    security::TokenClaims claims = Integrator();
    claims.subject = "olga";
    claims.role = security::Role::kAdmin;
    claims.permissions = security::DefaultPermissions(claims.role);
    return claims;
  }
  absl::Status Cancel(const security::TokenClaims& claims) {
    const rpc::Method& method = *methods_.Find(kCancel);
    if (absl::Status status = Authorize(claims, method.access); !status.ok()) return status;
    rpc::CallContext context;
    context.claims = std::make_shared<const security::TokenClaims>(claims);
    context.traceparent = traceparent_;
    absl::Status answer = absl::UnknownError("not answered");
    method.answer(context, std::make_unique<ingress::v1::CancelContactRequest>(request_),
                  rpc::RawReply([&](const auto& result) { answer = result.status(); }));
    return answer;
  }
  std::string Reason() { return ErrorReason(Cancel(Operator())); }

  rpc::MethodTable methods_;
  const ContactId contact_ = ids_.Next<ContactId>();
  ingress::v1::CancelContactRequest request_;
  std::string traceparent_ = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
};

TEST_F(OperatorCancelTest, RoutingIsToldWhoCanceled) {
  EXPECT_TRUE(Cancel(Operator()).ok());
  const auto sent = routing_.sent();
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].tenant, TenantId{"demo"});
  EXPECT_EQ(sent[0].command.origin.actor.role, ActorRole::kOperator);
  EXPECT_EQ(sent[0].command.origin.actor.subject, "olga");
  EXPECT_EQ(TraceparentOf(sent[0].command.origin.trace), traceparent_);
  EXPECT_EQ(routing_.AllOf<CancelContact>().at(0), (CancelContact{contact_, CancelBy::kOperator}));
  EXPECT_TRUE(session_.cancels().empty());
}

TEST_F(OperatorCancelTest, ACallWithoutATraceBeginsOne) {
  traceparent_.clear();
  EXPECT_TRUE(Cancel(Operator()).ok());
  EXPECT_TRUE(Cancel(Operator()).ok());
  const auto sent = routing_.sent();
  ASSERT_EQ(sent.size(), 2u);
  const TraceContext first = sent[0].command.origin.trace, second = sent[1].command.origin.trace;
  EXPECT_NE(first.trace_id, second.trace_id);
  EXPECT_NE(first.span_id, (std::array<uint8_t, 8>{})) << "a header of zeros is no trace";
  EXPECT_EQ(TraceContextFrom(TraceparentOf(first)), first);
}

TEST_F(OperatorCancelTest, RefusalsSayWhy) {
  for (const auto& [refusal, reason] : {std::pair<Refusal, const char*>{Refusal::kUnknownContact, "UNKNOWN_CONTACT"},
                                        {Refusal::kWrongState, "WRONG_STATE"}}) {
    routing_.AnswerWith([refusal = refusal](const Command&) { return Answer{.refusal = refusal}; });
    EXPECT_EQ(Reason(), reason);
  }
  routing_.AnswerWith([](const Command&) { return absl::UnavailableError("later"); });
  EXPECT_EQ(Cancel(Operator()).code(), absl::StatusCode::kUnavailable);
  request_.set_contact_id("x");
  EXPECT_EQ(FieldViolations(Cancel(Operator())).at(0).field, "contact_id");
  request_.Clear();
  EXPECT_EQ(FieldViolations(Cancel(Operator())).size(), 2u);
}

TEST_F(OperatorCancelTest, ItNeedsThePermissionAndCustomersGoToSession) {
  security::TokenClaims reader = Operator();
  reader.permissions = {security::Permission::kContactsRead};
  EXPECT_EQ(ErrorReason(Cancel(reader)), "PERMISSION_MISSING");
  EXPECT_TRUE(Cancel(Integrator()).ok());
  EXPECT_EQ(session_.cancels().size(), 1u);
  EXPECT_TRUE(routing_.sent().empty());
}

}  // namespace
}  // namespace meridian
