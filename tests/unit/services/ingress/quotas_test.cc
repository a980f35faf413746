// The rates of a tenant's quotas, as callers of ingress meet them.
#include "services/ingress/quotas.h"

#include "libs/error/error.h"
#include "libs/error/quota_error.h"
#include "services/ingress/requests.h"
#include "tests/unit/services/ingress/ingress_world.h"

namespace meridian {
namespace {

constexpr char kRequestId[] = "019b7693-9c00-7000-8000-000000000001";

class QuotasTest : public IngressWorld {
 protected:
  QuotasTest() {
    for (const char* tenant : {"demo", "other"}) {
      admin::v1::TenantConfig config = Config(tenant, {});
      config.mutable_quotas()->mutable_new_contacts()->set_per_second(10);
      config.mutable_quotas()->mutable_new_contacts()->set_burst(3);
      config.mutable_quotas()->mutable_messages()->set_per_second(2);
      config.mutable_quotas()->set_waiting_contacts(7);
      routing_.Publish(config);
    }
  }

  rpc::CallContext Caller(const std::string& tenant) const {
    security::TokenClaims claims = Integrator();
    claims.tenant = tenant;
    rpc::CallContext context;
    context.claims = std::make_shared<const security::TokenClaims>(claims);
    context.patience = Duration::Seconds(7);
    return context;
  }
  absl::Status Submit(const std::string& tenant = "demo") {
    ingress::v1::SubmitContactRequest request;
    request.set_request_id(kRequestId);
    request.mutable_identity()->set_kind("phone");
    request.mutable_identity()->set_address("+34600111222");
    request.set_channel("chat");
    request.add_parts()->mutable_text()->set_text("hola");
    absl::Status status = absl::UnknownError("not answered");
    requests_.Submit(Caller(tenant), request, [&](const auto& answer) { status = answer.status(); });
    return status;
  }
  absl::Status Send(const std::string& tenant = "demo") {
    ingress::v1::SendMessageRequest request;
    request.set_conversation_id(conversation_);
    request.set_client_number(1);
    request.add_parts()->mutable_text()->set_text("hola");
    absl::Status status = absl::UnknownError("not answered");
    requests_.Send(*Caller(tenant).claims, request, [&](const auto& answer) { status = answer.status(); });
    return status;
  }
  static void ExpectExceeded(const absl::Status& status, const char* quota, const char* limit, const char* retry_ms) {
    EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
    EXPECT_EQ(ErrorReason(status), kQuotaExceeded);
    EXPECT_EQ(ErrorMetadataOf(status),
              (ErrorMetadata{{"quota", quota}, {"limit", limit}, {"retry_after_ms", retry_ms}}));
  }
  uint64_t Refused(const char* quota) {
    return metrics_.MakeCounter("meridian_quota_refusals_total", "", {{"quota", quota}}).value();
  }

  Metrics metrics_;
  const IngressRequests requests_{
      {session_, routing_, ids_, key_, clock_, Duration::Minutes(15), /*log=*/nullptr, &metrics_}};
  const std::string conversation_ = ids_.Next<ConversationId>().ToString();
};

TEST_F(QuotasTest, BeyondItsRateASubmissionMayOnlyJoinALiveContact) {
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(Submit().ok());
  for (const conversation::SubmitContact& command : session_.submits()) EXPECT_FALSE(command.may_only_join);
  EXPECT_EQ(session_.submits().back().patience, Duration::Seconds(7)) << "as long as the caller waits";
  EXPECT_TRUE(Submit().ok());
  EXPECT_TRUE(session_.submits().back().may_only_join);
  session_.submitted = QuotaExceeded("new_contacts.per_second", "too many new contacts");
  ExpectExceeded(Submit(), "new_contacts.per_second", "10", "101");
  EXPECT_EQ(Refused("new_contacts.per_second"), 1u);
  session_.submitted = WithLimit(QuotaExceeded("new_contacts.per_second", "too many new contacts"), 10, 77);
  ExpectExceeded(Submit(), "new_contacts.per_second", "10", "77");
  EXPECT_EQ(Refused("new_contacts.per_second"), 2u) << "the region's rate, as session keeps it";
  session_.submitted = conversation::Submitted();
  EXPECT_TRUE(Submit("other").ok()) << "each tenant has its own";
  EXPECT_FALSE(session_.submits().back().may_only_join);
  clock_.Advance(Duration::Milliseconds(100));
  EXPECT_TRUE(Submit().ok());
  EXPECT_FALSE(session_.submits().back().may_only_join);
}

TEST_F(QuotasTest, ATenantThatFloodsIsRefusedWithoutAskingSession) {
  for (int i = 0; i < 3 + 4; ++i) EXPECT_TRUE(Submit().ok());
  const size_t before = session_.submits().size();
  ExpectExceeded(Submit(), "new_contacts.per_second", "10", "101");
  EXPECT_EQ(session_.submits().size(), before);
  EXPECT_EQ(Refused("new_contacts.per_second"), 1u);
}

TEST_F(QuotasTest, MessagesHaveARateOfTheirOwn) {
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(Send().ok()) << "the burst is twice the rate";
  ExpectExceeded(Send(), "messages.per_second", "2", "501");
  EXPECT_EQ(session_.appends().size(), 4u);
  EXPECT_EQ(Refused("messages.per_second"), 1u);
  EXPECT_TRUE(Send("other").ok());
  EXPECT_TRUE(Submit().ok()) << "new contacts do not count among them";
  clock_.Advance(Duration::Milliseconds(500));
  EXPECT_TRUE(Send().ok());
}

TEST_F(QuotasTest, ARefusalForWaitingContactsGetsItsLimit) {
  session_.submitted = QuotaExceeded("waiting_contacts", "too many contacts wait");
  ExpectExceeded(Submit(), "waiting_contacts", "7", "5001");
  EXPECT_EQ(Refused("waiting_contacts"), 1u);
  session_.submitted = MakeError(absl::StatusCode::kResourceExhausted, "QUEUE_FULL", "full");
  EXPECT_EQ(ErrorMetadataOf(Submit()), ErrorMetadata());
}

}  // namespace
}  // namespace meridian
