// A site's key is one tenant's: what is published, what is being published, and what operators are told.
#include "services/admin/site_keys.h"

#include <gtest/gtest.h>

#include <deque>
#include <optional>

#include "libs/error/error.h"
#include "services/admin/handlers.h"
#include "tests/unit/services/fakes/fake_routing_client.h"

namespace meridian {
namespace {

using admin::v1::ApplyConfigRequest;
using admin::v1::ApplyConfigResponse;

// Publishes when it is told to.
class PublishingRouting : public FakeRoutingClient {
 public:
  void ApplyConfig(const TenantId&, CommandOrigin, ApplyConfigRequest request,
                   Done<ApplyConfigResponse> done) override {
    waiting_.push_back({std::move(request), std::move(done)});
  }
  size_t waiting() const { return waiting_.size(); }
  void Answer(const absl::Status& status = absl::OkStatus()) {
    auto [request, done] = std::move(waiting_.front());
    waiting_.pop_front();
    if (!status.ok()) return done(status);
    if (!request.validate_only()) Publish(std::move(*request.mutable_config()));
    done(ApplyConfigResponse());
  }

 private:
  std::deque<std::pair<ApplyConfigRequest, Done<ApplyConfigResponse>>> waiting_;
};

class SiteKeysTest : public testing::Test {
 protected:
  static ApplyConfigRequest Request(const std::string& tenant, const std::vector<std::string>& keys) {
    ApplyConfigRequest request;
    request.set_request_id("019b7693-9c00-7000-8000-000000000001");
    request.mutable_config()->set_tenant(tenant);
    for (const std::string& key : keys) request.mutable_config()->add_sites()->set_key(key);
    return request;
  }
  // The answer, once there is one.
  std::shared_ptr<std::optional<absl::Status>> Begin(const ApplyConfigRequest& request) {
    auto answer = std::make_shared<std::optional<absl::Status>>();
    keys_->ApplyConfig({request.config().tenant()}, {}, request,
                       [answer](const absl::StatusOr<ApplyConfigResponse>& response) { *answer = response.status(); });
    return answer;
  }
  absl::Status Apply(const ApplyConfigRequest& request) {
    auto answer = Begin(request);
    if (!answer->has_value()) routing_.Answer();
    return answer->value_or(absl::UnknownError("not answered"));
  }
  absl::Status Apply(const std::string& tenant, const std::vector<std::string>& keys) {
    return Apply(Request(tenant, keys));
  }
  static std::string TakenField(const absl::Status& status) {
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    const auto violations = FieldViolations(status);
    return violations.size() == 1 ? violations[0].field + " " + violations[0].rule : status.ToString();
  }

  PublishingRouting routing_;
  std::unique_ptr<SiteKeys> keys_ = std::make_unique<SiteKeys>(routing_);
};

constexpr char kSecondTaken[] = "sites[1].key must be unique in the installation, and is taken";

TEST_F(SiteKeysTest, AnotherTenantsKeyIsRefusedAsLongAsItHasIt) {
  EXPECT_TRUE(Apply("victim", {"a", "b"}).ok());
  EXPECT_EQ(TakenField(Apply("attacker", {"c", "b"})), kSecondTaken);
  ApplyConfigRequest check = Request("attacker", {"c", "b"});
  check.set_validate_only(true);
  EXPECT_EQ(TakenField(Apply(check)), kSecondTaken);
  EXPECT_EQ(routing_.waiting(), 0u) << "routing is not asked";
  EXPECT_TRUE(Apply("victim", {"b", "a"}).ok()) << "its own";
  EXPECT_TRUE(Apply("attacker", {"c"}).ok());
  EXPECT_TRUE(Apply("victim", {"a"}).ok());
  EXPECT_TRUE(Apply("attacker", {"c", "b"}).ok()) << "given up";
}

TEST_F(SiteKeysTest, OfTwoThatPublishAKeyAtTheSameTimeOneGetsIt) {
  auto first = Begin(Request("first", {"a"}));
  EXPECT_EQ(TakenField(Apply(Request("second", {"b", "a"}))), kSecondTaken);
  routing_.Answer();
  EXPECT_TRUE(first->value().ok());
  EXPECT_EQ(TakenField(Apply(Request("second", {"b", "a"}))), kSecondTaken);
}

TEST_F(SiteKeysTest, WhatCameToNothingReservesNothing) {
  auto failed = Begin(Request("first", {"a"}));
  routing_.Answer(absl::AbortedError("another configuration is in force"));
  EXPECT_FALSE(failed->value().ok());
  ApplyConfigRequest check = Request("first", {"a"});
  check.set_validate_only(true);
  EXPECT_TRUE(Apply(check).ok());
  EXPECT_TRUE(Apply("second", {"a"}).ok());
}

TEST_F(SiteKeysTest, AKeyThatATenantGivesUpIsReservedByItsNextPublication) {
  EXPECT_TRUE(Apply("first", {"a"}).ok());
  auto without = Begin(Request("first", {}));
  auto again = Begin(Request("first", {"a"}));
  routing_.Answer();
  EXPECT_TRUE(without->value().ok());
  EXPECT_EQ(TakenField(Apply("second", {"b", "a"})), kSecondTaken);
}

TEST_F(SiteKeysTest, TwoWhoHaveAKeyAlreadyMayChangeTheRest) {
  routing_.Publish(Request("first", {"a"}).config());
  routing_.Publish(Request("second", {"a"}).config());
  EXPECT_TRUE(Apply("first", {"a", "b"}).ok());
  EXPECT_TRUE(Apply("second", {"a", "c"}).ok());
  EXPECT_FALSE(Apply("third", {"a"}).ok());
}

TEST_F(SiteKeysTest, AnAnswerMayComeAfterIt) {
  auto late = Begin(Request("first", {"a"}));
  keys_.reset();
  routing_.Answer();
  EXPECT_TRUE(late->value().ok());
}

TEST_F(SiteKeysTest, OperatorsPublishThroughIt) {
  rpc::MethodTable methods;
  BindAdmin(routing_, methods);
  routing_.Publish(Request("victim", {"a"}).config());
  security::TokenClaims claims;
  claims.tenant = "attacker";
  claims.role = security::Role::kAdmin;
  rpc::CallContext context;
  context.claims = std::make_shared<const security::TokenClaims>(std::move(claims));
  absl::Status answered = absl::UnknownError("not answered");
  methods.Find("/meridian.admin.v1.AdminService/ApplyConfig")
      ->answer(context, std::make_unique<ApplyConfigRequest>(Request("attacker", {"b", "a"})),
               rpc::RawReply([&](const auto& result) { answered = result.status(); }));
  EXPECT_EQ(TakenField(answered), kSecondTaken);
  EXPECT_EQ(routing_.waiting(), 0u);
}

}  // namespace
}  // namespace meridian
