#include "services/ingress/visitor_sessions.h"

#include <nlohmann/json.hpp>
#include <optional>

#include "tests/unit/services/ingress/ingress_world.h"

namespace meridian {
namespace {

constexpr char kOrigin[] = "https://shop.example";

class VisitorSessionsTest : public IngressWorld {
 protected:
  VisitorSessionsTest() {
    routing_.Publish(Config("demo", {kOrigin}));
    HandleVisitorSessions(ports_, sites_, router_);
  }

  HttpResponse Post(const std::string& body, const std::string& origin = kOrigin,
                    const std::string& address = "192.0.2.1") {
    HttpRequest request;
    request.method = "POST";
    request.path = "/v1/visitor-sessions";
    request.body = body;
    request.remote_address = address;
    if (!origin.empty()) request.headers.push_back({"origin", origin});
    std::optional<HttpResponse> response;
    router_.Dispatch(request, HttpResponder([&](HttpResponse given) { response = std::move(given); }));
    return response.value_or(HttpResponse());
  }
  static std::string ReasonOf(const HttpResponse& response) {
    return nlohmann::json::parse(response.body).at("error").at("reason");
  }

  Sites sites_{routing_};
  HttpRouter router_;
};

TEST_F(VisitorSessionsTest, AnswersWithATokenBoundToASessionAndAnOrigin) {
  const HttpResponse response = Post(R"({"siteKey": "site-1"})");
  ASSERT_EQ(response.status, 200) << response.body;
  const auto body = nlohmann::json::parse(response.body);
  auto claims = security::TokenVerifier(key_).Verify(body.at("token").get<std::string>(), clock_.Now());
  ASSERT_TRUE(claims.ok()) << claims.status();
  EXPECT_EQ((*claims)->tenant, "demo");
  EXPECT_EQ((*claims)->role, security::Role::kCustomer);
  EXPECT_EQ((*claims)->origin, kOrigin);
  EXPECT_EQ((*claims)->session, body.at("conversationId").get<std::string>());
  EXPECT_TRUE(ConversationId::Parse((*claims)->session).has_value());
  EXPECT_TRUE(CustomerId::Parse((*claims)->subject).has_value());
  EXPECT_EQ((*claims)->expires_at, clock_.Now() + Duration::Minutes(15));
  EXPECT_EQ(body.at("expiresAt").get<std::string>(), "2026-01-01T00:15:00Z");
  const auto second = nlohmann::json::parse(Post(R"({"siteKey": "site-1"})").body);
  EXPECT_NE(second.at("conversationId"), body.at("conversationId"));
}

TEST_F(VisitorSessionsTest, BadBodiesAreRefused) {
  for (const char* body : {"", "{", "7", "[]", "null", "\"site-1\"", "{}", R"({"siteKey": 7})", R"({"siteKey": null})",
                           R"({"siteKey": "site-1", "tenant": "other"})", "{\"siteKey\": \"\xff\"}"}) {
    const HttpResponse response = Post(body);
    EXPECT_EQ(response.status, 400) << body;
    EXPECT_EQ(response.body.find("token"), std::string::npos) << body;
  }
}

TEST_F(VisitorSessionsTest, UnknownSitesAndWrongOriginsAreRefused) {
  EXPECT_EQ(ReasonOf(Post(R"({"siteKey": "site-9"})")), "SITE_UNKNOWN");
  EXPECT_EQ(ReasonOf(Post(R"({"siteKey": ""})")), "SITE_UNKNOWN");
  for (const char* origin : {"", "https://evil.example", "http://shop.example", "https://shop.example.evil.example"}) {
    const HttpResponse response = Post(R"({"siteKey": "site-1"})", origin);
    EXPECT_EQ(response.status, 403) << origin;
    EXPECT_EQ(ReasonOf(response), "ORIGIN_DENIED") << origin;
  }
}

TEST_F(VisitorSessionsTest, TwoOriginsAreNone) {
  HttpRequest request;
  request.method = "POST";
  request.path = "/v1/visitor-sessions";
  request.body = R"({"siteKey": "site-1"})";
  request.headers = {{"origin", kOrigin}, {"Origin", "https://evil.example"}};
  std::optional<HttpResponse> response;
  router_.Dispatch(request, HttpResponder([&](HttpResponse given) { response = std::move(given); }));
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(ReasonOf(*response), "ORIGIN_DENIED");
}

TEST_F(VisitorSessionsTest, AnAddressThatAsksTooOftenWaits) {
  int allowed = 0;
  while (allowed < 1000 && Post(R"({"siteKey": "site-1"})").status == 200) ++allowed;
  EXPECT_EQ(allowed, 30);
  const HttpResponse response = Post(R"({"siteKey": "site-1"})");
  EXPECT_EQ(response.status, 429);
  EXPECT_EQ(ReasonOf(response), "RATE_LIMITED");
  EXPECT_EQ(Post(R"({"siteKey": "site-1"})", kOrigin, "192.0.2.2").status, 200)
      << "another address is not its business";
  clock_.Advance(Duration::Seconds(2));
  EXPECT_EQ(Post(R"({"siteKey": "site-1"})").status, 200);
  EXPECT_EQ(Post(R"({"siteKey": "site-1"})").status, 429);
}

}  // namespace
}  // namespace meridian
