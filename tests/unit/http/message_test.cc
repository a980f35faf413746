#include "libs/http/message.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "libs/http/response_text.h"

namespace meridian {
namespace {

TEST(HttpRequestTest, HeadersAreFoundWithoutCase) {
  const HttpRequest request{.headers = {{"Content-Type", "a"}, {"content-type", "b"}}};
  EXPECT_EQ(request.Header("CONTENT-TYPE"), "a");
  EXPECT_EQ(request.Header("Accept"), std::nullopt);
}

TEST(HttpRequestTest, TheOnlyHeaderOfItsName) {
  const HttpRequest request{.headers = {{"Origin", "a"}, {"Accept", "b"}, {"origin", "a"}}};
  EXPECT_EQ(request.OnlyHeader("ACCEPT"), "b");
  EXPECT_EQ(request.OnlyHeader("Origin"), std::nullopt);
  EXPECT_EQ(request.OnlyHeader("Host"), std::nullopt);
}

TEST(HttpRequestTest, BearerToken) {
  EXPECT_EQ((HttpRequest{.headers = {{"authorization", "bearer abc"}}}).BearerToken(), "abc");
  EXPECT_EQ((HttpRequest{.headers = {{"authorization", "Basic abc"}}}).BearerToken(), std::nullopt);
  EXPECT_EQ((HttpRequest{.headers = {{"authorization", "Bearer "}}}).BearerToken(), std::nullopt);
  EXPECT_EQ(HttpRequest{}.BearerToken(), std::nullopt);
}

TEST(PercentDecodeTest, Decodes) {
  EXPECT_EQ(PercentDecode("/a%20b%2Fc"), "/a b/c");
  EXPECT_EQ(PercentDecode(""), "");
  for (const char* bad : {"%", "%4", "%zz", "a%00b", "%4g"}) EXPECT_EQ(PercentDecode(bad), std::nullopt) << bad;
}

TEST(QueryParameterTest, FindsTheFirst) {
  EXPECT_EQ(QueryParameter("a=1&b=x%20y+z&b=2", "b"), "x y z");
  EXPECT_EQ(QueryParameter("a=1&flag", "flag"), "");
  EXPECT_EQ(QueryParameter("a=1", "b"), std::nullopt);
  EXPECT_EQ(QueryParameter("", "b"), std::nullopt);
  EXPECT_EQ(QueryParameter("b=%f", "b"), std::nullopt);
}

TEST(HttpResponseTest, ErrorsAreJson) {
  const HttpResponse response = HttpResponse::Error(400, "INVALID_ARGUMENT", "say \"why\"", "text");
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.content_type, "application/json");
  EXPECT_EQ(response.body, R"({"error":{"code":"INVALID_ARGUMENT","message":"say \"why\"","field":"text"}})");
  EXPECT_FALSE(nlohmann::json::parse(HttpResponse::Error(404, "NOT_FOUND", "no").body)["error"].contains("field"));
}

TEST(HttpResponseTest, AMessageThatIsNotUtf8IsRepaired) {
  const auto body = nlohmann::json::parse(HttpResponse::Error(400, "BAD", "x\xff").body);
  EXPECT_EQ(body["error"]["message"], "x\xef\xbf\xbd");
}

TEST(HttpResponseTest, FromStatus) {
  const HttpResponse response = HttpResponse::FromStatus(absl::UnauthenticatedError("expired"));
  EXPECT_EQ(response.status, 401);
  EXPECT_EQ(response.body, R"({"error":{"code":"UNAUTHENTICATED","message":"expired"}})");
  EXPECT_EQ(HttpResponse::FromStatus(absl::ResourceExhaustedError("")).status, 429);
  EXPECT_EQ(HttpResponse::FromStatus(absl::DataLossError("")).status, 500);
  EXPECT_EQ(HttpResponse::FromStatus(absl::FailedPreconditionError("")).status, 409) << "as over every other way";
}

TEST(FormatResponseTest, AValueCannotAddAHeader) {
  HttpResponse response = HttpResponse::Json(200, "{}");
  response.headers = {{"X-Good", "1"}, {"X-Bad", "1\r\nSet-Cookie: a=b"}};
  const std::string text = FormatResponse(response, {});
  EXPECT_NE(text.find("X-Good: 1\r\n"), std::string::npos);
  EXPECT_EQ(text.find("Set-Cookie"), std::string::npos);
}

TEST(FormatResponseTest, NoContentHasNoLength) {
  const std::string text = FormatResponse({.status = 204, .body = "ignored"}, {.keep_alive = false});
  EXPECT_EQ(text.find("Content-Length"), std::string::npos);
  EXPECT_TRUE(text.ends_with("\r\n\r\n"));
  EXPECT_NE(text.find("Connection: close\r\n"), std::string::npos);
}

}  // namespace
}  // namespace meridian
