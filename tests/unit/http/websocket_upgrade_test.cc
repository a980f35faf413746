#include "libs/http/websocket_upgrade.h"

#include <gtest/gtest.h>

namespace meridian {
namespace {

class UpgradeTest : public ::testing::Test {
 protected:
  HttpRequest request_{.method = "GET",
                       .path = "/ws",
                       .headers = {{"Host", "chat.example:8080"},
                                   {"Connection", "keep-alive, Upgrade"},
                                   {"Upgrade", "WebSocket"},
                                   {"Sec-WebSocket-Version", "13"},
                                   {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="},
                                   {"Sec-WebSocket-Protocol", "bearer.a.b.c, other, two, one"}}};
  WebSocketRoute route_{.path = "/ws", .subprotocols = {"one", "two"}};
  std::vector<std::string> offered_;
  std::string subprotocol_;

  void Set(std::string_view name, std::string value) {
    for (auto& [key, held] : request_.headers) {
      if (key == name) {
        held = std::move(value);
        return;
      }
    }
    request_.headers.emplace_back(name, std::move(value));
  }

  // 0: it may become a WebSocket.
  int Check() {
    const auto refusal = CheckUpgrade(request_, route_, &offered_, &subprotocol_);
    return refusal ? refusal->status : 0;
  }
};

TEST_F(UpgradeTest, SelectsTheFirstOfferedThatIsSpoken) {
  EXPECT_TRUE(AsksForWebSocket(request_));
  EXPECT_EQ(Check(), 0);
  EXPECT_EQ(subprotocol_, "two");
  EXPECT_EQ(offered_, (std::vector<std::string>{"bearer.a.b.c", "other", "two", "one"}));
  EXPECT_EQ(BearerTokenOf(request_, offered_), "a.b.c");
}

TEST_F(UpgradeTest, SubprotocolsMayStandInSeveralHeaders) {
  Set("Sec-WebSocket-Protocol", "bearer.t");
  request_.headers.emplace_back("sec-websocket-protocol", " one ");
  EXPECT_EQ(Check(), 0);
  EXPECT_EQ(subprotocol_, "one");
}

TEST_F(UpgradeTest, TheTokenMayComeInAHeader) {
  Set("Authorization", "Bearer x.y.z");
  EXPECT_EQ(BearerTokenOf(request_, {"one"}), "x.y.z");
  EXPECT_EQ(BearerTokenOf(request_, {"bearer.t", "one"}), "t");
  EXPECT_EQ(BearerTokenOf(request_, {"bearer."}), "x.y.z");
  EXPECT_EQ(BearerTokenOf(HttpRequest{}, {"one"}), std::nullopt);
}

TEST_F(UpgradeTest, ABearerAloneSelectsNothing) {
  Set("Sec-WebSocket-Protocol", "bearer.a.b.c");
  EXPECT_EQ(Check(), 400);
  EXPECT_EQ(subprotocol_, "");
}

TEST_F(UpgradeTest, RefusesWhatIsNoGoodUpgrade) {
  const std::tuple<std::string, std::string, int> kCases[] = {
      {"Sec-WebSocket-Version", "8", 426},
      {"Sec-WebSocket-Version", "", 426},
      {"Sec-WebSocket-Key", "short", 400},
      {"Sec-WebSocket-Key", "", 400},
      {"Sec-WebSocket-Protocol", "three", 400},
      {"Sec-WebSocket-Protocol", ", ,", 400},
      {"Sec-WebSocket-Protocol", "", 400},
      {"Origin", "http://evil.example", 403},
      {"Origin", "null", 403},
  };
  const HttpRequest good = request_;
  for (const auto& [name, value, status] : kCases) {
    request_ = good;
    Set(name, value);
    EXPECT_EQ(Check(), status) << name << ": " << value;
  }
  request_ = good;
  request_.method = "POST";
  EXPECT_EQ(Check(), 405);
}

TEST_F(UpgradeTest, AnOriginIsAskedAbout) {
  Set("Origin", "https://chat.example:8080");
  EXPECT_EQ(Check(), 0);
  Set("Origin", "https://shop.example");
  EXPECT_EQ(Check(), 403);
  route_.origin_allowed = [](std::string_view origin) { return origin == "https://shop.example"; };
  EXPECT_EQ(Check(), 0);
  Set("Origin", "https://chat.example:8080");
  EXPECT_EQ(Check(), 403);
}

TEST_F(UpgradeTest, SeveralOriginsAreNone) {
  Set("Origin", "https://chat.example:8080");
  request_.headers.emplace_back("origin", "https://evil.example");
  EXPECT_EQ(Check(), 403);
  route_.origin_allowed = [](std::string_view) { return true; };
  EXPECT_EQ(Check(), 403);
}

TEST_F(UpgradeTest, OtherRequestsDoNotAsk) {
  Set("Upgrade", "h2c");
  EXPECT_FALSE(AsksForWebSocket(request_));
  Set("Upgrade", "websocket");
  Set("Connection", "keep-alive");
  EXPECT_FALSE(AsksForWebSocket(request_));
}

}  // namespace
}  // namespace meridian
