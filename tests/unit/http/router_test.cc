#include "libs/http/router.h"

#include <gtest/gtest.h>

namespace meridian {
namespace {

class RouterTest : public ::testing::Test {
 protected:
  HttpResponse Ask(std::string method, std::string path) {
    std::vector<HttpResponse> answers;
    router_.Dispatch({.method = std::move(method), .path = std::move(path)},
                     HttpResponder([&](HttpResponse response) { answers.push_back(std::move(response)); }));
    EXPECT_EQ(answers.size(), 1u);
    return answers.empty() ? HttpResponse{.status = 0} : answers[0];
  }

  void Answer(std::string_view method, std::string_view path, std::string body) {
    router_.Handle(method, path, [body = std::move(body)](const HttpRequest&, HttpResponder responder) {
      responder.Respond(HttpResponse::Text(200, "text/plain", body));
    });
  }

  HttpRouter router_;
};

TEST_F(RouterTest, ExactPathAndMethod) {
  Answer("GET", "/v1/things", "get");
  Answer("POST", "/v1/things", "post");
  EXPECT_EQ(Ask("GET", "/v1/things").body, "get");
  EXPECT_EQ(Ask("POST", "/v1/things").body, "post");
  EXPECT_EQ(Ask("GET", "/v1/things/").status, 404);
  EXPECT_EQ(Ask("GET", "/v1/thing").status, 404);
}

TEST_F(RouterTest, AnotherMethodIsToldWhatIsAllowed) {
  Answer("GET", "/a", "");
  Answer("POST", "/a", "");
  const HttpResponse response = Ask("DELETE", "/a");
  EXPECT_EQ(response.status, 405);
  EXPECT_EQ(response.headers, (HttpHeaders{{"Allow", "GET, POST"}}));
}

TEST_F(RouterTest, FilesUnderTheLongestPrefix) {
  StaticFiles pages, agent;
  pages.Add("index.html", "home");
  pages.Add("agent/old.js", "old");
  agent.Add("index.html", "agent");
  router_.ServeFiles("/", std::move(pages));
  router_.ServeFiles("/agent/", std::move(agent));
  EXPECT_EQ(Ask("GET", "/").body, "home");
  EXPECT_EQ(Ask("GET", "/agent/").body, "agent");
  EXPECT_EQ(Ask("GET", "/agent/old.js").body, "old");
  EXPECT_EQ(Ask("POST", "/").status, 404);
}

TEST_F(RouterTest, AHandlerGoesBeforeAFile) {
  StaticFiles files;
  files.Add("metrics", "file");
  router_.ServeFiles("/", std::move(files));
  Answer("GET", "/metrics", "handler");
  EXPECT_EQ(Ask("GET", "/metrics").body, "handler");
}

TEST_F(RouterTest, AWebSocketAskedWithoutUpgrade) {
  router_.HandleWebSocket({.path = "/ws"});
  EXPECT_EQ(Ask("GET", "/ws").status, 426);
  EXPECT_NE(router_.FindWebSocket("/ws"), nullptr);
  EXPECT_EQ(router_.FindWebSocket("/"), nullptr);
}

TEST_F(RouterTest, ADroppedResponderAnswers500) {
  router_.Handle("GET", "/drop", [](const HttpRequest&, HttpResponder) {});
  EXPECT_EQ(Ask("GET", "/drop").status, 500);
}

TEST_F(RouterTest, AMovedResponderAnswersOnce) {
  std::optional<HttpResponder> kept;
  router_.Handle("GET", "/later", [&](const HttpRequest&, HttpResponder responder) { kept = std::move(responder); });
  int answers = 0;
  router_.Dispatch({.method = "GET", .path = "/later"}, HttpResponder([&](HttpResponse) { ++answers; }));
  EXPECT_EQ(answers, 0);
  kept->Respond({});
  kept.reset();
  EXPECT_EQ(answers, 1);
}

TEST_F(RouterTest, TwoHandlersForOnePathStopTheProcess) {
  Answer("GET", "/a", "");
  EXPECT_DEATH(Answer("GET", "/a", ""), "added");
}

}  // namespace
}  // namespace meridian
