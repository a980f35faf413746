// Each rpc of AdminService: who may call it, what it refuses itself, and what it asks of routing.
#include "services/admin/handlers.h"

#include <gtest/gtest.h>

#include "libs/error/error.h"
#include "tests/unit/services/fakes/fake_routing_client.h"

namespace meridian {
namespace {

namespace pb = admin::v1;
using security::Permission;
using security::Role;

constexpr char kRequestId[] = "019b7693-9c00-7000-8000-000000000001";

class AdminTest : public testing::Test {
 protected:
  AdminTest() { BindAdmin(routing_, methods_); }

  template <typename Response, typename Request>
  absl::StatusOr<Response> Call(const std::string& method, const Request& request) {
    absl::StatusOr<Response> answer = absl::UnknownError("not answered");
    rpc::CallContext context;
    security::TokenClaims claims;
    claims.tenant = "demo";
    claims.subject = "olga";
    claims.role = Role::kAdmin;
    context.claims = std::make_shared<const security::TokenClaims>(std::move(claims));
    MethodOf(method).answer(context, std::make_unique<Request>(request), rpc::RawReply([&](const auto& result) {
                              if (result.ok()) {
                                answer = static_cast<const Response&>(**result);
                              } else {
                                answer = result.status();
                              }
                            }));
    return answer;
  }
  const rpc::Method& MethodOf(const std::string& method) {
    return *methods_.Find("/meridian.admin.v1.AdminService/" + method);
  }
  static pb::ApplyConfigRequest Apply() {
    pb::ApplyConfigRequest request;
    request.set_request_id(kRequestId);
    request.mutable_config()->set_tenant("demo");
    request.set_etag("abc");
    return request;
  }

  FakeRoutingClient routing_;
  rpc::MethodTable methods_;
};

TEST_F(AdminTest, EveryMethodHasItsRolesAndItsPermission) {
  struct Case {
    const char* method;
    std::vector<Role> roles;
    Permission permission;
  };
  const Case kMethods[] = {{"ApplyConfig", {Role::kAdmin}, Permission::kConfigWrite},
                           {"GetConfig", {Role::kAdmin, Role::kAuditor}, Permission::kConfigRead},
                           {"ListAgents", {Role::kAdmin, Role::kSupervisor}, Permission::kAgentsRead},
                           {"ListContacts", {Role::kAdmin, Role::kSupervisor}, Permission::kContactsRead},
                           {"ExplainContact", {Role::kAdmin, Role::kSupervisor}, Permission::kContactsRead}};
  EXPECT_EQ(methods_.methods().size(), std::size(kMethods));
  for (const Case& each : kMethods) {
    EXPECT_EQ(MethodOf(each.method).access.roles, each.roles) << each.method;
    EXPECT_EQ(MethodOf(each.method).access.permission, each.permission) << each.method;
  }
}

TEST_F(AdminTest, AConfigurationIsAppliedInTheOperatorsName) {
  routing_.apply_config.answer = pb::ApplyConfigResponse();
  routing_.apply_config.answer->set_revision(7);
  const auto applied = Call<pb::ApplyConfigResponse>("ApplyConfig", Apply());
  ASSERT_TRUE(applied.ok()) << applied.status();
  EXPECT_EQ(applied->revision(), 7u);
  EXPECT_EQ(routing_.apply_config.tenant, TenantId{"demo"});
  EXPECT_EQ(routing_.apply_config.request.etag(), "abc");
  EXPECT_EQ(routing_.applied_by.actor.role, ActorRole::kOperator);
  EXPECT_EQ(routing_.applied_by.actor.subject, "olga");
}

TEST_F(AdminTest, AConfigurationThatCannotBeAppliedNamesTheField) {
  struct Case {
    const char* field;
    void (*spoil)(pb::ApplyConfigRequest&);
  };
  using Request = pb::ApplyConfigRequest;
  for (const Case& c : {
           Case{"request_id", [](Request& r) { r.clear_request_id(); }},
           Case{"request_id", [](Request& r) { r.set_request_id("019b7693-9c00-4000-8000-000000000001"); }},
           Case{"config", [](Request& r) { r.clear_config(); }},
           Case{"config.tenant", [](Request& r) { r.mutable_config()->clear_tenant(); }},
           Case{"config.tenant", [](Request& r) { r.mutable_config()->set_tenant("other"); }},
       }) {
    auto request = Apply();
    c.spoil(request);
    const auto refused = Call<pb::ApplyConfigResponse>("ApplyConfig", request);
    EXPECT_EQ(refused.status().code(), absl::StatusCode::kInvalidArgument);
    ASSERT_EQ(FieldViolations(refused.status()).size(), 1u) << c.field;
    EXPECT_EQ(FieldViolations(refused.status())[0].field, c.field);
  }
  EXPECT_FALSE(routing_.apply_config.tenant.has_value()) << "routing was asked";
}

TEST_F(AdminTest, TheConfigurationIsTheTokensTenants) {
  EXPECT_EQ(Call<pb::GetConfigResponse>("GetConfig", pb::GetConfigRequest()).status().code(),
            absl::StatusCode::kUnimplemented)
      << "a failure is passed on";
  routing_.get_config.answer = pb::GetConfigResponse();
  routing_.get_config.answer->set_etag("abc");
  const auto got = Call<pb::GetConfigResponse>("GetConfig", pb::GetConfigRequest());
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_EQ(got->etag(), "abc");
  EXPECT_EQ(routing_.get_config.tenant, TenantId{"demo"});
}

TEST_F(AdminTest, PagesOfAgentsAreRoutings) {
  routing_.list_agents.answer = pb::ListAgentsResponse();
  routing_.list_agents.answer->add_agents()->set_agent("ana");
  routing_.list_agents.answer->set_next_page_token("ana");
  pb::ListAgentsRequest request;
  request.set_page_size(1);
  request.set_page_token("aaron");
  const auto page = Call<pb::ListAgentsResponse>("ListAgents", request);
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(page->agents(0).agent(), "ana");
  EXPECT_EQ(page->next_page_token(), "ana");
  EXPECT_EQ(routing_.list_agents.tenant, TenantId{"demo"});
  EXPECT_EQ(routing_.list_agents.request.page_size(), 1);
  EXPECT_EQ(routing_.list_agents.request.page_token(), "aaron");
}

TEST_F(AdminTest, PagesOfContactsAreRoutings) {
  routing_.list_contacts.answer = pb::ListContactsResponse();
  routing_.list_contacts.answer->add_contacts()->set_queue("support");
  pb::ListContactsRequest request;
  request.set_queue("support");
  request.set_page_size(3);
  const auto page = Call<pb::ListContactsResponse>("ListContacts", request);
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(page->contacts(0).queue(), "support");
  EXPECT_EQ(routing_.list_contacts.tenant, TenantId{"demo"});
  EXPECT_EQ(routing_.list_contacts.request.queue(), "support");
  EXPECT_EQ(routing_.list_contacts.request.page_size(), 3);
}

TEST_F(AdminTest, AContactIsExplainedByRouting) {
  routing_.explain_contact.answer = pb::ExplainContactResponse();
  routing_.explain_contact.answer->add_summary("It waits.");
  pb::ExplainContactRequest request;
  request.set_contact_id("eu1-019b7693-9c00-7000-8000-00000000000a");
  const auto explained = Call<pb::ExplainContactResponse>("ExplainContact", request);
  ASSERT_TRUE(explained.ok()) << explained.status();
  EXPECT_EQ(explained->summary(0), "It waits.");
  EXPECT_EQ(routing_.explain_contact.tenant, TenantId{"demo"});
  EXPECT_EQ(routing_.explain_contact.request.contact_id(), request.contact_id());
}

}  // namespace
}  // namespace meridian
